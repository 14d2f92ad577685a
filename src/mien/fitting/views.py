"""One person in several pictures: one identity, and what else the pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.errors import FitError, InputError, ShapeError
from mien.fitting.energy import DEFAULT_WEIGHTS, FitWeights
from mien.fitting.fit_error import usable_fit_or_raise
from mien.fitting.photo import CAMERA_FROM_WORLD, Landmarker, fit_landmarks, head_fit
from mien.fitting.results import HeadFit
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.shared_problem import SharedProblem, Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.focal_prior import FocalTerm
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


@dataclass(frozen=True)
class ViewsFit:
    """One person fitted to several pictures.

    Attributes:
        fits: one per picture, in its order; None where no face was found. All have the same identity. With
            `same_moment` all have the same parameters too, in one world, and only their cameras differ.
        status, iterations, cost_history: how the joint solve went.
    """

    fits: tuple[HeadFit | None, ...]
    status: Status
    iterations: int
    cost_history: tuple[float, ...]

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
    cameras: Sequence[Camera] | None = None,
    *,
    same_moment: bool | None = None,
    same_camera: bool = False,
    landmarker: Landmarker | None = None,
    head: Head | None = None,
    weights: FitWeights = DEFAULT_WEIGHTS,
) -> ViewsFit:
    """Fit one head to several pictures of one person; in each, the most certain face is taken.

    Args:
        images: pictures, or their files, whose EXIF focal lengths are then used.
        cameras: their cameras in one world, focal lengths included (see `mien.camera_files`). When None, each
            picture's focal length is solved for, and with it where the camera was.
        same_moment: the pictures show the head in one pose with one expression, as from a rig or a person
            who keeps still: these are then shared too. Otherwise each picture has its own. When None: True
            with `cameras`, False without.
        same_camera: without `cameras`: all pictures have one focal length (one camera, no zoom, one size).
        landmarker: finds faces; the built-in `Landmarker("realtime")` when None.
        head: the built-in head when None.

    Raises:
        InputError: a file is missing or no picture, or there are no pictures.
        LandmarkSetError: the head lacks the landmarker's set.
        ShapeError: not as many cameras as pictures.
    """
    if landmarker is None:
        from mien.landmarks.landmarker import Landmarker as BuiltIn

        landmarker = BuiltIn("realtime")
    found: list[Landmarks2D | None] = []
    sizes: list[tuple[int, int]] = []
    focals: list[float | None] = []
    for image in images:
        focal_px = None
        if isinstance(image, str | Path):
            from mien.images.photo import read_photo

            photo = read_photo(image)
            image, focal_px = photo.image, photo.focal_px
        faces = landmarker(image)
        found.append(faces[0] if faces else None)
        sizes.append((image.shape[1], image.shape[0]))
        focals.append(focal_px)
    return fit_landmark_views(
        found,
        cameras,
        sizes_px=sizes,
        focals_px=focals,
        same_moment=same_moment,
        same_camera=same_camera,
        head=head,
        weights=weights,
    )


@one_blas_thread
def fit_landmark_views(
    landmarks: Sequence[Landmarks2D | None],
    cameras: Sequence[Camera] | None = None,
    *,
    sizes_px: Sequence[tuple[int, int]] | None = None,
    focals_px: Sequence[float | None] | None = None,
    same_moment: bool | None = None,
    same_camera: bool = False,
    head: Head | None = None,
    weights: FitWeights = DEFAULT_WEIGHTS,
    throw: bool = False,
) -> ViewsFit:
    """Fit one head to landmarks in several pictures, all of one set.

    Args:
        landmarks: one face per picture; None where there is none.
        cameras, same_moment, same_camera: as for `fit_views`.
        sizes_px: width and height of each picture; needed without `cameras`.
        focals_px: focal lengths that are nearly known.
        throw: raise when the fit fails instead of returning its status.

    Raises:
        FitError: with `throw`, when no pose explains the landmarks.
        InputError: there are no pictures, their landmarks are of different sets, or their sizes are missing.
        ShapeError: not as many cameras, sizes or focal lengths as pictures.
    """
    for what, given in (("cameras", cameras), ("sizes_px", sizes_px), ("focals_px", focals_px)):
        if given is not None and len(given) != len(landmarks):
            raise ShapeError(what, expected=f"({len(landmarks)},), one per picture", actual=(len(given),))
    if not landmarks:
        raise InputError("there are no pictures to fit a head to")
    if cameras is None and sizes_px is None:
        raise InputError("fitting several pictures needs their cameras, or at least their sizes (sizes_px)")
    if head is None:
        from mien.heads.library import load_head

        head = load_head()
    seen = [index for index, face in enumerate(landmarks) if face is not None]
    faces = [face for face in landmarks if face is not None]
    if len({face.set_name for face in faces}) > 1:
        raise InputError("the pictures' landmarks are of different sets; convert them with .to(set_name)")
    singles = []
    for index, face in zip(seen, faces, strict=True):
        # Each alone first: in its own world, where a face that looks into the camera has no rotation.
        width_px, height_px = sizes_px[index] if sizes_px is not None else (None, None)
        singles.append(
            fit_landmarks(
                face,
                camera=None
                if cameras is None
                else replace(cameras[index], camera_from_world=CAMERA_FROM_WORLD),
                focal_px=None if focals_px is None else focals_px[index],
                width_px=width_px,
                height_px=height_px,
                head=head,
                weights=weights,
                throw=throw,
            )
        )
    usable = [k for k, fit in enumerate(singles) if fit.status.usable]
    fits: list[HeadFit | None] = [None] * len(landmarks)
    if not usable:
        return ViewsFit(tuple(fits), Status.NOT_FINITE if seen else Status.LOST, 0, ())
    singles, seen = [singles[k] for k in usable], [seen[k] for k in usable]
    joint = _Joint(
        head,
        singles,
        cameras=None if cameras is None else [cameras[index] for index in seen],
        known_focal=[focals_px is not None and focals_px[index] is not None for index in seen],
        same_moment=cameras is not None if same_moment is None else same_moment,
        same_camera=same_camera,
        weights=weights,
    )
    solution, joint_fits = joint.solve(throw=throw)
    for index, fit in zip(seen, joint_fits, strict=True):
        fits[index] = fit
    return ViewsFit(tuple(fits), solution.status, solution.iterations, solution.cost_history)


class _Joint:
    """All pictures together, started from each alone."""

    def __init__(
        self,
        head: Head,
        singles: list[HeadFit],
        *,
        cameras: list[Camera] | None,
        known_focal: list[bool],
        same_moment: bool,
        same_camera: bool,
        weights: FitWeights,
    ) -> None:
        self.head, self.singles, self.weights = head, singles, weights
        self.posed, self.same_moment, self.known_focal = cameras is not None, same_moment, known_focal
        self.model = FitModel.of(head, singles[0].landmarks.set_name)
        self.unknowns = Unknowns(
            identity_count=head.identity_count,
            expression_count=head.expression_count,
            joints=self.model.free_joints,
            focal=cameras is None,
        )
        self.cameras = [fit.camera for fit in singles] if cameras is None else cameras
        if same_camera and cameras is None:
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
            terms: list[Term] = [LandmarkTerm.of(fit.landmarks, self.weights)]
            # Priors on what is shared count once.
            if index == 0 or not self.sharing.expression:
                terms += prior_terms(self.head, self.unknowns, self.weights, identity=False)
            if index == 0:
                deviation = self.weights.identity_std
                terms.append(
                    NormalIdentityTerm(deviation) if plain else identity_term(self.head, deviation=deviation)
                )
            if self.unknowns.focal and (index == 0 or not self.sharing.focal):
                terms.append(self._focal_term(index))
            scene = HeadScene(self.model, self.unknowns, start, camera)
            parts.append(HeadProblem(scene, tuple(terms)))
        return self.sharing.problem(parts), parts

    def _focal_term(self, index: int) -> FocalTerm:
        camera, weights = self.cameras[index], self.weights
        if self.known_focal[index]:
            return FocalTerm(self.singles[index].camera.focal_px, weights.log_focal_std_known)
        guess = Camera.guess(width_px=camera.width_px, height_px=camera.height_px)
        return FocalTerm(guess.focal_px, weights.log_focal_std)

    def solve(self, *, throw: bool) -> tuple[Solution, list[HeadFit]]:
        problem, _ = self._problem(self.starts, plain=True)
        start = usable_fit_or_raise(VIEWS_START_SOLVER.solve(problem, problem.start()), throw=throw).x
        problem, parts = self._problem(self.starts, plain=False)
        solution = usable_fit_or_raise(VIEWS_SOLVER.solve(problem, start), throw=throw)
        fits = [
            head_fit(part, replace(solution, x=solution.x[columns]), fit.landmarks)
            for part, columns, fit in zip(parts, problem.columns, self.singles, strict=True)
        ]
        if self.same_moment and not self.posed:
            fits = [_in_world_of(fit, fits[0]) for fit in fits]
        return solution, fits


def _in_world(parameters: HeadParameters, camera: Camera) -> HeadParameters:
    """A head of a picture's own world in the world of the picture's camera."""
    return _moved(parameters, camera.world_from_camera @ CAMERA_FROM_WORLD)


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
