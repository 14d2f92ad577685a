"""Hair garments made softer and each person's own: where they end on the skin, their volume, their waves."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from mien.heads.model import Head
from mien.looks.albedo_model import albedo_model_for
from mien.synthetic.scenes.wardrobe import Garment

CAPS = ("afro01", "ponytail01", "short01", "short02", "short03", "short04")
"""Styles whose border lies on the skin; of the others it hangs or is a parting."""
CAP_M2 = 0.006
"""Pieces larger than this are caps, whose border is a hairline; smaller ones are locks."""
ON_SKIN_M = 0.014
"""How near to the skin a border is a hairline."""
THINNING_M = 0.013
"""How far a hairline's thinning reaches."""


def hair_extra(garment: Garment, head: Head) -> Float[np.ndarray, "points 2"]:
    """Shade of each point, and how thin the hair is there, 0 … 1 at hairlines: see the shader's HAIR."""
    skin = np.flatnonzero(head.vertex_parts == head.part_names.index("skin"))
    height_m, nearest = KDTree(head.mean_m[skin]).query(garment.rest_m)
    inside = np.asarray(albedo_model_for(head).scalp)[skin[nearest]]
    shade = 0.60 + 0.40 * np.clip(height_m / 0.025, 0, 1)
    _, places, merged = np.unique(np.round(garment.rest_m, 5), axis=0, return_index=True, return_inverse=True)
    merged = merged.ravel()
    triangles = merged[garment.triangles]
    corners_m = garment.rest_m[places][triangles]
    area = 0.5 * np.linalg.norm(
        np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0]), axis=1
    )
    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    unique, count = np.unique(edges, axis=0, return_counts=True)
    links = coo_matrix((np.ones(len(unique)), unique.T), shape=(len(places), len(places)))
    _, piece = connected_components(links, directed=False)
    sizes = np.bincount(piece[triangles[:, 0]], weights=area, minlength=piece.max() + 1)
    border = np.unique(unique[count == 1]) if garment.name in CAPS else np.zeros(0, int)
    hairline = border[
        (height_m[places[border]] < ON_SKIN_M)
        & (inside[places[border]] < 0.75)
        & (sizes[piece[border]] > CAP_M2)
    ]
    thin = np.zeros(len(places))
    if len(hairline):
        tree = KDTree(garment.rest_m[places[hairline]])
        thin = np.clip(1 - tree.query(garment.rest_m[places])[0] / THINNING_M, 0, 1)
        thin *= sizes[piece] > CAP_M2
    return np.stack([shade, thin[merged]], axis=1)


def restyled(
    placed_m: Float[np.ndarray, "points 3"],
    extra: Float[np.ndarray, "points 2"],
    rng: np.random.Generator,
    *,
    mirrored: bool,
) -> Float[np.ndarray, "points 3"]:
    """A garment at rest with another volume, and waves where it hangs."""
    x, y, z = placed_m.T
    above_skin = np.clip((extra[:, 0] - 0.62) / 0.3, 0, 1)
    volume = float(rng.uniform(0.0, 0.13))
    centre = np.array([0.0, 0.03, -0.01])
    result = placed_m + (placed_m - centre) * (volume * above_skin)[:, None] * [1.0, 0.8, 1.0]
    hanging = np.clip((0.06 - y) / 0.08, 0, 1) * above_skin
    wave_m, often = float(rng.uniform(0, 0.006)), float(rng.uniform(60, 140))
    phase = 6 * np.sin(30 * np.arctan2(x, z))
    result[:, 0] += wave_m * hanging * np.sin(often * y + phase)
    result[:, 2] += wave_m * hanging * np.cos(often * y + 1.3 * phase)
    shortest_m = float(rng.uniform(-0.13, -0.05))  # long hair is cut anywhere from the jaw down
    kept = float(rng.choice([0.0, rng.uniform(0.0, 0.4), 1.0])) if hair_ends_m(placed_m) < -0.25 else 1.0
    low = result[:, 1] < shortest_m
    result[low, 1] = shortest_m + kept * (result[low, 1] - shortest_m)
    if mirrored:
        result[:, 0] *= -1
    return result


def hair_ends_m(placed_m: Float[np.ndarray, "points 3"]) -> float:
    """How far down a style reaches, y at rest."""
    return float(placed_m[:, 1].min())
