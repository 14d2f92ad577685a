"""Placing the landmark sets on the built-in head, from ICT-FaceKit's 68 landmarks.

The dense sets grow from these and from WFLW's 98 laid around them; then contour and brows of iBUG's and
WFLW's sets move to where labels have them (`labelled_places`), among dense320's vertices.
"""

from __future__ import annotations

import numpy as np

from mien.geometry.normals import vertex_normals
from mien.head_building import landmark_choice as choice
from mien.head_building.assembly import Assembly
from mien.head_building.eyeballs import unit_eyeball
from mien.head_building.ict_facekit import IctFaceKit
from mien.head_building.labelled_places import IBUG_PLACES_MM, WFLW_PLACES_MM, moved
from mien.head_building.template import LOWER_LIP, SKIN, UPPER_LIP
from mien.heads.model import LandmarkSet


def place_landmark_sets(assembly: Assembly, ict: IctFaceKit, mean_m: np.ndarray) -> dict[str, LandmarkSet]:
    o, mirror = assembly.offsets, assembly.mirror
    on_ict_m, labels = assembly.vertices_m[: o[1]], assembly.template.labels
    outside = (labels == SKIN) | (labels >= UPPER_LIP)
    middle = mirror[: o[1]] == np.arange(o[1])
    points_m = ict.neutral_m[ict.landmarks68]
    regions = {SKIN: outside, UPPER_LIP: labels == UPPER_LIP, LOWER_LIP: labels == LOWER_LIP}

    def snap(
        points: np.ndarray, own_mirror: np.ndarray, upper_lip: set[int], lower_lip: set[int]
    ) -> np.ndarray:
        chosen = np.empty(len(points), int)
        for i, point in enumerate(points):
            region = UPPER_LIP if i in upper_lip else LOWER_LIP if i in lower_lip else SKIN
            allowed = regions[region] & (middle if own_mirror[i] == i else True)
            chosen[i] = choice.nearest_skin_vertices(point[None], on_ict_m, allowed)[0]
        return choice.symmetric_choice(chosen, own_mirror, mirror)

    ibug_mirror = choice.ibug68_mirror()
    ict68 = snap(points_m, ibug_mirror, {61, 62, 63}, {65, 66, 67})
    for left_landmark, vertex in assembly.template.landmarks.items():
        ict68[left_landmark] = vertex
    lower_brow = (points_m[22:26] + points_m[23:27]) / 2 - [0, 0.008, 0]
    left_brow = np.concatenate([points_m[22:27], lower_brow[::-1]])
    right_brow = np.concatenate([left_brow[4::-1], left_brow[:4:-1]]) * [-1, 1, 1]
    upper_lid = choice.along_curve(points_m[[42, 43, 44, 45]], 5)
    lower_lid = choice.along_curve(points_m[[45, 46, 47, 42]], 5)[1:4]
    left_eye = np.concatenate([upper_lid, lower_lid])
    right_eye = np.concatenate([left_eye[4::-1], left_eye[:4:-1]]) * [-1, 1, 1]
    pupils = np.stack([assembly.vertices_m[o[2]], assembly.vertices_m[o[1]]])
    wflw_points = np.concatenate(
        [
            _with_middles(points_m[:17]), right_brow, left_brow, points_m[27:36], right_eye, left_eye,
            points_m[48:68], pupils,
        ]
    )  # fmt: skip
    wflw_mirror = choice.wflw98_mirror()
    wflw = snap(wflw_points, wflw_mirror, {89, 90, 91}, {93, 94, 95})
    same = {64: 39, 68: 42, 60: 36, 72: 45} | {
        **{2 * i: i for i in range(17)}, **{33 + i: 17 + i for i in range(5)},
        **{42 + i: 22 + i for i in range(5)}, **{51 + i: 27 + i for i in range(9)},
        **{76 + i: 48 + i for i in range(7)}, **{83 + i: 55 + i for i in range(5)},
        **{88 + i: 60 + i for i in range(5)}, **{93 + i: 65 + i for i in range(3)},
    }  # fmt: skip
    for ours, theirs in same.items():
        wflw[ours] = ict68[theirs]
    wflw[96], wflw[97] = o[2], o[1]

    eyeball = unit_eyeball()
    iris = [o[1] + i for i in (eyeball.pupil, *eyeball.iris_ring[::3])]
    iris += [int(mirror[v]) for v in iris]
    middle_teeth = [o[3] + assembly.upper.edge_middles[i] for i in range(3, 11)]
    middle_teeth += [o[4] + assembly.lower.edge_middles[i] for i in range(3, 11)]
    must = np.array(list(dict.fromkeys([*ict68, *wflw, *iris, *map(int, middle_teeth)])))

    density = _landmark_density(mean_m, mean_m[ict68])
    skin = assembly.parts == 0
    normals = vertex_normals(mean_m, assembly.triangles)
    border = skin & (mean_m[:, 1] < mean_m[: o[1], 1].min() + 0.012)
    nostril = skin & (np.linalg.norm(mean_m - mean_m[ict68[33]], axis=1) < 0.016) & (normals[:, 2] < -0.2)
    allowed = skin & ~border & ~nostril
    growing = {"places": mean_m, "mirror": mirror, "density": density}
    small = choice.grow_symmetric(must, 320, allowed=allowed, **growing)
    large = choice.grow_symmetric(small, 703, allowed=allowed, **growing)
    all_face = np.flatnonzero(skin & (mean_m[:, 2] > mean_m[ict68[[0, 16]], 2].mean() - 0.01))
    full = np.array(list(dict.fromkeys([*large, *all_face, *mirror[all_face]])))
    within = {"among": np.flatnonzero(skin), "mean_m": mean_m, "mirror": mirror}
    ibug = moved(ict68, IBUG_PLACES_MM, own_mirror=ibug_mirror, **within)
    wflw = moved(wflw, WFLW_PLACES_MM, own_mirror=wflw_mirror, **within)
    return {
        "ict68": LandmarkSet("ict68", ict68.astype(np.int64), ibug_mirror),
        "ibug68": LandmarkSet("ibug68", ibug.astype(np.int64), ibug_mirror),
        "wflw98": LandmarkSet("wflw98", wflw.astype(np.int64), wflw_mirror),
        "dense320": choice.as_set("dense320", small, mirror),
        "dense703": choice.as_set("dense703", large, mirror),
        "full_face": choice.as_set("full_face", full, mirror),
    }


def _with_middles(points: np.ndarray) -> np.ndarray:
    """Points and the middles between neighbours, in order."""
    result = np.empty((2 * len(points) - 1, points.shape[1]))
    result[::2], result[1::2] = points, (points[:-1] + points[1:]) / 2
    return result


def _landmark_density(mean_m: np.ndarray, ict68_m: np.ndarray) -> np.ndarray:
    """How much denser landmarks are at eyes, lips and nose than on cheeks, and sparser behind the ears."""

    def near(members: range, reach_m: float) -> np.ndarray:
        distance = np.linalg.norm(mean_m[:, None] - ict68_m[list(members)][None], axis=2).min(axis=1)
        return np.exp(-((distance / reach_m) ** 2))

    features = (
        2.2 * near(range(36, 48), 0.009) + 1.6 * near(range(48, 68), 0.009) + 1.0 * near(range(27, 36), 0.012)
    )
    features += 0.8 * near(range(17, 27), 0.010) + 0.5 * near(range(0, 17), 0.012)
    ear = (np.abs(mean_m[:, 0]) > np.abs(ict68_m[[0, 16], 0]).mean() + 0.002) & (
        mean_m[:, 1] > ict68_m[57, 1]
    )
    features += 2.5 * ear
    behind = np.clip((mean_m[:, 2] - 0.0) / 0.05, 0.0, 1.0)
    crown = np.clip(1 - (mean_m[:, 1] - ict68_m[17:27, 1].max() - 0.02) / 0.05, 0.3, 1.0)
    return (0.35 + 0.65 * np.minimum(behind, crown)) * (1 + features)
