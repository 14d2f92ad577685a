"""Where the parts lie in the one texture: the skin on top, small tiles for the rest below it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.head_building.mesh_disks import split_quads
from mien.head_building.uv_layout import SkinLayout

SKIN_TILE = (0.004, 0.140, 0.996, 0.996)

TILES: dict[str, tuple[float, float, float, float]] = {
    "right_eye": (0.004, 0.004, 0.190, 0.190),
    "left_eye": (0.810, 0.004, 0.996, 0.190),
    "mouth_interior": (0.438, 0.004, 0.562, 0.132),
    "upper_teeth": (0.198, 0.070, 0.312, 0.132),
    "lower_teeth": (0.198, 0.004, 0.312, 0.064),
    "upper_gums": (0.318, 0.070, 0.432, 0.132),
    "lower_gums": (0.318, 0.004, 0.432, 0.064),
    "tongue": (0.568, 0.004, 0.692, 0.132),
    "left_eye_socket": (0.698, 0.070, 0.802, 0.132),
    "right_eye_socket": (0.698, 0.004, 0.802, 0.064),
}
"""Part → its rectangle: left, bottom, right, top, v up. Eight pixels of a picture of 2048 lie between
any two. The eyes reach up into the corners that the skin's outline leaves free."""

_ISLANDS = ("skin", "mouth_interior", "left_eye_socket", "right_eye_socket")


def in_tile(uv: Float[np.ndarray, "texture 2"], part: str) -> Float[np.ndarray, "texture 2"]:
    """A part's own texture coordinates in [0, 1] moved to its tile, stretched as the tile is."""
    left, bottom, right, top = TILES[part]
    return np.array([left, bottom]) + uv * [right - left, top - bottom]


def place_in_atlas(layout: SkinLayout) -> Float[np.ndarray, "texture 2"]:
    """(U, 2) the layout's texture coordinates in the unit square: each island as large as its tile allows,
    the skin symmetric about u = 0.5.

    Raises:
        InputError: the skin reaches into another part's tile.
    """
    uv = np.empty_like(layout.uv)
    for island, name in enumerate(_ISLANDS):
        members = layout.islands == island
        if not members.any():
            continue
        left, bottom, right, top = SKIN_TILE if name == "skin" else TILES[name]
        own = layout.uv[members]
        low, high = own.min(axis=0), own.max(axis=0)
        scale = min((right - left) / (high[0] - low[0]), (top - bottom) / (high[1] - low[1]))
        middle = np.array([(left + right) / 2, top - scale * (high[1] - low[1]) / 2])
        if name != "skin":
            middle[1] = (bottom + top) / 2
        uv[members] = middle + scale * (own - (low + high) / 2)
    _check_free(uv, layout)
    return uv


def _check_free(uv: np.ndarray, layout: SkinLayout) -> None:
    triangles, _ = split_quads(layout.uv_quads)
    corners = uv[triangles[(layout.islands[triangles] == 0).all(axis=1)]]
    low, high = corners.min(axis=1), corners.max(axis=1)
    for part, (left, bottom, right, top) in TILES.items():
        inside = (high[:, 0] > left) & (low[:, 0] < right) & (high[:, 1] > bottom) & (low[:, 1] < top)
        if inside.any():
            raise InputError(
                f"the skin reaches into the tile of {part}; give it a lower SKIN_TILE or a shorter neck",
                source="texture atlas",
            )
