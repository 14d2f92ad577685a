"""Cards of hair over a drawn head: layer upon layer, seen from both sides and through each other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.drawing.sampling import sampled
from mien.geometry.rasterization import all_fragments, barycentric_places
from mien.heads.model import Head
from mien.looks.colors import linear_from_srgb, srgb_from_linear
from mien.looks.materials import vertices_of

_LAYERS = 10
_ENOUGH = 0.04
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
    uv = head.uv.astype(np.float32)
    through, light = np.ones(farthest_m.size, np.float32), np.zeros((farthest_m.size, 3), np.float32)
    owner, pixel = found.triangles.astype(np.int32), found.pixels.astype(np.int32)
    nearness, nearest = found.nearness.astype(np.float32), np.empty(farthest_m.size, np.float32)
    for _ in range(_LAYERS):
        if not len(owner):
            break
        nearest[:] = 0
        np.maximum.at(nearest, pixel, nearness)
        front = nearness == nearest[pixel]
        drawn, pixels = owner[front], pixel[front]
        corners = triangles[drawn]
        places = barycentric_places(points_px[triangles], drawn, *np.divmod(pixels, farthest_m.shape[1]))
        places /= depth_m[corners]  # linear across the card, not across the picture
        places = (places / places.sum(axis=1, keepdims=True)).astype(np.float32)
        texels = sampled(layers, np.einsum("nk,nkd->nd", places, uv[uv_triangles[drawn]]))
        hairy = texels[:, 3] > 1 / 255
        pixels, corners, places, texels = pixels[hairy], corners[hairy], places[hairy], texels[hairy]
        cover = through[pixels] * texels[:, 3]
        lit = np.einsum("nk,nkc->nc", places, shade[corners])
        light[pixels] += cover[:, None] * texels[:, :3] * lit
        through[pixels] -= cover
        behind = ~front & (through[pixel] > _ENOUGH)
        owner, pixel, nearness = owner[behind], pixel[behind], nearness[behind]
    covered = np.flatnonzero(through < 1)
    rows, columns = np.divmod(covered, image.shape[1])
    under = linear_from_srgb(image[rows, columns])
    image[rows, columns] = srgb_from_linear(through[covered, None] * under + light[covered])
