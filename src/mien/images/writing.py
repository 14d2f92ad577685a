"""Writing pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.files import atomic_path


def write_image(path: str | Path, image: UInt8[np.ndarray, "height width 3"]) -> Path:
    """Write a picture in the format of the suffix (.png, .jpg, .webp, …); it appears only when complete.

    Args:
        path: file to write; folders on the way are made.
        image: (H, W, 3) uint8 RGB.

    Returns:
        The path written.

    Raises:
        InputError: the suffix is unknown or the place cannot be written to.
    """
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() not in Image.registered_extensions():
        raise InputError(f"unknown picture format {path.suffix!r}; use .png or .jpg", source=path)
    with atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary)
    return path
