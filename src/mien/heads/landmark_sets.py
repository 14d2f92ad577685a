"""The landmark sets of the built-in head: sizes, partners, groups, conversion."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Int

from mien.errors import LandmarkSetError
from mien.heads.library import load_head
from mien.heads.model import Head, LandmarkSet

IBUG_GROUPS: dict[str, range] = {
    "jaw": range(0, 17),
    "right_brow": range(17, 22),
    "left_brow": range(22, 27),
    "nose": range(27, 36),
    "right_eye": range(36, 42),
    "left_eye": range(42, 48),
    "mouth": range(48, 68),
}
"""Feature of each landmark of "ibug68" and "ict68"; left and right are the subject's."""

LID_PAIRS: dict[str, tuple[tuple[int, int], ...]] = {
    "wflw98": ((61, 67), (62, 66), (63, 65), (69, 75), (70, 74), (71, 73)),
    "ibug68": ((37, 41), (38, 40), (43, 47), (44, 46)),
}
"""Landmarks on the upper and lower lid's margin that face each other."""

LIP_PAIRS: tuple[tuple[int, int], ...] = ((61, 67), (62, 66), (63, 65))
"""Landmarks of "ibug68" and "ict68" on the upper and lower lip's inner edge that face each other."""


def opening_pairs(head: Head, set_name: str) -> Int[np.ndarray, "pairs 2"]:
    """Indices into a head's set of landmarks that face each other across an opening: lids and inner lips.

    Two such points err together, so their distance is known better than either: a blink that independent
    Gaussians would hardly see. Pairs of which the set lacks a point are left out.

    Raises:
        LandmarkSetError: the head has no such set.
    """
    place = {int(vertex): i for i, vertex in enumerate(head.landmark_set(set_name).vertices)}
    found: set[tuple[int, int]] = set()
    # The lips' inner edges are where ICT-FaceKit's 68 have them; iBUG's tell those of heads without these.
    lips = "ict68" if "ict68" in head.landmark_sets and set_name != "ibug68" else "ibug68"
    for name, pairs in [*LID_PAIRS.items(), (lips, LIP_PAIRS)]:
        if name in head.landmark_sets:
            vertices = head.landmark_sets[name].vertices
            ends = [(int(vertices[upper]), int(vertices[lower])) for upper, lower in pairs]
            found |= {(place[a], place[b]) for a, b in ends if a in place and b in place and a != b}
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def landmark_set(set_name: str) -> LandmarkSet:
    """A set of the built-in head.

    Raises:
        LandmarkSetError: there is no such set.
    """
    return load_head().landmark_set(set_name)


def set_size(set_name: str) -> int:
    """How many landmarks a set has."""
    return len(landmark_set(set_name))


def mirror_indices(set_name: str) -> Int[np.ndarray, " landmarks"]:
    """(L,) for each landmark the index of its left-right partner; midline points are their own."""
    return landmark_set(set_name).mirror


@lru_cache(maxsize=32)
def conversion_indices(from_set: str, to_set: str) -> Int[np.ndarray, " landmarks"]:
    """(L_to,) indices into `from_set` that pick the landmarks of `to_set`.

    Raises:
        LandmarkSetError: a set is unknown, or `from_set` lacks a point of `to_set`.
    """
    place = {int(vertex): i for i, vertex in enumerate(landmark_set(from_set).vertices)}
    wanted = landmark_set(to_set).vertices
    missing = [int(v) for v in wanted if int(v) not in place]
    if missing:
        raise LandmarkSetError(
            f"{to_set!r} cannot be picked out of {from_set!r}: {len(missing)} of its {len(wanted)} points "
            "are not in it"
        )
    return np.array([place[int(v)] for v in wanted])


@lru_cache(maxsize=32)
def landmark_groups(set_name: str) -> dict[str, Int[np.ndarray, " members"]]:
    """Indices of a set's landmarks by place on the head.

    Groups: "face" (front of the face without ears, neck, eyeballs, teeth and hairline: what a region is
    framed by), "left_eye" and "right_eye" (lids and eyeball), "left_brow", "right_brow" (on the hair that one
    sees), "nose", "mouth", "jaw", "lids", "iris", "teeth", "ears", "scalp_and_neck". Those of the skin are
    drawn around the points of "ict68". The few brow points of the 68 and 98 would pull the region upwards,
    so there the skin alone frames it.
    """
    head = load_head()
    chosen = landmark_set(set_name)
    points_m = head.mean_m[chosen.vertices]
    ict68_m = head.mean_m[head.landmark_set("ict68").vertices]
    parts = np.array(head.part_names)[head.vertex_parts[chosen.vertices]]
    skin, brows = parts == "skin", parts == "brows"

    def near(members: range, reach_m: float) -> np.ndarray:
        distance = np.linalg.norm(points_m[:, None] - ict68_m[list(members)][None], axis=2).min(axis=1)
        return skin & (distance < reach_m)

    chin_m, brow_m = ict68_m[8], ict68_m[17:27]
    corner_z = ict68_m[[36, 45], 2].mean()
    face = (
        (skin | (brows & set_name.startswith("dense")))
        & (points_m[:, 2] > corner_z - 0.055)
        & (points_m[:, 1] > chin_m[1] - 0.012)
        & (points_m[:, 1] < brow_m[:, 1].max() + 0.030)
        & (np.abs(points_m[:, 0]) < np.abs(ict68_m[[0, 16], 0]).max() + 0.002)
    )
    ears = (
        skin
        & (np.abs(points_m[:, 0]) > np.abs(ict68_m[[0, 16], 0]).max() + 0.002)
        & (points_m[:, 1] > ict68_m[57, 1])
    )
    groups = {
        "face": face,
        "left_eye": near(IBUG_GROUPS["left_eye"], 0.010) | (parts == "left_eye"),
        "right_eye": near(IBUG_GROUPS["right_eye"], 0.010) | (parts == "right_eye"),
        "lids": near(IBUG_GROUPS["left_eye"], 0.005) | near(IBUG_GROUPS["right_eye"], 0.005),
        "left_brow": brows & (points_m[:, 0] > 0),
        "right_brow": brows & (points_m[:, 0] < 0),
        "nose": near(IBUG_GROUPS["nose"], 0.012),
        "mouth": near(IBUG_GROUPS["mouth"], 0.008),
        "jaw": near(IBUG_GROUPS["jaw"], 0.010),
        "iris": (parts == "left_eye") | (parts == "right_eye"),
        "teeth": (parts == "upper_teeth") | (parts == "lower_teeth"),
        "ears": ears,
        "scalp_and_neck": skin & ~face & ~ears,
    }
    return {name: np.flatnonzero(mask) for name, mask in groups.items()}
