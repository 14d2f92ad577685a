"""The pictures of a look, encoded as files carry them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.heads.look import HeadLook
from mien.images.writing import jpeg_bytes, png_bytes

_JPEG_QUALITY = 92
_NORMALS_QUALITY = 95  # errors in a normal map are seen as bumps


@dataclass(frozen=True)
class LookFiles:
    """Bytes of the pictures: cards as PNG, the others as JPEG; None for what the look does not have."""

    base_color: bytes
    roughness: bytes | None
    normals: bytes | None
    cards: bytes | None


@lru_cache(maxsize=2)  # a person has several files
def look_files(look: HeadLook) -> LookFiles:
    """Encode a look."""
    return LookFiles(
        base_color=jpeg_bytes(look.base_color, quality=_JPEG_QUALITY),
        # glTF reads green (roughness) and blue (metal); three equal channels need no colour in the JPEG, and
        # a metallic factor of 0 silences the blue one
        roughness=None if look.roughness is None else _grey_jpeg(*_plain(look.roughness)),
        normals=None if look.normals is None else _normals_jpeg(*_plain(look.normals)),
        cards=None if look.cards is None else _png(*_plain(look.cards)),
    )


# Only the base colour is a person's own: what all looks share is encoded once, told by its content.


@lru_cache(maxsize=2)
def _grey_jpeg(data: bytes, shape: tuple[int, ...]) -> bytes:
    return jpeg_bytes(np.repeat(_picture(data, shape)[..., None], 3, axis=2), quality=_JPEG_QUALITY)


@lru_cache(maxsize=2)
def _normals_jpeg(data: bytes, shape: tuple[int, ...]) -> bytes:
    return jpeg_bytes(_picture(data, shape), quality=_NORMALS_QUALITY)


@lru_cache(maxsize=2)
def _png(data: bytes, shape: tuple[int, ...]) -> bytes:
    return png_bytes(_picture(data, shape))


def _plain(image: np.ndarray) -> tuple[bytes, tuple[int, ...]]:
    return image.tobytes(), image.shape


def _picture(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(shape)
