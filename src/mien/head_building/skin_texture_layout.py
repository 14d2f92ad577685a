"""The texture coordinates of the whole head: the skin laid out anew, all else in tiles of the same square."""

from __future__ import annotations

import numpy as np

from mien.head_building.assembly import Assembly
from mien.head_building.quad_skin import LEFT_SOCKET, MOUTH_INTERIOR, RIGHT_SOCKET
from mien.head_building.texture_atlas import place_in_atlas
from mien.head_building.uv_layout import EYE_SOCKETS, feature_density, lay_out_skin
from mien.head_building.uv_layout import MOUTH_INTERIOR as MOUTH_ISLAND
from mien.head_building.uv_layout import SKIN as SKIN_ISLAND


def atlas_uv(assembly: Assembly, mean_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(U, 2) texture coordinates and (Q, 4) indices into them, for `assembly.mesh.quads`."""
    skin, mesh = assembly.skin, assembly.mesh
    skin_m = mean_m[assembly.starts["skin"]]
    labels = np.full(len(skin.quads), SKIN_ISLAND)
    labels[skin.quad_labels == MOUTH_INTERIOR] = MOUTH_ISLAND
    labels[np.isin(skin.quad_labels, (LEFT_SOCKET, RIGHT_SOCKET))] = EYE_SOCKETS
    features_m = np.stack(
        [
            *assembly.eye_centres_m,
            skin_m[assembly.skin.nose_tip],
            *skin_m[assembly.lips.upper[[0, len(assembly.lips.upper) // 2, -1]]],
        ]
    )
    layout = lay_out_skin(
        skin_m, skin.quads, skin.mirror, labels=labels, density=feature_density(skin_m, features_m)
    )
    skin_uv = place_in_atlas(layout)
    # The skin comes first in the mesh; the others' own coordinates are in their tiles already.
    old_count = 4 * len(skin.quads)
    own_uv = mesh.uv[old_count:]
    uv_quads = mesh.uv_quads.copy()
    uv_quads[: len(skin.quads)] = layout.uv_quads
    rest = uv_quads[len(skin.quads) :]
    uv_quads[len(skin.quads) :] = np.where(rest >= 0, rest - old_count + len(skin_uv), -1)
    return np.concatenate([skin_uv, own_uv]), uv_quads
