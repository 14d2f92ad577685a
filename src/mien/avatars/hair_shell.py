"""How thick the hair is: seen where the head's edge shows it, guessed between."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.cameras import Camera
from mien.geometry.normals import vertex_normals
from mien.geometry.rasterization import rasterize

HIGHEST_M = 0.06
_STEP_M = 0.002
_EDGE = 0.3
"""Cosine of line of sight and normal below which a vertex is at the head's edge."""
_FAINTEST = 50
"""Alpha, of 255, of what still counts as hair: loose strands cover their pixels in part."""
_LOOKS = 24
_FOREHEAD_M = 0.04
"""How far above the brows no hair grows."""
_SPREAD_M = 0.02
"""How far what one vertex shows is believed of others."""
_HAIRLINE_M = 0.025
"""Hair is at its full thickness so far from where none grows."""


def hairy(rig: AvatarRig) -> Bool[np.ndarray, " all"]:
    """Which vertices hair may grow on: skin of the head but for the face and most of the forehead."""
    rest = AvatarControls(rig.rest_weights, np.zeros((2, 3)))
    vertices_m, landmarks_m = rig.vertices_m(rest), rig.landmarks_m(rest)
    front_m, top_m, height_m = vertices_m[:, 2].max(), vertices_m[:, 1].max(), np.ptp(vertices_m[:, 1])
    high = vertices_m[:, 1] > top_m - 0.35 * height_m
    forehead = vertices_m[:, 1] < landmarks_m[17:27, 1].max() + _FOREHEAD_M
    behind = vertices_m[:, 2] < front_m - 0.07
    skin = np.zeros(len(vertices_m), bool)
    skin[rig.kept] = rig.kept_parts == rig.head.part_names.index("skin")
    return skin & (behind | (high & ~forehead))


def hair_heights_m(
    data: AvatarData, rig: AvatarRig, controls: list[AvatarControls]
) -> Float[np.ndarray, " all"]:
    """How far the hair reaches from each vertex of the head, metres; 0 where none grows."""
    rest_m = rig.vertices_m(AvatarControls(rig.rest_weights, np.zeros((2, 3))))
    where = hairy(rig)
    total, count = np.zeros(len(rest_m)), np.zeros(len(rest_m))
    rows = np.unique(np.linspace(0, len(data) - 1, min(_LOOKS, len(data))).round().astype(int)).tolist()
    for row in rows:
        index, height_m = heights_at_the_edge_m(data, rig, rig.vertices_m(controls[row]), row, where)
        total[index] += height_m
        count[index] += 1
    seen = np.flatnonzero(count)
    out = np.zeros(len(rest_m))
    if not len(seen):
        out[where] = 0.5 * HIGHEST_M
        return out
    height_m, middle_m = total[seen] / count[seen], float(np.median(total[seen] / count[seen]))
    bald = np.flatnonzero(~where & np.isin(np.arange(len(rest_m)), rig.kept))
    for some in np.array_split(np.flatnonzero(where), 8):
        apart_m = np.linalg.norm(rest_m[some, None] - rest_m[None, seen], axis=2)
        weight = np.exp(-0.5 * (apart_m / _SPREAD_M) ** 2) * np.minimum(count[seen], 3)
        # Far from all that was seen, what is nearest counts a little, and the median
        weight = weight + 1e-3 / (1 + (apart_m / _SPREAD_M) ** 2)
        guess = (weight @ height_m + 1e-2 * middle_m) / (weight.sum(axis=1) + 1e-2)
        to_bald_m = np.linalg.norm(rest_m[some, None] - rest_m[None, bald[::7]], axis=2).min(axis=1)
        out[some] = guess * np.clip(to_bald_m / _HAIRLINE_M, 0.1, 1)
    return out


def heights_at_the_edge_m(
    data: AvatarData,
    rig: AvatarRig,
    vertices_m: Float[np.ndarray, "all 3"],
    row: int,
    where: Bool[np.ndarray, " all"],
    *,
    camera: Camera | None = None,
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Vertices whose normals leave the head's silhouette on a frame, and how far its matte goes with them.

    Args:
        vertices_m: of the head on this frame; where: those that are looked at.
        camera: another one than the frame's.
    """
    camera, size = camera or data.camera(row), data.size_px
    pixels, depths_m = camera.project(vertices_m), camera.to_camera(vertices_m)[:, 2]
    raster = rasterize(pixels, depths_m, rig.triangles, width_px=size, height_px=size)
    normals = vertex_normals(vertices_m, rig.triangles)
    eye_m = camera.world_from_camera[:3, 3]
    sight = (vertices_m - eye_m) / np.linalg.norm(vertices_m - eye_m, axis=1, keepdims=True)
    index = np.flatnonzero(where & (np.abs(np.einsum("ij,ij->i", normals, sight)) < _EDGE))
    heights_m = np.arange(0, HIGHEST_M + _STEP_M / 2, _STEP_M)
    places_m = vertices_m[index, None] + heights_m[:, None] * normals[index, None]
    flat = np.nan_to_num(camera.project(places_m.reshape(-1, 3)), nan=-9.0)
    at = np.rint(flat).astype(int).reshape(len(index), len(heights_m), 2)
    inside = ((at >= 0) & (at < size)).all(axis=2)
    x, y = np.moveaxis(np.clip(at, 0, size - 1), 2, 0)
    known = inside & (data.known[row, y, x] > 127)
    hair = data.rgba[row, y, x, 3] > _FAINTEST
    outside = (raster.triangle[y, x] < 0)[:, heights_m > 0.008].all(axis=1)
    ended = known & ~hair
    first = np.where(ended.any(axis=1), ended.argmax(axis=1), len(heights_m) - 1)
    # Nobody knows where the hair ends if the matte is not known before
    sure = outside & (known | (np.arange(len(heights_m)) > first[:, None])).all(axis=1)
    return index[sure], heights_m[first[sure]]
