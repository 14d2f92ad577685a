"""Pictures as they are stored: without EXIF orientation, because their cameras belong to the stored pixels,
and depths with every bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Num, UInt8

from mien.errors import InputError
from mien.images.photo import opened_picture, rgb_pixels

if TYPE_CHECKING:
    from PIL import Image

_STRIP_PIXELS = 1_000_000


def picture_size_px(path: str | Path) -> tuple[int, int]:
    """Width and height of a picture, from its header alone.

    Raises:
        InputError: the file is missing or not a picture.
    """
    with opened_picture(Path(path)) as opened:
        return opened.width, opened.height


def read_rgba(path: str | Path) -> UInt8[np.ndarray, "height width 4"]:
    """A picture with its alpha; 255 everywhere where it has none.

    Raises:
        InputError: the file is missing, is not a picture, or is damaged.
    """
    with opened_picture(Path(path)) as opened:
        if opened.mode.startswith("I") or opened.mode == "F":  # Pillow's own conversion would clip them
            image = rgb_pixels(opened)
            return np.concatenate([image, np.full((*image.shape[:2], 1), 255, np.uint8)], axis=2)
        return _converted(opened, "RGBA", 4)


def read_grey(path: str | Path) -> UInt8[np.ndarray, "height width"]:
    """A picture's brightness, for masks.

    Raises:
        InputError: the file is missing, is not a picture, or is damaged.
    """
    with opened_picture(Path(path)) as opened:
        return _converted(opened, "L", 1)[..., 0]


def _converted(opened: Image.Image, mode: str, channels: int) -> UInt8[np.ndarray, "height width channels"]:
    """In strips, so that a large picture is in memory once and a half and not four times."""
    opened.load()
    width, height = opened.size
    pixels = np.empty((height, width, channels), np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = opened.crop((0, top, width, min(top + rows, height))).convert(mode)
        pixels[top : top + rows] = np.asarray(strip).reshape(-1, width, channels)
    return pixels


def read_values(path: str | Path) -> Num[np.ndarray, "height width"]:
    """The numbers of a picture of one channel, 8, 16 or 32 bits, for depths.

    Raises:
        InputError: the file is missing, is not a picture, is damaged, or has several channels.
    """
    with opened_picture(Path(path)) as opened:
        values = np.array(opened)
    if values.ndim != 2:
        raise InputError("is not a depth picture (one channel)", source=path)
    return values
