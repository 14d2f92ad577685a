"""One person in several pictures: one identity, and what else the pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.checked_calls import checked_call
from mien.errors import FitError, InputError, ShapeError, check_type
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.fit_error import usable_fit_or_raise
from mien.fitting.photo import fit_landmarks, head_fit, judged
from mien.fitting.results import HeadFit
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.shared_problem import SharedProblem, Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.identity_prior import NormalIdentityTerm, identity_term
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.priors import prior_terms
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.solution import Solution, Status

VIEWS_START_SOLVER = LevenbergMarquardt(max_iterations=15, relative_tolerance=1e-3)

VIEWS_SOLVER = LevenbergMarquardt(max_iterations=40, relative_tolerance=1e-6)


@dataclass(frozen=True, eq=False)
class ViewsFit:
    """One person fitted to several pictures.

    Attributes:
        fits: one per picture, in its order; None where no face was found. All have the same identity. With
            `same_moment` all have the same parameters too, in one world, and only their cameras differ.
        status, iterations, cost_history: how the joint solve went.
        reason: why it is implausible, where it is.
    """

    fits: tuple[HeadFit | None, ...]
    status: Status
    iterations: int
    cost_history: tuple[float, ...]
    reason: str = ""

    @property
    def found(self) -> tuple[HeadFit, ...]:
        """The fits of pictures with a face."""
        return tuple(fit for fit in self.fits if fit is not None)

    @property
    def identity(self) -> Float[np.ndarray, " identity"]:
        """Who it is.

        Raises:
            FitError: no picture showed a face.
        """
        if not self.found:
            raise FitError("no picture shows a face, so there is no identity")
        return self.found[0].parameters.identity


def fit_views(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"] | str | Path],
    cameras: Sequence[Camera | CameraPrior] | None = None,
    *,
    same_moment: bool | None = None,
    same_camera: bool = False,
    head: Head | str | Path | None = None,
    context: Context | None = None,
) -> ViewsFit:
    """Fit one head to several pictures of one person; in each, the most certain face is taken.

    Args:
        images: pictures, or their files.
        cameras: their cameras in one world, focal lengths included (see `mien.read_cameras`), or what is
            known of each camera's focal length, which is then solved for, and with it where the camera was.
            When None: what the files say, and nothing of pictures without a file.
        same_moment: the pictures show the head in one pose with one expression, as from a rig or a person
            who keeps still: these are then shared too. Otherwise each picture has its own. When None: True
            with known cameras, False without.
        same_camera: without known cameras: all pictures have one focal length (one camera, no zoom, one
            size).
        head: whose head is fitted, in place of the context's: a head or its file, for example FLAME's.
        context: head, landmarker and settings; the built-in ones when None.

    Raises:
        InputError: a file is missing or no picture, there are no pictures, or only some cameras are known.
        LandmarkSetError: the head lacks the landmarker's set.
        ShapeError: not as many cameras as pictures.
    """
    images = list(images) if isinstance(images, np.ndarray) and images.ndim == 4 else images
    check_type(images, (list, tuple), argument="images", call="mien.fit_views([image, other_image])")
    context = Context.of(context, head)
    found: list[Landmarks2D | None] = []
    told: list[CameraPrior] = []
    given = None if cameras is None else list(cameras)
    for index, image in enumerate(images):
        if isinstance(image, str | Path):
            from mien.images.photo import read_photo

            photo = read_photo(image)
            image, prior = photo.image, CameraPrior.of_photo(photo)
            stated = given[index] if given is not None and index < len(given) else None
            if given is not None and isinstance(stated, Camera):
                given[index] = photo.upright_camera(stated)
        else:
            prior = CameraPrior.of_image(image)
        faces = context.finder(image)
        found.append(faces[0] if faces else None)
        told.append(prior)
    return fit_landmark_views(
        found,
        told if given is None else given,
        same_moment=same_moment,
        same_camera=same_camera,
        context=context,
    )


@checked_call
@one_blas_thread
def fit_landmark_views(
    landmarks: Sequence[Landmarks2D | None],
    cameras: Sequence[Camera | CameraPrior],
    *,
    same_moment: bool | None = None,
    same_camera: bool = False,
    context: Context | None = None,
    throw: bool = False,
) -> ViewsFit:
    """Fit one head to landmarks in several pictures, all of one set.

    Args:
        landmarks: one face per picture; None where there is none.
        cameras: of each picture, all known in one world, or what is known of each one's focal length.
        same_moment, same_camera: as for `fit_views`.
        context: head and settings; the built-in ones when None.
        throw: raise when the fit fails instead of returning its status.

    Raises:
        FitError: with `throw`, when no pose explains the landmarks.
        InputError: there are no pictures, their landmarks are of different sets, or only some cameras are
            known.
        ShapeError: not as many cameras as pictures.
    """
    if len(cameras) != len(landmarks):
        raise ShapeError("cameras", expected=f"({len(landmarks)},), one per picture", actual=(len(cameras),))
    if not landmarks:
        raise InputError("there are no pictures to fit a head to")
    priors = [CameraPrior.of(camera) for camera in cameras]
    if len({prior.focal_unknown for prior in priors}) > 1:
        raise InputError(
            "some cameras are known and others are not; give all cameras in one world, or a CameraPrior.near "
            "or .free for every picture"
        )
    posed = not priors[0].focal_unknown
    context = context or Context()
    seen = [index for index, face in enumerate(landmarks) if face is not None]
    faces = [face for face in landmarks if face is not None]
    if len({face.set_name for face in faces}) > 1:
        raise InputError("the pictures' landmarks are of different sets; convert them with .to(set_name)")
    singles = []
    for index, face in zip(seen, faces, strict=True):
        # Each alone first: in its own world, where a face that looks into the camera has no rotation.
        own = replace(priors[index].camera, camera_from_world=PICTURE_CAMERA_FROM_WORLD)
        alone = replace(priors[index], camera=own)
        singles.append(fit_landmarks(face, alone, context=context, throw=throw))
    for index, fit in zip(seen, singles, strict=True):
        if priors[index].alternatives:
            priors[index] = replace(priors[index], camera=fit.camera, focal=fit.focal, alternatives=())
    # What is implausible alone may be a start all the same: several pictures tell more than one.
    usable = [k for k, fit in enumerate(singles) if fit.status.usable or fit.iterations]
    fits: list[HeadFit | None] = [None] * len(landmarks)
    if not usable:
        if not singles:
            return ViewsFit(tuple(fits), Status.LOST, 0, ())
        return ViewsFit(tuple(fits), singles[0].status, 0, (), singles[0].reason)
    singles, seen = [singles[k] for k in usable], [seen[k] for k in usable]
    joint = _Joint(
        context,
        singles,
        priors=[priors[index] for index in seen],
        same_moment=posed if same_moment is None else same_moment,
        same_camera=same_camera,
    )
    solution, joint_fits = joint.solve(throw=throw)
    for index, fit in zip(seen, joint_fits, strict=True):
        fits[index] = fit
    status, reason = solution.status, ""
    if not any(fit.status.usable for fit in joint_fits):
        status, reason = joint_fits[0].status, joint_fits[0].reason
    return ViewsFit(tuple(fits), status, solution.iterations, solution.cost_history, reason)


class _Joint:
    """All pictures together, started from each alone."""

    def __init__(
        self,
        context: Context,
        singles: list[HeadFit],
        *,
        priors: list[CameraPrior],
        same_moment: bool,
        same_camera: bool,
    ) -> None:
        head = context.loaded_head
        self.head, self.config = head, context.config
        self.singles, self.priors = singles, priors
        self.posed, self.same_moment = not priors[0].focal_unknown, same_moment
        self.model = FitModel.of(head, singles[0].landmarks.set_name)
        self.unknowns = Unknowns(
            identity_count=head.identity_count,
            expression_count=head.expression_count,
            joints=self.model.free_joints,
            focal=not self.posed,
            dolly=not self.posed,
        )
        self.cameras = [prior.camera for prior in priors] if self.posed else [fit.camera for fit in singles]
        if same_camera and not self.posed:
            focal_px = float(np.exp(np.mean([np.log(camera.focal_px) for camera in self.cameras])))
            self.cameras = [camera.with_focal(focal_px) for camera in self.cameras]
        self.sharing = Sharing(
            pose=self.posed and same_moment, expression=same_moment, focal=same_camera and not self.posed
        )
        self.starts = self._starts()

    def _starts(self) -> list[HeadParameters]:
        identity = np.mean([fit.parameters.identity for fit in self.singles], axis=0)
        starts = [replace(fit.parameters, identity=identity) for fit in self.singles]
        if self.same_moment:
            expression = np.mean([start.expression for start in starts], axis=0)
            joints = np.mean([start.joint_rotations for start in starts], axis=0)
            starts = [replace(start, expression=expression, joint_rotations=joints) for start in starts]
        if self.posed:
            starts = [_in_world(start, camera) for start, camera in zip(starts, self.cameras, strict=True)]
        if self.sharing.pose:
            # Views seen alone disagree about depth: the pose that explains all of them best is the start.
            costs = [self._problem([start] * len(starts), plain=True)[0] for start in starts]
            costs = [problem.cost(problem.start()) for problem in costs]
            best = int(np.argmin([cost if np.isfinite(cost) else np.inf for cost in costs]))
            starts = [starts[best]] * len(starts)
        return starts

    def _problem(
        self, starts: list[HeadParameters], *, plain: bool
    ) -> tuple[SharedProblem, list[HeadProblem]]:
        """The joint problem; `plain` has a normal prior over identity instead of a mixture (see photo.py)."""
        parts = []
        for index, (fit, camera, start) in enumerate(zip(self.singles, self.cameras, starts, strict=True)):
            terms: list[Term] = [LandmarkTerm.of(fit.landmarks, self.config, present=self.model.present)]
            # Priors on what is shared count once.
            if index == 0 or not self.sharing.expression:
                terms += prior_terms(self.head, self.unknowns, self.config, identity=False)
            if index == 0:
                deviation = self.config.identity_std
                terms.append(
                    NormalIdentityTerm(deviation) if plain else identity_term(self.head, deviation=deviation)
                )
            if index == 0 or not self.sharing.focal:
                terms += self.priors[index].terms(self.config)
            scene = HeadScene(self.model, self.unknowns, start, camera)
            parts.append(HeadProblem(scene, tuple(terms)))
        return self.sharing.problem(parts), parts

    def solve(self, *, throw: bool) -> tuple[Solution, list[HeadFit]]:
        problem, _ = self._problem(self.starts, plain=True)
        start = usable_fit_or_raise(VIEWS_START_SOLVER.solve(problem, problem.start()), throw=throw).x
        problem, parts = self._problem(self.starts, plain=False)
        solution = usable_fit_or_raise(VIEWS_SOLVER.solve(problem, start), throw=throw)
        fits = [
            head_fit(part, replace(solution, x=solution.x[columns]), single.landmarks, focal=single.focal)
            for part, columns, single in zip(parts, problem.columns, self.singles, strict=True)
        ]
        if self.same_moment and not self.posed:
            fits = [_in_world_of(fit, fits[0]) for fit in fits]
        return solution, [judged(fit, self.head, throw=throw) for fit in fits]


def _in_world(parameters: HeadParameters, camera: Camera) -> HeadParameters:
    """A head of a picture's own world in the world of the picture's camera."""
    return _moved(parameters, camera.world_from_camera @ PICTURE_CAMERA_FROM_WORLD)


def _moved(parameters: HeadParameters, motion: np.ndarray) -> HeadParameters:
    root = motion[:3, :3] @ matrix_from_rotation_vector(parameters.root_rotation)
    return replace(
        parameters,
        root_rotation=rotation_vector_from_matrix(root),
        root_translation_m=motion[:3, :3] @ parameters.root_translation_m + motion[:3, 3],
    )


def _in_world_of(fit: HeadFit, first: HeadFit) -> HeadFit:
    """The same fit with the head where the first picture has it, and the camera moved instead."""

    def world_from_head(parameters: HeadParameters) -> np.ndarray:
        matrix = np.eye(4)
        matrix[:3, :3] = matrix_from_rotation_vector(parameters.root_rotation)
        matrix[:3, 3] = parameters.root_translation_m
        return matrix

    own_from_first = world_from_head(fit.parameters) @ np.linalg.inv(world_from_head(first.parameters))
    camera = replace(fit.camera, camera_from_world=fit.camera.camera_from_world @ own_from_first)
    parameters = replace(
        fit.parameters,
        root_rotation=first.parameters.root_rotation,
        root_translation_m=first.parameters.root_translation_m,
    )
    return replace(fit, parameters=parameters, camera=camera)
