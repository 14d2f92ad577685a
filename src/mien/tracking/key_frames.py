"""Who a person is, from several frames at once: one identity and focal length, a pose and expression each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.config import FitConfig
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.shared_problem import Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.landmarks import LandmarkTerm, face_radius_px
from mien.fitting.terms.priors import prior_terms
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread

PERSON_SOLVER = LevenbergMarquardt(max_iterations=4, relative_tolerance=1e-3)


@dataclass(frozen=True)
class KeyFrame:
    """One frame that helps to know the person.

    Attributes:
        landmarks: what was seen.
        parameters: the fit so far.
        frame: its number.
    """

    landmarks: Landmarks2D
    parameters: HeadParameters
    frame: int

    @cached_property
    def gaze_of_head(self) -> Float[np.ndarray, " 3"]:
        """Where the face points, in the world."""
        return matrix_from_rotation_vector(self.parameters.root_rotation)[:, 2]

    @cached_property
    def relative_sigma(self) -> float:
        """Mean deviation of the landmarks over the face's radius: lower is better."""
        return self.landmarks.typical_sigma_px / max(face_radius_px(self.landmarks), 1e-9)


class KeyFrames:
    """A few frames that show a person from different sides."""

    def __init__(
        self, *, most: int = 8, min_turn_rad: float = 0.14, min_gap: int = 20, alike_views: int = 3
    ) -> None:
        """
        Args:
            most: frames kept.
            min_turn_rad: how far a new view must lie from all kept ones.
            min_gap: frames between two key frames of the same view.
            alike_views: so many frames are taken even if the head never turns.
        """
        self.most, self.min_turn_rad = most, min_turn_rad
        self.min_gap, self.alike_views = min_gap, alike_views
        self.kept: list[KeyFrame] = []

    def offer(self, candidate: KeyFrame) -> bool:
        """Keep a frame if it adds a view or is much clearer than the nearest; says whether it was kept."""
        if not self.kept:
            self.kept.append(candidate)
            return True
        turns = [_angle_rad(candidate.gaze_of_head, key.gaze_of_head) for key in self.kept]
        nearest = int(np.argmin(turns))
        gap = candidate.frame - max(key.frame for key in self.kept)
        new_view = turns[nearest] > self.min_turn_rad and gap > 2
        if len(self.kept) < self.most and (
            new_view or (len(self.kept) < self.alike_views and gap >= self.min_gap)
        ):
            self.kept.append(candidate)
            return True
        clearer = candidate.relative_sigma < 0.8 * self.kept[nearest].relative_sigma
        if clearer and not new_view and gap >= self.min_gap:
            self.kept[nearest] = candidate
            return True
        return False

    @one_blas_thread
    def fit_person(
        self,
        model: FitModel,
        *,
        camera: Camera,
        camera_terms: Sequence[Term],
        config: FitConfig,
        solver: LevenbergMarquardt = PERSON_SOLVER,
    ) -> tuple[np.ndarray, Camera]:
        """Refine identity and focal length on all kept frames together, and their own poses with them.

        Args:
            camera: of all frames.
            camera_terms: what is known of the camera, `CameraPrior.terms`: none where all is.

        Returns:
            The identity (I,), and the camera with the focal length found.
        """
        head = model.head
        unknowns = Unknowns(
            identity_count=head.identity_count,
            expression_count=head.expression_count,
            joints=model.free_joints,
            focal=bool(camera_terms),
            dolly=bool(camera_terms),
        )
        parts = []
        for index, key in enumerate(self.kept):
            terms: list[Term] = [LandmarkTerm.of(key.landmarks, config, present=model.present)]
            terms += prior_terms(head, unknowns, config, identity=index == 0)
            if index == 0:
                terms += camera_terms
            parts.append(HeadProblem(HeadScene(model, unknowns, key.parameters, camera), tuple(terms)))
        problem = Sharing(focal=True).problem(parts)
        solution = solver.solve(problem, problem.start())
        if not solution.status.usable:
            return self.kept[0].parameters.identity, camera
        for index, (part, columns) in enumerate(zip(parts, problem.columns, strict=True)):
            x = solution.x[columns]
            self.kept[index] = replace(self.kept[index], parameters=part.parameters(x))
        first = solution.x[problem.columns[0]]
        return self.kept[0].parameters.identity, parts[0].camera(first)


def _angle_rad(one: Float[np.ndarray, " 3"], other: Float[np.ndarray, " 3"]) -> float:
    return math.acos(min(max(float(one @ other), -1.0), 1.0))
