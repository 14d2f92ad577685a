"""Cards of hair over a drawn head: layer upon layer, seen from both sides and through each other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.drawing.sampling import sampled
from mien.geometry.rasterization import all_fragments
from mien.heads.model import Head
from mien.looks.colors import linear_from_srgb, srgb_from_linear
from mien.looks.materials import vertices_of

_LAYERS = 16
_ENOUGH = 0.02
"""Share of what lies behind, below which it need not be drawn."""
_TOLERANCE_M = 0.002
"""Cards so little behind the skin still lie on it."""


def draw_cards(
    image: UInt8[np.ndarray, "height width 3"],
    head: Head,
    vertices_m: Float[np.ndarray, "vertices 3"],
    camera: Camera,
    cards: UInt8[np.ndarray, "_ _ 4"],
    *,
    shade: Float[np.ndarray, "vertices 3"],
    farthest_m: Float[np.ndarray, "height width"],
) -> None:
    """Draw a head's cards into a picture.

    Layers are peeled off from the nearest backwards (Everitt 2001), until nothing shines through.

    Args:
        image: (H, W, 3), changed where cards are seen.
        vertices_m: of the posed head.
        cards: (h, w, 4) sRGB and coverage.
        shade: linear light at the vertices.
        farthest_m: (H, W) depth of what is drawn already.
    """
    members = vertices_of(head, "hair")[head.triangles[:, 0]]
    if not members.any():
        return
    triangles, uv_triangles = head.triangles[members], head.uv_triangles[members]
    depth_m = camera.to_camera(vertices_m)[:, 2]
    points_px = camera.project(vertices_m)
    found = all_fragments(points_px, depth_m, triangles, farthest_m=farthest_m + _TOLERANCE_M)
    layers = np.concatenate([linear_from_srgb(cards[..., :3]), cards[..., 3:] / np.float32(255)], axis=2)
    through, light = np.ones(farthest_m.size, np.float32), np.zeros((farthest_m.size, 3), np.float32)
    left = np.arange(len(found.pixels))
    for _ in range(_LAYERS):
        if not len(left):
            break
        nearest = np.zeros(farthest_m.size)
        np.maximum.at(nearest, found.pixels[left], found.nearness[left])
        front = found.nearness[left] == nearest[found.pixels[left]]
        drawn, left = left[front], left[~front]
        pixels, corners = found.pixels[drawn], triangles[found.triangles[drawn]]
        places = found.barycentric[drawn] / depth_m[corners]  # linear across the card, not across the picture
        places = (places / places.sum(axis=1, keepdims=True)).astype(np.float32)
        texels = sampled(
            layers, np.einsum("nk,nkd->nd", places, head.uv[uv_triangles[found.triangles[drawn]]])
        )
        cover = through[pixels] * texels[:, 3]
        light[pixels] += cover[:, None] * texels[:, :3] * np.einsum("nk,nkc->nc", places, shade[corners])
        through[pixels] -= cover
        left = left[through[found.pixels[left]] > _ENOUGH]
    covered = np.flatnonzero(through < 1)
    rows, columns = np.divmod(covered, image.shape[1])
    under = linear_from_srgb(image[rows, columns])
    image[rows, columns] = srgb_from_linear(through[covered, None] * under + light[covered])
