"""How right the learned deformation is, where the true mesh is known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.avatars.dataset import AvatarData
from mien.avatars.field_avatar import FieldAvatar
from mien.avatars.rig import AvatarControls, rig_of


def deformation_errors_mm(
    avatar: FieldAvatar,
    data: AvatarData,
    true_expression: Float[np.ndarray, "frames expression"],
    *,
    every: int = 5,
) -> Float[np.ndarray, " n"]:
    """Distances, millimetres, between where the avatar takes points of the true face and where they are
    on the canonical head, over skin of the front of the face on held-out frames.

    Args:
        data: as tracked, with the tracker's errors; true_expression: without them.
        every: look at every so manieth held-out frame.
    """
    rig, tracked = rig_of(data, points=34)
    rest = rig.vertices_m(AvatarControls(rig.rest_weights, np.zeros((2, 3))))
    skin = np.flatnonzero(rig.head.vertex_parts == rig.head.part_names.index("skin"))
    face = skin[(rest[skin, 2] > 0.03) & (rest[skin, 1] < rig.landmarks_m(tracked[0])[17:27, 1].max() + 0.02)]
    errors = []
    for row in np.flatnonzero(data.test)[::every]:
        truth = rig.vertices_m(AvatarControls(true_expression[row], tracked[row].neck))[face]
        taken = avatar.taken_to_canonical_m(truth.astype(np.float32), tracked[row])
        errors.append(1000 * np.linalg.norm(taken - rest[face], axis=1))
    return np.concatenate(errors)
