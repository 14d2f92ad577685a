"""Pictures as they are stored: without EXIF orientation, because their cameras belong to the stored pixels,
and depths with every bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Num, UInt8

from mien.errors import InputError
from mien.images.photo import opened_picture


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
        return np.array(opened.convert("RGBA"))


def read_grey(path: str | Path) -> UInt8[np.ndarray, "height width"]:
    """A picture's brightness, for masks.

    Raises:
        InputError: the file is missing, is not a picture, or is damaged.
    """
    with opened_picture(Path(path)) as opened:
        return np.array(opened.convert("L"))


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
