"""Why a picture shows no face, as far as one can see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import UInt8

SMALLEST_FACE_PX = 40
"""Smaller faces are not found."""

_BLACK, _DARK, _PLAIN, _BLURRED = 8.0, 48.0, 6.0, 1.5
_LARGEST_ENLARGED_PX = 1600

Finder = Callable[[np.ndarray], Sequence[object]]


def why_no_face(
    image: UInt8[np.ndarray, "height width 3"], finder: Finder | None = None, *, upright_only: bool = False
) -> str:
    """What is wrong with a picture in which no face was found, and what to do, in a sentence.

    Args:
        image: (H, W, 3) RGB.
        finder: what looks for faces, to try the picture enlarged; None: do not try.
        upright_only: that finder sees upright faces alone, so try the picture turned too.
    """
    height_px, width_px = image.shape[:2]
    if min(height_px, width_px) < SMALLEST_FACE_PX:
        return (
            f"the picture is only {width_px} × {height_px} pixels, and a face must be {SMALLEST_FACE_PX} "
            "pixels or larger; use a larger picture"
        )
    plain = _why_plain(image)
    if plain is not None:
        return plain
    if finder is not None:
        turned = _how_turned(image, finder) if upright_only else None
        if turned is not None:
            return f"a face {turned}; turn the picture upright (faces are found up to about 40° aside)"
        if max(height_px, width_px) <= _LARGEST_ENLARGED_PX and finder(_enlarged(image)):
            return (
                f"there is a face, but a tiny one: it must be {SMALLEST_FACE_PX} pixels or larger; use a "
                "larger picture, or crop it around the face and enlarge it"
            )
    if _is_blurred(image):
        return "the picture is blurred; use a sharper one"
    return (
        f"faces must be {SMALLEST_FACE_PX} pixels or larger and not hidden; try a larger or "
        "better lit picture, or crop it around the face"
    )


def _why_plain(image: np.ndarray) -> str | None:
    grey = image.mean(axis=2)
    low, high = np.percentile(grey, [1, 99])
    if high < _BLACK:
        return "the picture is black; was the lens covered?"
    if high - low < _PLAIN:
        return "the picture is all of one colour; is it the right file?"
    if high < _DARK:
        return "the picture is too dark to see a face; brighten it"
    return None


def _how_turned(image: np.ndarray, finder: Finder) -> str | None:
    for quarters, what in ((1, "clockwise"), (3, "counter-clockwise"), (2, "")):
        if finder(np.ascontiguousarray(np.rot90(image, quarters))):
            return "stands upside down" if quarters == 2 else f"is turned by 90° {what}"
    return None


def _enlarged(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)


def _is_blurred(image: np.ndarray) -> bool:
    """Whether neighbouring pixels hardly differ, seen at a common size."""
    import cv2

    scale = 512 / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.percentile(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), 95)) < _BLURRED * 2
