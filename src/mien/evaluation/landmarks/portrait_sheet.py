"""A contact sheet of portraits with hand-placed and found points, for the eye."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from mien.evaluation.landmarks.portrait_pictures import FoundPoints, Portraits

_LABEL, _FOUND, _DENSE = (255, 60, 60), (60, 255, 90), (120, 200, 255)
_MARGIN = 0.25
_SUBPIXELS = 16


def draw_portraits(
    portraits: Portraits, found: FoundPoints, *, count: int = 12, cell_px: int = 480
) -> UInt8[np.ndarray, "height width 3"]:
    """Evenly chosen faces with all landmarks (blue), the measured ones (green) and the hand-placed (red)."""
    from mien.drawing.sheets import contact_sheet
    from mien.images.photo import read_image

    chosen = np.unique(np.linspace(0, len(portraits.pictures) - 1, count).round().astype(int)).tolist()
    cells = []
    for index in chosen:
        true_px = np.concatenate([portraits.points_px[index], portraits.pupils_px[index]])
        shown_px = np.concatenate([found.points_px[index], found.pupils_px[index]])
        groups = ((found.all_px[index], _DENSE, 1), (true_px, _LABEL, 2), (shown_px, _FOUND, 2))
        cells.append(_cell(read_image(portraits.pictures[index]), true_px, groups, cell_px))
    captions = [portraits.pictures[index].stem for index in chosen]
    return contact_sheet(cells, columns=min(4, len(cells)), captions=captions, cell_px=cell_px)


def _cell(
    image: np.ndarray,
    around_px: np.ndarray,
    groups: tuple[tuple[np.ndarray, tuple[int, int, int], int], ...],
    cell_px: int,
) -> np.ndarray:
    """The square around some points, enlarged, with dots."""
    import cv2

    low, high = around_px.min(axis=0), around_px.max(axis=0)
    side = float((high - low).max()) * (1 + 2 * _MARGIN)
    scale, corner = cell_px / side, (low + high) / 2 - side / 2
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    cell = np.ascontiguousarray(cv2.warpAffine(image, matrix, (cell_px, cell_px), flags=cv2.INTER_AREA))
    for points_px, color, radius in groups:
        there = (points_px[np.isfinite(points_px).all(axis=1)] - corner) * scale * _SUBPIXELS
        for x, y in np.clip(np.rint(there), -9999, 99999).astype(int).tolist():
            cv2.circle(cell, (x, y), radius * _SUBPIXELS, color, -1, cv2.LINE_AA, shift=4)
    return cell
