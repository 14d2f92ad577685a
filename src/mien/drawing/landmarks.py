"""Landmarks drawn onto a picture so that their uncertainty shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from mien.checked_calls import checked_call
from mien.drawing.viewport import Viewport
from mien.errors import LandmarkSetError
from mien.landmarks.types import Landmarks2D

IBUG_CONTOURS = (  # first and last index of each run, and whether it closes
    (0, 16, False), (17, 21, False), (22, 26, False), (27, 30, False), (31, 35, False), (36, 41, True),
    (42, 47, True), (48, 59, True), (60, 67, True),
)  # fmt: skip
"""Jaw, brows, nose, eyes, lips of the 68-point set as runs of indices."""

_SURE, _DOUBTFUL, _UNSURE = (70, 235, 110), (255, 205, 60), (255, 60, 50)
_SURE_SHARE, _UNSURE_SHARE = 0.008, 0.05  # of the face's size: at or below is green, at or above is red
_LARGEST_SIDE_PX = 2400
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel


@checked_call
def draw_landmarks(
    image: UInt8[np.ndarray, "height width 3"],
    landmarks: Landmarks2D | Sequence[Landmarks2D],
    *,
    min_face_px: float = 0.0,
) -> UInt8[np.ndarray, "out_height out_width 3"]:
    """The picture with every face's landmarks: sure points are small and green, unsure ones large, red, pale.

    The disc around an unsure point has its standard deviation as radius. Faces whose set contains the 68
    points also get their contours.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: of one face or several.
        min_face_px: enlarge the picture (up to 4 times, up to 2400 pixels) until the smallest face is this
            tall; 0 keeps its size.

    Returns:
        (H, W, 3) uint8, or larger: see `min_face_px`.
    """
    faces = [landmarks] if isinstance(landmarks, Landmarks2D) else list(landmarks)
    height_px, width_px = image.shape[:2]
    scale = 1.0
    if faces and min_face_px > 0:
        smallest = max(min(face_size_px(face.points_px) for face in faces), 1.0)
        limit = min(4.0, max(1.0, _LARGEST_SIDE_PX / max(height_px, width_px)))
        scale = float(np.clip(min_face_px / smallest, 1.0, limit))
    view = Viewport.whole(width_px, height_px, scale=scale)
    canvas = view.image(image)
    for face in faces:
        draw_landmarks_in_view(canvas, face, view)
    return canvas


def draw_landmarks_in_view(
    canvas: UInt8[np.ndarray, "height width 3"], landmarks: Landmarks2D, view: Viewport
) -> None:
    """Draw onto the window's pixels, in place."""
    import cv2

    usable = np.isfinite(landmarks.points_px).sum(axis=1) == 2
    if not usable.any():
        return
    points_px = view.points(landmarks.points_px)
    sigma_px = landmarks.sigma_px * float(np.mean(view.scale))
    size_px = face_size_px(points_px)
    # what is seen through is mixed within the face's box alone, which may be a small part of the picture
    reach_px = np.nan_to_num(sigma_px[:, None]) + 0.02 * size_px + 8
    corner_px = np.clip((points_px - reach_px)[usable].min(axis=0), 0, canvas.shape[1::-1]).astype(int)
    end_px = np.clip((points_px + reach_px)[usable].max(axis=0), 0, canvas.shape[1::-1]).astype(int)
    canvas = canvas[corner_px[1] : end_px[1], corner_px[0] : end_px[0]]
    if not canvas.size:
        return
    points_px = points_px - corner_px
    _draw_contours(canvas, landmarks, view, corner_px, size_px)
    doubt = np.clip((sigma_px / size_px - _SURE_SHARE) / (_UNSURE_SHARE - _SURE_SHARE), 0, 1)
    dot_px = float(np.clip(0.0045 * size_px, 0.9, 5.0))
    order = np.argsort(-np.nan_to_num(sigma_px))
    order = order[usable[order]]
    # plain numbers: OpenCV takes arrays apart one by one
    centres, colors = _fixed(points_px[order]).tolist(), _colors(doubt[order])

    sigma_px = sigma_px[order]
    radii = np.clip(_fixed(sigma_px), 1, 2**20).tolist()
    unsure = np.flatnonzero(np.isfinite(sigma_px) & (sigma_px > 1.5 * dot_px)).tolist()
    if unsure:
        pale = canvas.copy()
        for one in unsure:
            cv2.circle(pale, centres[one], radii[one], colors[one], -1, cv2.LINE_AA, _SHIFT)
        cv2.addWeighted(pale, 0.25, canvas, 0.75, 0, dst=canvas)
    radii = np.maximum(_fixed(dot_px * (1 - 0.4 * doubt[order])), 1).tolist()
    for centre, radius, color in zip(centres, radii, colors, strict=True):
        cv2.circle(canvas, centre, radius, color, -1, cv2.LINE_AA, _SHIFT)


def face_size_px(points_px: Float[np.ndarray, "n 2"]) -> float:
    """Height or width of the points' box, whichever is larger."""
    finite = points_px[np.isfinite(points_px).all(axis=1)]
    return max(float(np.ptp(finite, axis=0).max()), 1.0) if len(finite) else 1.0


def _draw_contours(
    canvas: np.ndarray, landmarks: Landmarks2D, view: Viewport, corner_px: np.ndarray, size_px: float
) -> None:
    import cv2

    try:
        points_px = view.points(landmarks.to("ibug68").points_px) - corner_px
    except LandmarkSetError:
        return
    lines = canvas.copy()
    for first, last, closed in IBUG_CONTOURS:
        run = points_px[first : last + 1]
        if np.isfinite(run).all():
            run = np.round(run * 2**_SHIFT).astype(np.int32)
            width = max(1, round(size_px / 250))
            cv2.polylines(lines, [run], closed, (235, 245, 255), width, cv2.LINE_AA, _SHIFT)
    cv2.addWeighted(lines, 0.6, canvas, 0.4, 0, dst=canvas)


def _fixed(values_px: np.ndarray) -> np.ndarray:
    """Pixels as OpenCV's fixed-point numbers, which wrap silently at 32 bits: far-off ones are clamped."""
    return np.clip(np.round(np.nan_to_num(values_px) * 2**_SHIFT), -(2**24), 2**24).astype(np.int32)


def _colors(doubt: np.ndarray) -> list[tuple[int, int, int]]:
    stops = np.array([_SURE, _DOUBTFUL, _UNSURE], float)
    channels = [np.interp(doubt, (0, 0.5, 1), stop) for stop in stops.T]
    return [(r, g, b) for r, g, b in np.round(np.column_stack(channels)).astype(int).tolist()]
