"""Joints and skinning weights of the built-in head."""

from __future__ import annotations

import numpy as np

from mien.head_building.assembly import Assembly
from mien.head_building.makehuman import MakeHuman
from mien.head_building.part_mesh import part_index
from mien.head_building.quad_skin import MEAN_PERSON, MOUTH_INTERIOR, SKIN, UPPER_LIP


def skinning_weights(assembly: Assembly) -> np.ndarray:
    """(V, 4) neck, head, left eye, right eye; the neck's lower border stays largely with the root."""
    parts = assembly.mesh.parts
    weights = np.zeros((len(parts), 4))
    weights[:, 1] = 1
    skin, labels = assembly.starts["skin"], assembly.skin.labels
    outside = (labels == SKIN) | (labels >= UPPER_LIP)
    symmetric = (assembly.skin.joint_weights + assembly.skin.joint_weights[assembly.skin.mirror]) / 2
    weights[skin, :2][outside] = symmetric[outside]
    assert (labels[outside] != MOUTH_INTERIOR).all()
    for joint, names in ((2, ("left_eye", "left_cornea")), (3, ("right_eye", "right_cornea"))):
        members = np.isin(parts, [part_index(name) for name in names])
        weights[members] = np.eye(4)[joint]
    return weights


def place_joints(
    assembly: Assembly, makehuman: MakeHuman, mean_m: np.ndarray, identity_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(2, 3) places of neck and head joint, and (I, 2, 3) how identity moves them."""
    base, skin = makehuman.base, assembly.starts["skin"]
    on_ict = assembly.on_ict
    places, moves = [], []
    mean_person = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    for group, reach_m in (("joint-neck", 0.09), ("joint-head", 0.12)):
        members = np.unique(base.faces[base.face_groups == group])
        place = mean_person[members[members >= 0]].mean(axis=0)
        place_m = on_ict.scale * on_ict.rotation @ place + on_ict.translation_m
        place_m[0] = 0.0
        near = np.flatnonzero(np.linalg.norm(mean_m[skin] - place_m, axis=1) < reach_m)
        places.append(place_m)
        moves.append(identity_m[:, near].mean(axis=1))
    return np.stack(places), np.stack(moves, axis=1)
