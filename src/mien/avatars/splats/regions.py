"""Which controls may change which splats: a mouth that opens as never before must not spoil the eyes.

As the attention masks of local deformation fields (Chen et al. 2023, section 3.3), for a few regions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.avatars.rig import AvatarControls, AvatarRig
from mien.avatars.splats.splat_head import Anchors

MOUTH_REACH, EYE_REACH = 0.3, 0.22
"""Distance from a region's landmarks, over that of the outer eye corners, at which its say ends."""
_LEFT, _RIGHT = (*range(22, 27), *range(42, 48)), (*range(17, 22), *range(36, 42))
_MOUTH = (*range(2, 15), *range(31, 36), *range(48, 68))
_AROUND_EYES = ("eye", "brow", "cheekSquint", "noseSneer")


@dataclass(frozen=True, eq=False)
class Region:
    """Some controls, and the splats that they change.

    Attributes:
        controls: (C,) those that count, in the order of `splat_head.steering`; codes: components of them.
        splats: (N,) those that listen.
    """

    controls: Bool[np.ndarray, " controls"]
    codes: int
    splats: Bool[np.ndarray, " n"]


def regions_of(rig: AvatarRig, anchors: Anchors, codes: int) -> list[Region]:
    """Mouth, left and right eye, and the rest, which sees the neck turn.

    Args:
        codes: of all together.
    """
    names = rig.head.expression_names
    rest = AvatarControls(rig.rest_weights, np.zeros((2, 3)))
    landmarks_m = rig.landmarks_m(rest)
    places_m = _places_m(rig.vertices_m(rest), anchors)
    neck = np.zeros(len(names) + rest.neck.size, bool)
    neck[len(names) :] = True
    order = (0, 1, 2, 0, 3, 1, 2, 0, 3, 0, 1, 2)
    counts = np.bincount([order[index % len(order)] for index in range(codes)], minlength=4)
    regions = []
    listed = [(_MOUTH, ""), (_LEFT, "Right"), (_RIGHT, "Left")]
    for (points, other_side), count in zip(listed, counts, strict=False):
        if other_side:
            mine = [one.startswith(_AROUND_EYES) and not one.endswith(other_side) for one in names]
        else:
            mine = [one.startswith(("jaw", "mouth", "cheek", "nose", "tongue")) for one in names]
        apart = np.linalg.norm(places_m[:, None] - landmarks_m[None, list(points)], axis=2).min(axis=1)
        controls = np.concatenate([mine, np.zeros(rest.neck.size, bool)])
        reach = EYE_REACH if other_side else MOUTH_REACH
        near = (apart < reach * rig.eye_distance_m) & (anchors.offsets_m[:, 2] == 0)  # and so no hair
        regions.append(Region(controls, int(count), near))
    others = np.any([one.splats for one in regions], axis=0)
    return [*regions, Region(neck, int(counts[3]), ~others)]


def _places_m(vertices_m: Float[np.ndarray, "v 3"], anchors: Anchors) -> Float[np.ndarray, "n 3"]:
    """Where splats are at first, their heights above the mesh left out."""
    return np.einsum("nk,nkc->nc", anchors.weights, vertices_m[anchors.triangles])
