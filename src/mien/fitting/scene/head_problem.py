"""The least-squares problem of one head in one picture, made of terms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.fitting.scene.point_terms import PointTerm, add_points
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


@dataclass(frozen=True, eq=False)
class HeadProblem:
    """One head in one picture.

    Attributes:
        scene: what is fixed, and which unknowns there are.
        terms: whose sum is minimised.
    """

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
        # Compared as bytes, which for so few numbers takes a tenth of numpy's time.
        if last is None or last.x.tobytes() != x.tobytes():
            last = HeadState(self.scene, x.copy())
            self.keep(last)
        return last

    def keep(self, state: HeadState) -> None:
        """A state of this scene that somebody else has made: it is not made again."""
        object.__setattr__(self, "_last", state)

    def cost(self, x: Float[np.ndarray, " unknowns"]) -> float:
        state = self.state(x)
        return sum(term.cost(state) for term in self.terms)

    def linearize(
        self, x: Float[np.ndarray, " unknowns"], *, near: NormalEquations | None = None
    ) -> NormalEquations:
        """Normal equations at a point; the cost is NaN where a landmark lies behind the camera.

        Args:
            near: equations at a point nearby, whose dense part is taken over: the terms of points then need
                no Jacobian.
        """
        state = self.state(x)
        normal = NormalEquations.zeros(self.size, near=near)
        if not np.isfinite(state.points_px).all():
            normal.cost = float("nan")
            return normal
        for term in self._others:
            term.add_to(normal, state)
        if self._of_points:
            add_points(normal, state, self._of_points)
        return normal

    @cached_property
    def _of_points(self) -> list[PointTerm]:
        return [cast(PointTerm, term) for term in self.terms if hasattr(term, "by_point")]

    @cached_property
    def _others(self) -> list[Term]:
        return [term for term in self.terms if not hasattr(term, "by_point")]

    def parameters(self, x: Float[np.ndarray, " unknowns"]) -> HeadParameters:
        """Head parameters at a point."""
        return self.state(x).parameters

    def camera(self, x: Float[np.ndarray, " unknowns"]) -> Camera:
        """The camera at a point: with the focal length found, where that is free."""
        camera, unknowns = self.scene.camera, self.scene.unknowns
        if not unknowns.focal:
            return camera
        ratio = unknowns.unpack_focal_px(x, focal_px=camera.focal_px) / camera.focal_px
        intrinsics = camera.intrinsics.copy()
        intrinsics[:2, :2] *= ratio
        return replace(camera, intrinsics=intrinsics)
