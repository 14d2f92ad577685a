"""The least-squares problem of one person in several pictures, and what the pictures have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.unknowns import Unknowns
from mien.least_squares.chain_equations import ChainEquations
from mien.least_squares.equations import Equations
from mien.least_squares.normal_equations import NormalEquations


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
        # Unknowns of a part's own come first where poses and expressions are not shared.
        leading = bool((own == np.arange(len(own))).all())
        return SharedProblem(tuple(parts), tuple(columns), len(own) if leading else None)

    def _mask(self, unknowns: Unknowns) -> np.ndarray:
        shared = np.zeros(unknowns.size, bool)
        shared[unknowns.identity] = True
        shared[unknowns.root_rotation] = shared[unknowns.root_translation] = self.pose
        shared[unknowns.expression.start : unknowns.frame_size] = self.expression
        shared[unknowns.log_focal] = self.focal
        return shared


@dataclass(frozen=True, eq=False)
class SharedProblem:
    """Several problems over one vector of unknowns: each part's own, part after part, then what all share.

    What the parts do not share is eliminated part by part (a Schur complement), so time grows with their
    number; where they share a pose there is little else, and the matrix is dense.

    Attributes:
        parts: the problems.
        columns: for each of them the places of its unknowns in the common vector.
        own_size: how many unknowns each part has of its own, where these come first in its own vector.
    """

    parts: tuple[HeadProblem, ...]
    columns: tuple[np.ndarray, ...]
    own_size: int | None = None

    @property
    def size(self) -> int:
        return 1 + max(int(columns.max()) for columns in self.columns)

    def start(self) -> Float[np.ndarray, " unknowns"]:
        """Common vector of the parts' own starts; what is shared comes from the first."""
        x = np.empty(self.size)
        for part, columns in reversed(list(zip(self.parts, self.columns, strict=True))):
            x[columns] = part.start()
        return x

    def cost(self, x: Float[np.ndarray, " unknowns"]) -> float:
        return sum(part.cost(x[columns]) for part, columns in zip(self.parts, self.columns, strict=True))

    def linearize(self, x: Float[np.ndarray, " unknowns"], *, near: Equations | None = None) -> Equations:
        """Equations at a point; nothing is taken over from `near`."""
        if self.own_size:
            chain = ChainEquations.zeros(len(self.parts), self.own_size, self.parts[0].size - self.own_size)
            for row, (part, columns) in enumerate(zip(self.parts, self.columns, strict=True)):
                chain.add_frame(row, part.linearize(x[columns]))
            return chain
        normal = NormalEquations.zeros(self.size)
        for part, columns in zip(self.parts, self.columns, strict=True):
            normal.add(part.linearize(x[columns]), columns)
        return normal
