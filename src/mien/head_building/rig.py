"""Joints and skinning weights of the built-in head."""

from __future__ import annotations

import numpy as np

from mien.head_building.assembly import Assembly
from mien.head_building.makehuman import MakeHuman
from mien.head_building.template import MEAN_PERSON


def skinning_weights(assembly: Assembly) -> np.ndarray:
    o = assembly.offsets
    weights = np.zeros((len(assembly.vertices_m), 4))
    weights[: o[1], :2] = assembly.template.joint_weights
    weights[o[1] : o[2], 2] = 1
    weights[o[2] : o[3], 3] = 1
    weights[o[3] :, 1] = 1
    inside = (assembly.parts == 1) | (assembly.parts == 2)
    weights[inside] = [0, 1, 0, 0]
    return weights


def place_joints(assembly: Assembly, makehuman: MakeHuman, mean_m: np.ndarray, identity: np.ndarray) -> dict:
    base = makehuman.base
    mean_person = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    on_ict, o = assembly.on_ict, assembly.offsets
    places, moves = [], []
    for group, reach_m in (("joint-neck", 0.09), ("joint-head", 0.12)):
        members = np.unique(base.faces[base.face_groups == group])
        place = mean_person[members[members >= 0]].mean(axis=0)
        place_m = on_ict.scale * on_ict.rotation @ place + on_ict.translation_m
        place_m[0] = 0.0
        near = np.flatnonzero(np.linalg.norm(mean_m[: o[1]] - place_m, axis=1) < reach_m)
        places.append(place_m)
        moves.append(identity[:, near].mean(axis=1))
    for start, end in ((o[1], o[2]), (o[2], o[3])):
        low, high = mean_m[start:end].min(axis=0), mean_m[start:end].max(axis=0)
        places.append((low + high) / 2)
        moves.append(identity[:, start:end].mean(axis=1))
    return {"joints_mean_m": np.stack(places), "joints_identity_m": np.stack(moves, axis=1)}
