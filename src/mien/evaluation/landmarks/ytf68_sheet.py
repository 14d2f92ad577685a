"""A contact sheet of the YTF-68 benchmark, for the eye."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from mien.evaluation.landmarks.ytf68 import LabelledPicture, Ytf68Result
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D

_LABEL, _TRANSLATED, _DENSE = (255, 60, 60), (60, 255, 90), (120, 200, 255)


def draw_sheet(
    result: Ytf68Result, *, count: int = 12, worst: bool = False, cell_px: int = 384
) -> UInt8[np.ndarray, "height width 3"]:
    """Measured pictures with the dense points (blue), their translation (green) and the labels (red).

    Args:
        result: of `mien.evaluation.landmarks.ytf68.evaluate`.
        count: how many pictures.
        worst: those with the largest errors (not found first) instead of evenly chosen ones.
        cell_px: side of each picture on the sheet.
    """
    from mien.drawing.sheets import contact_sheet
    from mien.images.photo import read_image

    if worst:
        order = np.argsort(-np.where(np.isfinite(result.errors), result.errors, np.inf), kind="stable")
        chosen = order[:count]
    else:
        chosen = np.unique(np.linspace(0, len(result.pictures) - 1, count).round().astype(int))
    cells, captions = [], []
    for index in chosen.tolist():
        picture, error = result.pictures[index], result.errors[index]
        image = read_image(picture.path)
        cells.append(_cell(image, picture, result.found[index], result.translated_px[index], cell_px))
        said = "not found" if np.isnan(error) else f"{100 * error:.1f} %"
        captions.append(f"{picture.path.stem}  {said}")
    return contact_sheet(cells, columns=min(6, max(1, round(len(cells) ** 0.5 * 1.3))), captions=captions)


def _cell(
    image: np.ndarray,
    picture: LabelledPicture,
    face: Landmarks2D | None,
    translated_px: np.ndarray,
    cell_px: int,
) -> np.ndarray:
    """One face enlarged, with what was predicted and what was labelled."""
    import cv2

    region = region_from_points(picture.points_px, "ibug68").scaled(1.25)
    region = type(region)(region.center_px, region.side_px, 0.0)
    cell = region.crop(image, cell_px)
    groups = [(picture.points_px, _LABEL, 2)]
    if face is not None:
        groups = [(face.points_px, _DENSE, 1), *groups, (translated_px, _TRANSLATED, 2)]
    for points_px, color, radius in groups:
        for x, y in (
            np.clip(np.rint(region.to_crop(points_px, cell_px) * 16), -9999, 99999).astype(int).tolist()
        ):
            cv2.circle(cell, (x, y), radius * 16, color, -1, cv2.LINE_AA, shift=4)
    return cell
