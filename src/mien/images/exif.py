"""What EXIF data say of a picture's camera, and when they are not to be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

FULL_FRAME_DIAGONAL_MM = math.hypot(36.0, 24.0)

LEAST_FOCAL, LARGEST_FOCAL = 0.2, 20.0
"""Focal lengths over the diagonal that lenses have: from a fish eye of 136° to a long telephoto of 3°."""

_ORIENTATION, _EXIF_FOLDER, _FOCAL_LENGTH, _FOCAL_LENGTH_35MM = 0x0112, 0x8769, 0x920A, 0xA405
_FOCAL_PLANE_X_RESOLUTION, _FOCAL_PLANE_UNIT = 0xA20E, 0xA210
_PIXELS_X, _PIXELS_Y = 0xA002, 0xA003
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0}


@dataclass(frozen=True)
class FocalLengths:
    """What a picture's focal length may be, in its own pixels.

    Attributes:
        whole_px: if the picture is all that its EXIF data are about, perhaps scaled; None where unknown.
        part_px: if it was cut out of that without scaling; None where its size says that nothing was cut.
        uncut: its EXIF data state its shape: nothing was cut.
    """

    whole_px: float | None = None
    part_px: float | None = None
    uncut: bool = False


def orientation_of(picture: Image.Image) -> int:
    """EXIF's orientation, 1 … 8; 1 where there is none or another number."""
    value = picture.getexif().get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def focal_lengths_of(picture: Image.Image) -> FocalLengths:
    """Focal lengths from the 35 mm equivalent, else from the sensor's pitch.

    EXIF data are kept by programs that cut and scale, and so is the size that they were written for. A
    picture of that shape was scaled or cut, one of another shape was cut.
    """
    exif = picture.getexif().get_ifd(_EXIF_FOLDER)
    diagonal_px = math.hypot(picture.width, picture.height)
    stated = _stated_size_px(exif)
    original_px = diagonal_px if stated is None else math.hypot(*stated)
    equivalent_mm = _positive(exif.get(_FOCAL_LENGTH_35MM))
    if equivalent_mm is not None:
        over_diagonal = equivalent_mm / FULL_FRAME_DIAGONAL_MM
    else:
        pitch_px = _px_by_pitch(exif)
        # The resolution is that of the sensor, whatever became of its picture.
        over_diagonal = 0.0 if pitch_px is None else pitch_px / original_px
    if not LEAST_FOCAL < over_diagonal < LARGEST_FOCAL:
        return FocalLengths()
    if stated is None or _alike(sorted(stated), sorted(picture.size), within=0.005):
        return FocalLengths(over_diagonal * diagonal_px, uncut=stated is not None)
    part_px = over_diagonal * original_px if original_px > diagonal_px else None
    shape = max(stated) / min(stated), max(picture.size) / max(min(picture.size), 1)
    scaled = abs(math.log(shape[0] / shape[1])) < 0.02
    return FocalLengths(over_diagonal * diagonal_px if scaled else None, part_px)


def _stated_size_px(exif: dict[int, object]) -> tuple[float, float] | None:
    sides = _positive(exif.get(_PIXELS_X)), _positive(exif.get(_PIXELS_Y))
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def _alike(one: list[float], other: list[int], *, within: float) -> bool:
    return all(abs(a - b) <= max(within * b, 1.0) for a, b in zip(one, other, strict=True))


def _px_by_pitch(exif: dict[int, object]) -> float | None:
    length_mm = _positive(exif.get(_FOCAL_LENGTH))
    resolution = _positive(exif.get(_FOCAL_PLANE_X_RESOLUTION))
    unit_mm = _MM_PER_UNIT.get(int(_positive(exif.get(_FOCAL_PLANE_UNIT)) or 2))
    if length_mm is None or resolution is None or unit_mm is None:
        return None
    return length_mm * resolution / unit_mm


def _positive(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None
