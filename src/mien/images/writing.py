"""Writing pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8, UInt16

from mien.checked_calls import checked_call
from mien.errors import InputError, ShapeError
from mien.files import atomic_path

DEEP_FORMATS = (".png", ".tif", ".tiff")
"""Formats that hold 16 bits."""
ALPHA_FORMATS = (*DEEP_FORMATS, ".webp")


@checked_call
def write_image(
    path: str | Path, image: UInt8[np.ndarray, "height width *channels"] | UInt16[np.ndarray, "height width"]
) -> Path:
    """Write a picture in the format of the suffix (.png, .jpg, .webp, …); it appears only when complete.

    Args:
        path: file to write; folders on the way are made.
        image: (H, W, 3) uint8 RGB; or (H, W, 4) with alpha, (H, W) grey, or (H, W) uint16, for example depths
            in millimetres.

    Returns:
        The path written.

    Raises:
        InputError: the suffix is unknown, the format holds no such picture, or the place cannot be written
            to.
        ShapeError: the array is not a picture.
    """
    from PIL import Image

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in Image.registered_extensions():
        raise InputError(f"unknown picture format {path.suffix!r}; use .png or .jpg", source=path)
    expected = "(height, width), (…, 3) or (…, 4) of dtype uint8, or (height, width) of uint16"
    if image.dtype != np.uint8 and (image.dtype != np.uint16 or image.ndim != 2):
        raise ShapeError(f"picture of dtype {image.dtype}", expected=expected, actual=image.shape)
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] not in (3, 4)):
        raise ShapeError("picture", expected=expected, actual=image.shape)
    if image.dtype == np.uint16 and suffix not in DEEP_FORMATS:
        raise InputError(f"{suffix} cannot hold 16 bits; use .png", source=path)
    if image.shape[2:] == (4,) and suffix not in ALPHA_FORMATS:
        raise InputError(f"{suffix} cannot hold an alpha channel; use .png", source=path)
    with atomic_path(path) as temporary:
        # Little effort: PNG's usual one takes five times as long for a tenth of the size.
        options: dict[str, Any] = {"compress_level": 1} if suffix == ".png" else {}
        Image.fromarray(image).save(temporary, **options)
    return path


def jpeg_bytes(image: UInt8[np.ndarray, "height width 3"], *, quality: int) -> bytes:
    """A picture as JPEG, to be put into another file.

    Args:
        image: (H, W, 3) RGB.
        quality: 1 … 95.
    """
    from PIL import Image

    file = io.BytesIO()
    # colour at full resolution: halved, it bleeds over the edges of a texture's islands
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def png_bytes(image: UInt8[np.ndarray, "height width *channels"]) -> bytes:
    """A picture as PNG, to be put into another file; (H, W, 4) with alpha, (H, W, 3) RGB or (H, W) grey."""
    from PIL import Image

    file = io.BytesIO()
    # zlib's usual level takes three times as long and saves a twelfth
    Image.fromarray(image).save(file, "PNG", compress_level=3)
    return file.getvalue()


def write_gif(
    path: str | Path, frames: Sequence[UInt8[np.ndarray, "height width 3"]], *, frames_per_second: float
) -> Path:
    """Write an animation that repeats for ever; it appears only when complete.

    Args:
        path: a .gif.
        frames: (H, W, 3) uint8 RGB each.
        frames_per_second: above 0; viewers know hundredths of a second.

    Raises:
        InputError: the place cannot be written to.
    """
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary,
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / frames_per_second),
            loop=0,
        )
    return Path(path)
