"""The pictures of a look, encoded as files carry them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.heads.look import HeadLook

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
        base_color=_jpeg(look.base_color, _JPEG_QUALITY),
        # glTF reads green (roughness) and blue (metal); three equal channels need no colour in the JPEG, and
        # a metallic factor of 0 silences the blue one
        roughness=None if look.roughness is None else _grey_jpeg(*_plain(look.roughness)),
        normals=None if look.normals is None else _normals_jpeg(*_plain(look.normals)),
        cards=None if look.cards is None else _png(*_plain(look.cards)),
    )


# Only the base colour is a person's own: what all looks share is encoded once, told by its content.


@lru_cache(maxsize=2)
def _grey_jpeg(data: bytes, shape: tuple[int, ...]) -> bytes:
    return _jpeg(np.repeat(_picture(data, shape)[..., None], 3, axis=2), _JPEG_QUALITY)


@lru_cache(maxsize=2)
def _normals_jpeg(data: bytes, shape: tuple[int, ...]) -> bytes:
    return _jpeg(_picture(data, shape), _NORMALS_QUALITY)


@lru_cache(maxsize=2)
def _png(data: bytes, shape: tuple[int, ...]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    # zlib's usual level takes three times as long and saves a twelfth
    Image.fromarray(_picture(data, shape)).save(file, "PNG", compress_level=3)
    return file.getvalue()


def _jpeg(image: np.ndarray, quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    # colour at full resolution: halved, it bleeds over the edges of the texture's islands
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def _plain(image: np.ndarray) -> tuple[bytes, tuple[int, ...]]:
    return image.tobytes(), image.shape


def _picture(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(shape)
