"""Which pictures of a video are worth training on: sharp ones, from all the sides that it shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from mien.landmarks.types import Landmarks2D

BLURRED = 0.35
"""A picture with less sharpness than this share of its neighbours' is not taken."""


def sharpness(image: UInt8[np.ndarray, "height width 3"], face: Landmarks2D | None) -> float:
    """Variance of the Laplacian in the face (in all of the picture without one), over that of its
    brightness."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if face is not None and np.isfinite(face.points_px).any():
        low = np.clip(np.nanmin(face.points_px, axis=0), 0, None).astype(int)
        high = np.nanmax(face.points_px, axis=0).astype(int) + 1
        part = grey[low[1] : high[1], low[0] : high[0]]
        grey = part if min(part.shape) >= 8 else grey
    return float(cv2.Laplacian(grey, cv2.CV_32F).var() / max(float(grey.var()), 1.0))


def choose_key_frames(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]], faces: Sequence[Landmarks2D | None], *, most: int
) -> list[int]:
    """At most so many pictures that show the face: the sharpest of each stretch of the way around it.

    Stretches are equal parts of how far the face's landmarks move, once its place and size in the picture are
    taken out.
    """
    seen = [index for index, face in enumerate(faces) if face is not None]
    if not seen:
        return []
    shapes, last = [], None
    for index in seen:
        points = np.nan_to_num(faces[index].points_px)  # type: ignore[union-attr]
        centred = points - points.mean(axis=0)
        shapes.append(centred / max(float(np.linalg.norm(centred)), 1e-9))
    moved = np.zeros(len(seen))
    for number, shape in enumerate(shapes):
        if last is not None:
            moved[number] = np.linalg.norm(shape - last)
        last = shape
    way = np.cumsum(moved)
    sharp = np.array([sharpness(images[index], faces[index]) for index in seen])
    if len(seen) > most:
        stretch = np.minimum((way / max(way[-1], 1e-9) * most).astype(int), most - 1)
        best = [np.flatnonzero(stretch == number) for number in range(most)]
        places = sorted(int(one[sharp[one].argmax()]) for one in best if len(one))
    else:
        places = list(range(len(seen)))
    floor = BLURRED * float(np.median(sharp[places]))
    return [seen[place] for place in places if sharp[place] >= floor]
