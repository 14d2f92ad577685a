"""The picture of brow and lash cards in a person's colours."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.heads.model import Head
from mien.looks.albedo_model import AlbedoModel
from mien.looks.colors import srgb_from_linear
from mien.looks.hair import HairColor

LASHES = np.array([0.012, 0.009, 0.008])
"""Linear; lashes are dark in nearly everybody."""


def card_picture(
    head: Head, model: AlbedoModel, hair: HairColor, *, brows: bool
) -> UInt8[np.ndarray, "height width 4"] | None:
    """(h, w, 4) sRGB and coverage, or None for heads without cards.

    Args:
        brows: draw the brows' hairs; not where the skin's texture shows them already.
    """
    if model.card_picture is None:
        return None
    shade, coverage = model.card_picture[..., 0] / 128.0, model.card_picture[..., 1]
    own = _rows_of(head, "brows", len(shade))
    color = np.where(own[:, None], hair.brows, LASHES)  # (h, 3)
    picture = np.empty((*shade.shape, 4), np.uint8)
    picture[..., :3] = srgb_from_linear((color[:, None] * shade[..., None]).astype(np.float32))
    picture[..., 3] = coverage if brows else np.where(own[:, None], 0, coverage)
    return picture


def _rows_of(head: Head, part: str, height: int) -> np.ndarray:
    """(h,) whether a row of the cards' picture shows that part."""
    rows = np.zeros(height, bool)
    if part not in head.part_names:
        return rows
    index = head.part_names.index(part)
    v: Float[np.ndarray, " n"] = head.uv[
        head.uv_triangles[head.vertex_parts[head.triangles[:, 0]] == index], 1
    ]
    if v.size:
        rows[max(0, int(np.floor((1 - v.max()) * height))) : int(np.ceil((1 - v.min()) * height))] = True
    return rows
