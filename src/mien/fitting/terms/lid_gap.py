"""Upper lids stay above lower ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.fitting.rest_points import RestPoints, shape_columns
from mien.fitting.scene.head_state import HeadState
from mien.heads.landmark_sets import LID_PAIRS
from mien.heads.model import Head
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True, eq=False)
class LidGapTerm:
    """½ Σ (how far an upper lid's margin is below the lower's / deviation)², along the head's up direction.

    Lids that are open or just closed cost nothing.

    Attributes:
        upper, lower: facing points of the lids' margins.
        deviation_m: metres.
    """

    upper: RestPoints
    lower: RestPoints
    deviation_m: float
    name: str = "eyelid gap"

    @staticmethod
    def of(head: Head, *, deviation_m: float) -> LidGapTerm | None:
        """The term, or None for a head without a set that names lids."""
        lids = _lids(head)
        return None if lids is None else LidGapTerm(*lids, deviation_m)

    def overlaps_m(self, state: HeadState) -> np.ndarray:
        """(K,) how far each pair has crossed; 0 where it has not."""
        return np.maximum(self.lower.at(state)[:, 1] - self.upper.at(state)[:, 1], 0)

    def cost(self, state: HeadState) -> float:
        return 0.5 * float((self.overlaps_m(state) ** 2).sum()) / self.deviation_m**2

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        unknowns = state.scene.unknowns
        columns = shape_columns(unknowns)
        overlaps_m = self.overlaps_m(state)
        crossed = np.flatnonzero(overlaps_m)
        if not len(columns):
            normal.cost += self.cost(state)
            return
        up = np.tile([0.0, 1.0, 0.0], (len(crossed), 1))
        jacobian = self.lower.pulled_back(up, crossed, state)
        jacobian -= self.upper.pulled_back(up, crossed, state)
        normal.add_block(columns, overlaps_m[crossed] / self.deviation_m, jacobian / self.deviation_m)


@lru_cache(maxsize=8)
def _lids(head: Head) -> tuple[RestPoints, RestPoints] | None:
    for name, pairs in LID_PAIRS.items():
        if name in head.landmark_sets:
            vertices = head.landmark_sets[name].vertices[np.array(pairs)]
            return RestPoints.of(head, vertices[:, 0]), RestPoints.of(head, vertices[:, 1])
    return None
