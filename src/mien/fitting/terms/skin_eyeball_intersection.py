"""Lids stay outside the eyeballs (Wood et al. 2022, §3.2 and Fig. 7: E_intersect)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from mien.fitting.rest_points import RestPoints, shape_columns, skin_vertices
from mien.fitting.scene.head_state import HeadState
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES
from mien.least_squares.normal_equations import NormalEquations

_REACH = 1.6
"""Skin within this many radii of an eye's centre on the mean head is watched."""


@dataclass(frozen=True, eq=False)
class SkinEyeballTerm:
    """½ Σ (how far skin vertices are inside an eyeball / deviation)².

    An eyeball is a ball about its joint's place. What lies inside on the mean head already (folds behind the
    lids) may stay as deep as it is there.

    Attributes:
        skin: skin points near each eye, relative to the eye's centre.
        radii_m: per point: the eyeball's radius less what the mean head allows.
        deviation_m: metres.
    """

    skin: RestPoints
    radii_m: Float[np.ndarray, " points"]
    deviation_m: float
    name: str = "skin outside eyeballs"

    @staticmethod
    def of(head: Head, *, deviation_m: float) -> SkinEyeballTerm | None:
        """The term, or None for a head without eyeballs."""
        found = _skin_near_eyes(head)
        return None if found is None else SkinEyeballTerm(*found, deviation_m)

    def depths_m(self, state: HeadState) -> Float[np.ndarray, " points"]:
        """How far each watched vertex is inside, beyond what it may; 0 outside."""
        return np.maximum(self.radii_m - np.linalg.norm(self.skin.at(state), axis=1), 0)

    def cost(self, state: HeadState) -> float:
        return 0.5 * float((self.depths_m(state) ** 2).sum()) / self.deviation_m**2

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        unknowns = state.scene.unknowns
        places_m = self.skin.at(state)
        distances_m = np.linalg.norm(places_m, axis=1)
        depths_m = self.radii_m - distances_m
        inside = np.flatnonzero(depths_m > 0)
        columns = shape_columns(unknowns)
        if not len(inside):
            return
        if not len(columns):
            normal.cost += self.cost(state)
            return
        outward = places_m[inside] / np.maximum(distances_m[inside], 1e-9)[:, None]
        jacobian = -self.skin.pulled_back(outward, inside, state) / self.deviation_m
        normal.add_block(columns, depths_m[inside] / self.deviation_m, jacobian)


@lru_cache(maxsize=8)
def _skin_near_eyes(head: Head) -> tuple[RestPoints, np.ndarray] | None:
    skin = skin_vertices(head)
    parts, radii = [], []
    for joint in (JOINT_NAMES.index("left_eye"), JOINT_NAMES.index("right_eye")):
        eyeball = np.flatnonzero(head.skinning_weights[:, joint] > 0.5)
        if not len(eyeball):
            return None
        centre_m = head.joints_mean_m[joint]
        radius_m = float(np.median(np.linalg.norm(head.mean_m[eyeball] - centre_m, axis=1)))
        distances_m = np.linalg.norm(head.mean_m[skin] - centre_m, axis=1)
        near = distances_m < _REACH * radius_m
        parts.append(RestPoints.of(head, skin[near]).relative_to_joint(head, joint))
        radii.append(np.minimum(radius_m, distances_m[near]))
    return RestPoints.joined(*parts), np.concatenate(radii)
