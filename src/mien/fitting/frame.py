"""One frame of a person who is known: pose and expression only, started from the frame before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.cameras import Camera
from mien.fitting.fit_model import FitModel
from mien.fitting.head_state import HeadScene
from mien.fitting.levenberg_marquardt import LevenbergMarquardt
from mien.fitting.problem import HeadProblem, Term
from mien.fitting.results import Status
from mien.fitting.rigid_start import rigid_start
from mien.fitting.terms.landmarks import LandmarkTerm, face_radius_px
from mien.fitting.terms.openings import OpeningTerm
from mien.fitting.terms.priors import prior_terms
from mien.fitting.terms.temporal import NearPreviousTerm, StillPointsTerm, StillVerticesTerm
from mien.fitting.unknowns import Unknowns
from mien.fitting.weights import FitWeights
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D

TRACK_SOLVER = LevenbergMarquardt(max_iterations=4, relative_tolerance=1e-3, first_damping=1e-2)
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

    def __init__(self, model: FitModel, *, camera: Camera, identity: np.ndarray, weights: FitWeights) -> None:
        self.model, self.camera, self.identity, self.weights = model, camera, identity, weights
        self.unknowns = Unknowns(expression_count=model.head.expression_count, joints=model.free_joints)
        self._priors = tuple(prior_terms(model.head, self.unknowns, weights))

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
        data = LandmarkTerm.of(landmarks, self.weights)
        if previous is not None:
            parameters, status, residual = self._solve(
                landmarks, data, self._with_person(previous), TRACK_SOLVER
            )
            if status.usable and residual < LOST_RESIDUAL:
                return parameters, status
        neutral = replace(self.model.head.neutral(), identity=self.identity)
        start, rigid = rigid_start(self.model, landmarks, data, camera=self.camera, base=neutral)
        if not rigid.status.usable:
            return neutral, Status.NOT_FINITE
        parameters, status, residual = self._solve(landmarks, data, start, FIRST_SOLVER, first=True)
        return parameters, status if residual < LOST_RESIDUAL else Status.LOST

    def _with_person(self, parameters: HeadParameters) -> HeadParameters:
        return replace(parameters, identity=self.identity)

    def _solve(
        self,
        landmarks: Landmarks2D,
        data: LandmarkTerm,
        start: HeadParameters,
        solver: LevenbergMarquardt,
        *,
        first: bool = False,
    ) -> tuple[HeadParameters, Status, float]:
        openings = OpeningTerm.of(self.model, landmarks, self.weights)
        terms: list[Term] = [data, *self._priors]
        if openings is not None:
            terms.append(openings)
        scene = HeadScene(self.model, self.unknowns, start, self.camera)
        if not first:
            terms.append(
                NearPreviousTerm.of(self.unknowns, start, focal_px=self.camera.focal_px, weights=self.weights)
            )
        problem = HeadProblem(scene, tuple(terms))
        x = problem.start()
        if not first and self.weights.still_points_std > 0:
            still = StillPointsTerm(
                problem.state(x).points_px, data.precision / self.weights.still_points_std
            )
            terms.append(still)
        if not first and self.weights.still_vertices_std_m > 0:
            terms.append(StillVerticesTerm(problem.state(x).vertices_m, self.weights.still_vertices_std_m))
        if len(terms) > len(problem.terms):
            problem = HeadProblem(scene, tuple(terms))
        solution = solver.solve(problem, x)
        state = problem.state(solution.x)
        offsets_px = state.points_px.T - landmarks.points_px
        distance_px = float(np.sqrt(np.median((offsets_px**2).sum(axis=1))))
        residual = distance_px / max(face_radius_px(landmarks), 1e-9)
        return state.parameters, solution.status, residual if np.isfinite(residual) else float("inf")
