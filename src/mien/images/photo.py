"""Reading photographs of every common kind into RGB uint8, upright."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError, MienError
from mien.images.limits import check_pixel_count, picture_formats, too_many_pixels
from mien.reading.regular_files import check_regular

if TYPE_CHECKING:
    from PIL import Image

FULL_FRAME_DIAGONAL_MM = math.hypot(36.0, 24.0)

_VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mts")
"""What people give by mistake: the message then names what reads it."""

_EXIF_FOLDER, _FOCAL_LENGTH, _FOCAL_LENGTH_35MM = 0x8769, 0x920A, 0xA405
_FOCAL_PLANE_X_RESOLUTION, _FOCAL_PLANE_UNIT = 0xA20E, 0xA210
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0}


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture with what its file says about the camera.

    Attributes:
        image: (H, W, 3) RGB, upright.
        focal_px: focal length in pixels of `image`, from EXIF; None where the file does not say.
        source: where it came from.
    """

    image: UInt8[np.ndarray, "height width 3"]
    focal_px: float | None
    source: Path


def read_image(path: str | Path) -> UInt8[np.ndarray, "height width 3"]:
    """Read a picture as RGB with its EXIF orientation applied: (H, W, 3) uint8.

    Grey pictures become three equal channels, transparent ones are laid over white, 16-bit ones keep their
    high byte, palettes and CMYK are converted. Of an animation the first picture is taken.

    Args:
        path: a JPEG, PNG, WebP, TIFF, BMP or GIF.

    Raises:
        InputError: the file is missing, is not a picture, is damaged, or is too large.
    """
    return read_photo(path).image


def read_photo(path: str | Path) -> Photo:
    """Read a picture as `read_image` does, with the focal length that its EXIF data give.

    Args:
        path: as for `read_image`.

    Raises:
        InputError: as `read_image`.
    """
    from PIL import ImageOps

    path = Path(path)
    with opened_picture(path) as opened:
        opened.load()
        focal_px = _focal_px(opened)
        image = _as_rgb(ImageOps.exif_transpose(opened))
    return Photo(image=image, focal_px=focal_px, source=path)


@contextmanager
def opened_picture(path: Path) -> Iterator[Image.Image]:
    """A picture whose header is read. Whatever goes wrong inside is an error that names the file.

    Raises:
        InputError: the file is missing, is not a picture, is damaged, or is too large.
    """
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd EXIF data and of large pictures
            with Image.open(path, formats=picture_formats()) as opened:
                check_pixel_count(opened.width, opened.height, file_bytes=path.stat().st_size, source=path)
                yield opened
    except UnidentifiedImageError as error:
        raise InputError(
            "is a video; follow the heads in it with `mien track` (mien.track_video)"
            if path.suffix.lower() in _VIDEO_SUFFIXES
            else "is not a picture that can be read; give a JPEG, PNG, WebP, TIFF, BMP or GIF",
            source=path,
        ) from error
    except Image.DecompressionBombError as error:
        # Pillow says how many in words alone.
        count = re.search(r"\d+", str(error))
        raise too_many_pixels(int(count.group()) if count else None, source=path) from error
    except MienError:
        raise
    except Exception as error:  # Pillow reports damage with whatever its decoder ran into
        raise InputError(
            f"is damaged or incomplete ({error}); copy or download it again", source=path
        ) from error


def check_file(path: Path) -> None:
    """Complain about a file that cannot be opened, before anybody tries to understand it.

    Raises:
        InputError: it is missing, a folder, empty, or may not be read.
    """
    try:
        if path.is_dir():
            raise InputError("is a folder; name the pictures in it", source=path)
        if check_regular(path, missing="does not exist; check the spelling and the folder") == 0:
            raise InputError("is empty (0 bytes); copy or download it again", source=path)
        with path.open("rb"):
            pass
    except ValueError as error:
        raise InputError("is no name that a file can have", source=path) from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(f"cannot be opened ({reason})", source=path) from error


def _as_rgb(picture: Image.Image) -> np.ndarray:
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        return _from_deep_grey(np.asarray(picture))
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, picture)
    return np.array(picture.convert("RGB"))  # a copy, so that the caller may write to it


def _from_deep_grey(values: np.ndarray) -> np.ndarray:
    """16- and 32-bit grey to 8 bits: Pillow's own conversion would clip everything above 255 to white."""
    deep = np.nan_to_num(values.astype(np.float64))
    top = deep.max(initial=0.0)
    if values.dtype.kind == "f" and top <= 1.0:
        deep = deep * 255.0
    elif top > 255:
        deep = deep / (257.0 if top <= 65535 else top / 255.0)
    grey = np.clip(np.rint(deep), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _focal_px(picture: Image.Image) -> float | None:
    """Focal length in pixels from EXIF: the 35 mm equivalent, else from the sensor's pitch."""
    exif = picture.getexif().get_ifd(_EXIF_FOLDER)
    equivalent_mm = _positive(exif.get(_FOCAL_LENGTH_35MM))
    if equivalent_mm is not None:
        return equivalent_mm / FULL_FRAME_DIAGONAL_MM * math.hypot(picture.width, picture.height)
    length_mm = _positive(exif.get(_FOCAL_LENGTH))
    resolution = _positive(exif.get(_FOCAL_PLANE_X_RESOLUTION))
    unit_mm = _MM_PER_UNIT.get(int(_positive(exif.get(_FOCAL_PLANE_UNIT)) or 2))
    if length_mm is None or resolution is None or unit_mm is None:
        return None
    focal_px = length_mm * resolution / unit_mm
    # The resolution is of the sensor: a picture that was scaled afterwards gives nonsense, which is dropped.
    diagonal_px = math.hypot(picture.width, picture.height)
    return focal_px if 0.2 < focal_px / diagonal_px < 20 else None


def _positive(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number > 0 else None
