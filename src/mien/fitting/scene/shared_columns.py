"""Which unknowns several pictures of one person have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.fitting.scene.head_problem import HeadProblem, SharedProblem
from mien.fitting.scene.unknowns import Unknowns


@dataclass(frozen=True)
class Sharing:
    """What is one for all pictures; the rest is each picture's own. Identity always is.

    Attributes:
        pose: root rotation and translation.
        expression: expression and joints.
        focal: the focal length.
    """

    pose: bool = False
    expression: bool = False
    focal: bool = False

    def problem(self, parts: Sequence[HeadProblem]) -> SharedProblem:
        """One problem of parts with equal unknowns."""
        unknowns = parts[0].scene.unknowns
        shared = self._mask(unknowns)
        common, own = np.flatnonzero(shared), np.flatnonzero(~shared)
        columns = []
        for index in range(len(parts)):
            places = np.empty(unknowns.size, int)
            places[own] = index * len(own) + np.arange(len(own))
            places[common] = len(parts) * len(own) + np.arange(len(common))
            columns.append(places)
        return SharedProblem(tuple(parts), tuple(columns))

    def _mask(self, unknowns: Unknowns) -> np.ndarray:
        shared = np.zeros(unknowns.size, bool)
        shared[unknowns.identity] = True
        shared[unknowns.root_rotation] = shared[unknowns.root_translation] = self.pose
        shared[unknowns.expression.start : unknowns.frame_size] = self.expression
        shared[unknowns.log_focal] = self.focal
        return shared
