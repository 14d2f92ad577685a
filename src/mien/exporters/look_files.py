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


@lru_cache(maxsize=2)  # a look has many people's heads, or a person's many files
def look_files(look: HeadLook) -> LookFiles:
    """Encode a look."""
    roughness, normals, cards = look.roughness, look.normals, look.cards
    return LookFiles(
        base_color=_jpeg(look.base_color, _JPEG_QUALITY),
        # glTF reads green (roughness) and blue (metal); three equal channels need no colour in the JPEG, and
        # a metallic factor of 0 silences the blue one
        roughness=None if roughness is None else _jpeg(np.repeat(roughness[..., None], 3, 2), _JPEG_QUALITY),
        normals=None if normals is None else _jpeg(normals, _NORMALS_QUALITY),
        cards=None if cards is None else _png(cards),
    )


def _jpeg(image: np.ndarray, quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    # colour at full resolution: halved, it bleeds over the edges of the texture's islands
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def _png(image: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
