"""Least-squares problems made of terms: one head in one picture, and several that share unknowns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.heads.parameters import HeadParameters
from mien.least_squares.normal_equations import NormalEquations


@runtime_checkable
class Term(Protocol):
    """One part of the energy: a negative log-likelihood up to a constant."""

    @property
    def name(self) -> str:
        """For messages and reports."""
        ...

    def cost(self, state: HeadState) -> float:
        """Value at a state."""
        ...

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        """Add gradient, Gauss–Newton Hessian and cost at a state."""
        ...


class PointTerm(Term, Protocol):
    """A term of the projected points alone: where only the gradient is new, it needs no Jacobian."""

    def by_point(self, state: HeadState) -> tuple[Float[np.ndarray, "2 landmarks"], float]:
        """Derivatives by the projected points, and the cost."""
        ...


@dataclass(frozen=True, eq=False)
class HeadProblem:
    """One head in one picture."""

    scene: HeadScene
    terms: tuple[Term, ...]
    _last: HeadState | None = field(default=None, init=False, repr=False)

    @property
    def size(self) -> int:
        return self.scene.unknowns.size

    def start(self) -> Float[np.ndarray, " unknowns"]:
        """The solver's vector of the scene's base parameters."""
        return self.scene.unknowns.pack(self.scene.base, focal_px=self.scene.camera.focal_px)

    def state(self, x: Float[np.ndarray, " unknowns"]) -> HeadState:
        """The head at a point. The last is kept: solvers linearise where they just asked for the cost."""
        last = self._last
        if last is None or not np.array_equal(last.x, x):
            last = HeadState(self.scene, x.copy())
            object.__setattr__(self, "_last", last)
        return last

    def cost(self, x: Float[np.ndarray, " unknowns"]) -> float:
        state = self.state(x)
        return sum(term.cost(state) for term in self.terms)

    def linearize(
        self, x: Float[np.ndarray, " unknowns"], *, near: NormalEquations | None = None
    ) -> NormalEquations:
        state = self.state(x)
        normal = NormalEquations.zeros(self.size, near=near)
        if not np.isfinite(state.points_px).all():
            normal.cost = float("nan")
            return normal
        if near is None:
            for term in self.terms:
                term.add_to(normal, state)
            return normal
        by_point = np.zeros_like(state.points_px)
        for term in self.terms:
            if hasattr(term, "by_point"):
                pull, cost = cast(PointTerm, term).by_point(state)
                by_point += pull
                normal.cost += cost
            else:
                term.add_to(normal, state)
        normal.gradient += state.gradient(by_point)
        return normal

    def parameters(self, x: Float[np.ndarray, " unknowns"]) -> HeadParameters:
        """Head parameters at a point."""
        return self.scene.unknowns.unpack(x, self.scene.base)

    def camera(self, x: Float[np.ndarray, " unknowns"]) -> Camera:
        """The camera at a point: with the focal length found, where that is free."""
        camera, unknowns = self.scene.camera, self.scene.unknowns
        if not unknowns.focal:
            return camera
        ratio = unknowns.unpack_focal_px(x, focal_px=camera.focal_px) / camera.focal_px
        intrinsics = camera.intrinsics.copy()
        intrinsics[:2, :2] *= ratio
        return replace(camera, intrinsics=intrinsics)


@dataclass(frozen=True, eq=False)
class SharedProblem:
    """Several problems over one vector of unknowns, for example the frames of one person's video.

    Attributes:
        parts: the problems.
        columns: for each of them the places of its unknowns in the common vector.
    """

    parts: tuple[HeadProblem, ...]
    columns: tuple[np.ndarray, ...]

    @staticmethod
    def sharing_person(parts: Sequence[HeadProblem]) -> SharedProblem:
        """Problems with equal unknowns that share identity and focal length and have a pose each."""
        unknowns = parts[0].scene.unknowns
        shared = unknowns.size - unknowns.frame_size
        columns = [
            np.concatenate(
                [
                    shared + index * unknowns.frame_size + np.arange(unknowns.frame_size),
                    np.arange(shared),
                ]
            )
            for index in range(len(parts))
        ]
        return SharedProblem(tuple(parts), tuple(columns))

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

    def linearize(
        self, x: Float[np.ndarray, " unknowns"], *, near: NormalEquations | None = None
    ) -> NormalEquations:
        normal = NormalEquations.zeros(self.size)
        for part, columns in zip(self.parts, self.columns, strict=True):
            normal.add(part.linearize(x[columns]), columns)
        return normal
