"""A head from one photo: landmarks in, parameters and camera out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import ShapeError, check_type
from mien.fitting.camera_prior import CameraPrior, FocalKnowledge
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.fit_error import fit_error
from mien.fitting.lens_axis import RoughFit, fitted_in_part
from mien.fitting.plausibility import implausible, too_near, unusable_landmarks
from mien.fitting.results import HeadFit
from mien.fitting.rigid_start import rigid_start
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.identity_prior import MixtureIdentityTerm, NormalIdentityTerm
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.openings import OpeningTerm
from mien.fitting.terms.priors import prior_terms
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.solution import Solution, Status

STAGE_SOLVER = LevenbergMarquardt(max_iterations=10, relative_tolerance=3e-2)

_ENOUGH = 60
"""Known landmarks from which a start is found with some of them."""

_FIRST_CHOICE = 4.0
"""Cost by which an alternative camera must be better than the likeliest. Landmarks' errors have much in
common, so that a cost says more than it knows: it speaks for an alternative by up to 2.3 where the likeliest
is right, and by 5 and more where a picture was scaled to half or three times its size."""

PHOTO_SOLVER = LevenbergMarquardt(max_iterations=40, relative_tolerance=1e-3, chord_steps=2)


@checked_call
def fit_photo(
    image: UInt8[np.ndarray, "height width 3"] | str | Path,
    *,
    camera: CameraPrior | Camera | None = None,
    max_faces: int | None = None,
    identity: Float[np.ndarray, " identity"] | None = None,
    head: Head | str | Path | None = None,
    context: Context | None = None,
) -> list[HeadFit]:
    """Fit a head to every face of a photo.

    All faces share the camera: its focal length is found on the best face and kept for the others.

    Args:
        image: picture, or its file.
        camera: what is known of the camera; a plain `Camera` is known, its focal length included. When None:
            what the file says, and nothing of a picture without a file.
        max_faces: fit this many at most, best first.
        identity: who it is, when known: kept fixed, for every face.
        head: whose head is fitted, in place of the context's: a head or its file, for example FLAME's.
        context: head, landmarker and settings; the built-in ones when None.

    Returns:
        One fit per face, best first; empty when there is no face.

    Raises:
        InputError: the file is missing or no picture, or the head's file is none.
        LandmarkSetError: the head lacks the landmarker's set.
    """
    context = Context.of(context, head)
    if isinstance(image, str | Path):
        from mien.images.photo import read_photo

        photo = read_photo(image)
        image = photo.image
        if camera is None:
            camera = CameraPrior.of_photo(photo)
        elif isinstance(camera, Camera):
            camera = photo.upright_camera(camera)
    check_type(image, np.ndarray, argument="image", call="mien.fit_photo(image), of one picture or its file")
    if camera is None:
        camera = CameraPrior.of_image(image)
    known = prior = CameraPrior.of(camera)
    fits: list[HeadFit] = []
    for landmarks in context.finder(image)[:max_faces]:
        start = None if context.start is None else context.start(image, landmarks, context.loaded_head)
        fit = fit_landmarks(landmarks, known, identity=identity, start=start, context=context)
        fits.append(replace(fit, focal=fits[0].focal if fits else fit.focal))
        if fit.status.usable:
            whole = prior.whole and not prior.alternatives
            known = CameraPrior(fit.camera, "fixed", whole=whole, content=prior.content)
    return fits


@one_blas_thread
def fit_landmarks(
    landmarks: Landmarks2D,
    camera: CameraPrior | Camera,
    *,
    identity: Float[np.ndarray, " identity"] | None = None,
    start: HeadParameters | None = None,
    context: Context | None = None,
    throw: bool = False,
) -> HeadFit:
    """Fit a head to the landmarks of one face, in two stages: rigid, then everything.

    Args:
        landmarks: points and their deviations, in a set that the head has. Points that are not known (NaN,
            or of infinite deviation) are left out.
        camera: what is known of the camera; a plain `Camera` is known, its focal length included.
        identity: who it is, when known: kept fixed.
        start: where identity and expression begin; the mean head at rest when None.
        context: head and settings; the built-in ones when None.
        throw: raise when the fit fails instead of returning its status.

    Raises:
        FitError: with `throw`, when no landmark is known, no pose explains them, or the result cannot be a
            face.
        LandmarkSetError: the head lacks this landmark set.
        ShapeError: the landmarks do not have the set's size.
    """
    context = context or Context()
    check_type(landmarks, Landmarks2D, argument="landmarks", call="mien.fit_landmarks(landmarks, camera)")
    prior = CameraPrior.of(camera)
    if prior.alternatives:
        choices = (replace(prior, alternatives=()), *prior.alternatives)
        fits = [
            fit_landmarks(landmarks, choice, identity=identity, start=start, context=context, throw=throw)
            for choice in choices
        ]
        costs = [_cost_of_choice(fit, context.config) for fit in fits]
        costs[0] -= _FIRST_CHOICE
        return fits[int(np.argmin(costs))]
    head, config = context.loaded_head, context.config
    model = FitModel.of(head, landmarks.set_name)
    if len(landmarks) != model.landmark_count:
        raise ShapeError(
            f"landmarks of the set {landmarks.set_name!r}",
            expected=f"({model.landmark_count}, 2)",
            actual=landmarks.points_px.shape,
        )
    base = head.neutral() if start is None else start
    base = base if identity is None else replace(base, identity=identity)
    if not landmarks.known.any() or (landmarks.sigma_px <= 0).any():
        return _failed(model, landmarks, prior, base, throw=throw)
    reason = unusable_landmarks(landmarks)
    if reason is not None:
        return _failed(model, landmarks, prior, base, throw=throw, reason=reason)

    data = LandmarkTerm.of(landmarks, config, present=model.present)
    unknowns = Unknowns(
        identity_count=head.identity_count if identity is None else 0,
        expression_count=head.expression_count,
        joints=model.free_joints,
        focal=prior.focal_unknown,
        dolly=prior.focal_unknown,
    )
    priors = [*prior_terms(head, unknowns, config), *prior.terms(config)]
    openings = OpeningTerm.of(model, landmarks, config)
    face = _Face(model, landmarks, data, (*priors, *filter(None, [openings])), unknowns, base, prior.focal)
    if prior.whole:
        rough = face.rough(prior.camera)
        fit = None if rough is None else face.fine(rough)
    else:
        fit = fitted_in_part(face, model, data, prior.camera, content=prior.content)
    if fit is None or fit.status is Status.NOT_FINITE:
        reason = too_near(landmarks, prior.camera, head) or ""
        return _failed(model, landmarks, prior, base, throw=throw, reason=reason)
    return judged(fit, head, throw=throw)


def _cost_of_choice(fit: HeadFit, config: FitConfig) -> float:
    """What speaks against a fit among others of the same landmarks, the distance of the head included."""
    if not fit.status.usable:
        return float("inf")
    cost = fit.cost_history[-1]
    if fit.focal == "free":
        return cost  # has it among its terms
    depth_m = float(fit.camera.to_camera(fit.parameters.root_translation_m)[2])
    return cost + 0.5 * float((np.log(depth_m / config.distance_m) / config.log_distance_std) ** 2)


def judged(fit: HeadFit, head: Head, *, throw: bool = False) -> HeadFit:
    """The fit, with the status IMPLAUSIBLE and a reason where it cannot be a face.

    Raises:
        FitError: with `throw`, when it cannot.
    """
    reason = implausible(fit, head) if fit.status.usable else None
    if reason is None:
        return fit
    if throw:
        raise fit_error(Status.IMPLAUSIBLE, reason)
    return replace(fit, status=Status.IMPLAUSIBLE, reason=reason)


@dataclass(frozen=True, eq=False)
class _Face:
    """What is known of a face, to be fitted before one camera or another (`mien.fitting.lens_axis.Fitter`).

    Attributes:
        terms: all but the landmarks'.
        base: the head that the pose is first found with.
    """

    model: FitModel
    landmarks: Landmarks2D
    data: LandmarkTerm
    terms: tuple[Term, ...]
    unknowns: Unknowns
    base: HeadParameters
    focal: FocalKnowledge

    def rough(self, camera: Camera, start: HeadParameters | None = None) -> RoughFit | None:
        """The head that some landmarks ask for, under a plain normal prior of the identity: descending
        straight into a mixture ends in the component nearest the mean head, whoever is in the picture."""
        if start is None:
            start, rigid = rigid_start(self.model, self.landmarks, self.data, camera=camera, base=self.base)
            if not rigid.status.usable:
                return None
        model, data, few = self.model, self.data, self.model.few
        if few is not None and (data.precision[few.kept] > 0).sum() > _ENOUGH:
            model, data = few.model, data.of_few(few.kept)
        plain = [
            NormalIdentityTerm(term.deviation) if isinstance(term, MixtureIdentityTerm) else term
            for term in self.terms
            if not isinstance(term, OpeningTerm)
        ]
        problem = HeadProblem(HeadScene(model, self.unknowns, start, camera), (data, *plain))
        solution = STAGE_SOLVER.solve(problem, problem.start())
        if not solution.status.usable:
            return RoughFit(start, camera, float("inf"))
        return RoughFit(problem.parameters(solution.x), problem.camera(solution.x), solution.cost)

    def fine(self, rough: RoughFit) -> HeadFit:
        """The fit to all landmarks."""
        scene = HeadScene(self.model, self.unknowns, rough.parameters, rough.camera)
        problem = HeadProblem(scene, (self.data, *self.terms))
        solution = PHOTO_SOLVER.solve(problem, problem.start())
        return head_fit(problem, solution, self.landmarks, focal=self.focal)


def head_fit(
    problem: HeadProblem, solution: Solution, landmarks: Landmarks2D, *, focal: FocalKnowledge
) -> HeadFit:
    """The result of a solve, for people."""
    head = problem.scene.model.head
    state = problem.state(solution.x)
    return HeadFit(
        parameters=state.parameters,
        camera=problem.camera(solution.x),
        landmarks=landmarks,
        residuals_px=state.points_px.T - landmarks.points_px,
        status=solution.status,
        iterations=solution.iterations,
        cost_history=solution.cost_history,
        head_name=head.name,
        head_version=head.version,
        focal=focal,
        identity_known=not problem.scene.unknowns.identity_count,
    )


def _failed(
    model: FitModel,
    landmarks: Landmarks2D,
    prior: CameraPrior,
    base: HeadParameters,
    *,
    throw: bool,
    reason: str = "",
) -> HeadFit:
    status = Status.IMPLAUSIBLE if reason else Status.NOT_FINITE
    if throw:
        raise fit_error(status, reason)
    return HeadFit(
        parameters=base,
        camera=prior.camera,
        landmarks=landmarks,
        residuals_px=np.full((len(landmarks), 2), np.nan),
        status=status,
        iterations=0,
        cost_history=(),
        head_name=model.head.name,
        head_version=model.head.version,
        focal=prior.focal,
        reason=reason,
    )
