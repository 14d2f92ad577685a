"""Lifted landmarks drawn: on the picture with their covariances, and the same points from other sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.lifting.lifter import LiftedFace

_PANEL_PX, _MARGIN_M = 300, 0.11
_TURNS_RAD = (0.0, np.radians(45), np.radians(90))
_GREEN, _ORANGE, _GREY = (40, 220, 90), (255, 150, 30), (150, 150, 150)
_LARGEST_SIDE = 1200


def draw_lifted(
    image: UInt8[np.ndarray, "height width 3"], faces: Sequence[LiftedFace]
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with landmarks and ellipses of one deviation; below, each face's points from the front,
    half from its side and from its side."""
    import cv2

    scale = _LARGEST_SIDE / max(image.shape[:2])
    if scale > 1:  # a small picture is made as wide as what is below it
        scale = min(scale, max(1.0, len(_TURNS_RAD) * _PANEL_PX / image.shape[1]))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=how) if scale != 1 else image.copy()
    shown = np.ascontiguousarray(shown, np.uint8)
    radius = max(1, round(max(shown.shape[:2]) / 400))
    for face in faces:
        for point, covariance in zip(face.points_px, face.covariance_px, strict=True):
            place = tuple(float(value) for value in (point + 0.5) * scale - 0.5)
            values, vectors = np.linalg.eigh(covariance * scale**2)
            axes = tuple(float(2 * value) for value in np.sqrt(np.maximum(values[::-1], 0.01)))
            angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
            cv2.ellipse(shown, (place, axes, angle), _ORANGE, 1, cv2.LINE_AA)
            cv2.circle(shown, (round(place[0]), round(place[1])), radius, _GREEN, -1, cv2.LINE_AA)
    rows = [np.hstack([_panel(face.points_m, turn) for turn in _TURNS_RAD]) for face in faces[:4]]
    below = np.vstack(rows) if rows else np.zeros((0, 3, 3), np.uint8)
    width = max(shown.shape[1], below.shape[1])
    return np.vstack([_padded(shown, width), _padded(below, width)])


def _panel(points_m: Float[np.ndarray, "landmarks 3"], turn_rad: float) -> np.ndarray:
    """The points in front of white, turned about the vertical; nearer ones are darker."""
    import cv2

    panel = np.full((_PANEL_PX, _PANEL_PX, 3), 255, np.uint8)
    turned = (points_m - points_m.mean(axis=0)) @ matrix_from_rotation_vector(np.array([0, -turn_rad, 0.0])).T
    unit = _PANEL_PX / 2 / _MARGIN_M
    depth = turned[:, 2]
    near = (depth - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    for index in np.argsort(depth):
        x, y = _PANEL_PX / 2 + unit * turned[index, 0], _PANEL_PX / 2 - unit * turned[index, 1]
        color = tuple(
            float(v) for v in (1 - near[index]) * np.array(_GREY) + near[index] * np.array([20, 60, 160])
        )
        cv2.circle(panel, (round(x), round(y)), 3, color, -1, cv2.LINE_AA)
    return panel


def _padded(picture: np.ndarray, width: int) -> np.ndarray:
    return np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=255)
