"""One frame of a person who is known: pose and expression only, started from the frame before."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from mien.cameras import Camera
from mien.fitting.config import FitConfig
from mien.fitting.plausibility import implausible_place
from mien.fitting.rigid_start import rigid_start
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.joints_prior import NECK
from mien.fitting.terms.landmarks import LandmarkTerm, face_radius_px
from mien.fitting.terms.openings import OpeningTerm
from mien.fitting.terms.priors import prior_terms
from mien.fitting.terms.quadratic import QuadraticTerm
from mien.fitting.terms.temporal import NearPreviousTerm, StillPointsTerm, StillVerticesTerm
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.solution import Status
from mien.least_squares.solver import WarmSolver

TRACK_SOLVER = LevenbergMarquardt(max_iterations=6, relative_tolerance=5e-2, chord_steps=2)
FIRST_SOLVER = LevenbergMarquardt(max_iterations=20, relative_tolerance=1e-4)

LOST_RESIDUAL = 0.3
"""Median distance of fitted points from landmarks, in face radii, that no face that is followed reaches."""


class FrameFitter:
    """Fits frame after frame of one person.

    Attributes:
        model: the head's landmarks.
        camera: camera of all frames.
        identity: who it is.
    """

    def __init__(self, model: FitModel, *, camera: Camera, identity: np.ndarray, config: FitConfig) -> None:
        self.model, self.camera, self.identity, self.config = model, camera, identity, config
        self.unknowns = Unknowns(expression_count=model.head.expression_count, joints=model.free_joints)
        self._priors: tuple[Term, ...] = ()
        self._scene: HeadScene | None = None
        self._last: HeadState | None = None
        self._near: NormalEquations | None = None

    @one_blas_thread
    def __call__(
        self, landmarks: Landmarks2D, previous: HeadParameters | None
    ) -> tuple[HeadParameters, Status]:
        """Parameters of the next frame.

        Args:
            landmarks: this frame's.
            previous: the frame before; None after a cut or a loss, and the fit then starts from nothing.

        Returns:
            The parameters, and the status: LOST when the landmarks look like no head.
        """
        data = LandmarkTerm.of(landmarks, self.config, present=self.model.present)
        if previous is not None:
            parameters, status, residual = self._solve(
                landmarks, data, self._with_person(previous), TRACK_SOLVER
            )
            if status.usable and residual < LOST_RESIDUAL and not self._implausible(parameters, landmarks):
                return parameters, status
        neutral = replace(self.model.head.neutral(), identity=self.identity)
        start, rigid = rigid_start(self.model, landmarks, data, camera=self.camera, base=neutral)
        if not rigid.status.usable:
            return neutral, Status.NOT_FINITE
        parameters, status, residual = self._solve(landmarks, data, start, FIRST_SOLVER, first=True)
        if status.usable and residual < LOST_RESIDUAL and self._implausible(parameters, landmarks):
            status = Status.IMPLAUSIBLE
        return parameters, status if residual < LOST_RESIDUAL else Status.LOST

    def _implausible(self, parameters: HeadParameters, landmarks: Landmarks2D) -> bool:
        head = self.model.head
        return implausible_place(parameters, self.camera, head, landmarks.set_name) is not None

    def _with_person(self, parameters: HeadParameters) -> HeadParameters:
        return replace(parameters, identity=self.identity)

    def _solve(
        self,
        landmarks: Landmarks2D,
        data: LandmarkTerm,
        start: HeadParameters,
        solver: WarmSolver,
        *,
        first: bool = False,
    ) -> tuple[HeadParameters, Status, float]:
        scene = self._scene_with(start)
        terms: list[Term] = [data, *self._priors]
        openings = OpeningTerm.of(self.model, landmarks, self.config)
        if openings is not None:
            terms.append(openings)
        x = self.unknowns.pack(start, focal_px=self.camera.focal_px)
        last = self._last
        if last is None or last.scene is not scene or not np.array_equal(last.x, x):
            last = HeadState(scene, x)
        if not first:
            terms += self._ties(start, last, data)
        problem = HeadProblem(scene, tuple(terms))
        begin = last
        if not first:
            followed = _followed(last, data)
            if data.cost(followed) < data.cost(last):
                begin = followed
        problem.keep(begin)
        solution = solver.solve(problem, begin.x, near=None if first else self._near)
        self._near = cast(NormalEquations, solution.equations)
        self._last = state = problem.state(solution.x)
        offsets_px = state.points_px - data.target_px
        if not data.precision.all():
            offsets_px = offsets_px[:, data.precision > 0]
        squared = offsets_px[0] ** 2 + offsets_px[1] ** 2
        middle = len(squared) // 2
        distance_px = float(np.sqrt(np.partition(squared, middle)[middle]))
        residual = distance_px / max(face_radius_px(landmarks), 1e-9)
        return state.parameters, solution.status, residual if np.isfinite(residual) else float("inf")

    def _scene_with(self, start: HeadParameters) -> HeadScene:
        """The scene of a frame; the last one's as long as person, camera and fixed joints are the same."""
        scene = self._scene
        if (
            scene is None
            or scene.camera is not self.camera
            or scene.base.identity is not self.identity
            or not np.array_equal(scene.base.joint_rotations[NECK], start.joint_rotations[NECK])
        ):
            base = replace(start, identity=self.identity)
            self._scene = scene = HeadScene(self.model, self.unknowns, base, self.camera)
            self._near = None
            if not self._priors:
                at_rest = HeadState(scene, np.zeros(self.unknowns.size))
                terms = prior_terms(self.model.head, self.unknowns, self.config)
                self._priors = tuple(QuadraticTerm.merged(terms, at_rest))
        return scene

    def _ties(self, previous: HeadParameters, state: HeadState, data: LandmarkTerm) -> list[Term]:
        """Terms that hold a frame near the one before."""
        config, focal_px = self.config, self.camera.focal_px
        terms: list[Term] = [NearPreviousTerm.of(self.unknowns, previous, focal_px=focal_px, config=config)]
        if config.still_points_std > 0:
            terms.append(StillPointsTerm(state.points_px, data.precision / config.still_points_std))
        if config.still_vertices_std_m > 0:
            terms.append(StillVerticesTerm(state.vertices_m, config.still_vertices_std_m))
        return terms


def _followed(last: HeadState, data: LandmarkTerm) -> HeadState:
    """The frame before, moved rigidly as the landmarks did: one Gauss–Newton step over the root's pose.

    Most of what changes between two frames is the head's pose; a step over it alone costs little, and leaves
    residuals that are small enough for the robust kernel's weights, and so the Hessian, to be right.
    """
    from scipy.linalg.lapack import dposv

    jacobian_t = (last.pose_jacobian_t() * data.precision).reshape(6, -1)
    residuals = ((data.target_px - last.points_px) * data.precision).reshape(-1)
    _, change, info = dposv(jacobian_t @ jacobian_t.T, jacobian_t @ residuals)
    if info != 0:
        return last
    x = last.x.copy()
    x[:6] += change
    return HeadState(last.scene, x, posed=last)
