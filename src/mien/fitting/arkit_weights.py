"""ARKit's 52 weights from a fit, and how far each can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.errors import FitError, InputError, check_type
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.expression_prior import ExpressionTerm
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.priors import prior_terms
from mien.heads.arkit_names import ARKIT_NAMES, close_below_jaw
from mien.least_squares.boxed import boxed_least_squares
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.one_blas_thread import one_blas_thread


@dataclass(frozen=True, eq=False)
class ArkitWeights:
    """One face's 52 weights, in the order of `ARKIT_NAMES`.

    Attributes:
        weights: (52,) in [0, 1]; mouthClose is at most jawOpen. 0 for shapes that the head lacks.
        deviations: (52,) posterior standard deviation of each: what else is unknown (pose, person, focal
            length, the other weights) taken into account, bounds not.
        reliability: (52,) in [0, 1]: 1 − posterior variance / prior variance, the share of what was unknown
            about the weight that the landmarks have settled. 0: the value is the prior's, the picture does
            not show this shape; 1: fully seen. 0 for shapes that the head lacks.
    """

    weights: Float[np.ndarray, " 52"]
    deviations: Float[np.ndarray, " 52"]
    reliability: Float[np.ndarray, " 52"]

    def named(self) -> dict[str, float]:
        """Weights by name."""
        return dict(zip(ARKIT_NAMES, self.weights.tolist(), strict=True))


def arkit_weights(fit: HeadFit | TrackedFrame, *, context: Context | None = None) -> ArkitWeights:
    """ARKit weights of a fitted face.

    They are not the fit's weights cut off at 0 and 1: the fit's quadratic model, everything else
    marginalised, is minimised under the constraints, so that what a bound forbids one shape is given to
    those that can explain it. What was known beforehand counts as known here too: the focal length of a
    calibrated camera, the person of `identity=…`, and both on the frames of a video.

    Args:
        fit: of `fit_photo`, `fit_landmarks` or `fit_views`, a frame of `Tracker`, or `track.frame(index)`.
        context: head and settings of the fit; the built-in ones when None.

    Raises:
        FitError: the fit failed, or the face was lost on this frame.
        InputError: it is a whole track, it was made with another head, or the head has none of ARKit's
            shapes.
    """
    if isinstance(fit, HeadTrack):
        raise InputError(
            "these are weights of one face; of a track take one frame, mien.arkit_weights(track.frame(0)), "
            "or all of track.expression"
        )
    check_type(fit, (HeadFit, TrackedFrame), argument="fit", call="mien.arkit_weights(fit)")
    context = context or Context()
    head = context.loaded_head
    if head.name != fit.head_name:
        raise InputError(
            f"the fit is of the head {fit.head_name!r}, not of {head.name!r}; pass "
            "context=mien.Context(head=…)"
        )
    if not set(head.expression_names) & set(ARKIT_NAMES):
        raise InputError(f"the head {head.name!r} has none of ARKit's shapes")
    if isinstance(fit, TrackedFrame):
        fit = fit.head_fit(head)
    if not fit.status.usable:
        raise FitError(f"there are no weights of this fit, which {fit.status.value}")
    return _solved(fit, context)


@one_blas_thread
def _solved(fit: HeadFit, context: Context) -> ArkitWeights:
    head, config, parameters = context.loaded_head, context.config, fit.parameters
    model = FitModel.of(head, fit.landmarks.set_name)
    known = CameraPrior(fit.camera, fit.focal)
    unknowns = Unknowns(
        identity_count=0 if fit.identity_known else head.identity_count,
        expression_count=head.expression_count,
        joints=model.free_joints,
        focal=known.focal_unknown,
        dolly=known.focal_unknown,
    )
    # Hard bounds below take the place of the prior's soft ones.
    priors: list[Term] = [
        replace(term, bounds_deviation=np.inf) if isinstance(term, ExpressionTerm) else term
        for term in prior_terms(head, unknowns, config)
    ]
    priors += known.terms(config)
    scene = HeadScene(model, unknowns, parameters, fit.camera)
    x = unknowns.pack(parameters, focal_px=fit.camera.focal_px)
    prior = HeadProblem(scene, tuple(priors)).linearize(x)
    posterior = HeadProblem(
        scene, (LandmarkTerm.of(fit.landmarks, config, present=model.present), *priors)
    ).linearize(x)
    hessian, gradient = _marginal(posterior, unknowns.expression)
    prior_hessian, _ = _marginal(prior, unknowns.expression)
    variances = np.diagonal(np.linalg.inv(hessian))
    prior_variances = np.diagonal(np.linalg.inv(prior_hessian))

    wanted = parameters.expression - np.linalg.solve(hessian, gradient)
    solved = _constrained(hessian, wanted, head.expression_names)
    place = {name: index for index, name in enumerate(head.expression_names)}
    places = np.array([place.get(name, -1) for name in ARKIT_NAMES])

    def in_arkit_order(values: np.ndarray) -> np.ndarray:
        return np.where(places >= 0, values[places], 0.0)

    return ArkitWeights(
        weights=in_arkit_order(solved),
        deviations=in_arkit_order(np.sqrt(variances)),
        reliability=in_arkit_order(np.clip(1 - variances / prior_variances, 0, 1)),
    )


def _marginal(normal: NormalEquations, kept: slice) -> tuple[np.ndarray, np.ndarray]:
    """Hessian and gradient of some unknowns when the others follow freely (Schur complement)."""
    mask = np.zeros(len(normal.gradient), bool)
    mask[kept] = True
    a = normal.hessian[np.ix_(mask, mask)]
    b = normal.hessian[np.ix_(mask, ~mask)]
    c = normal.hessian[np.ix_(~mask, ~mask)]
    # Priors alone say nothing about the root's pose: a trace of stiffness keeps the block invertible.
    c = c + np.diag(np.full(len(c), 1e-9 * max(float(np.abs(c).max()), 1.0)))
    eliminated = np.linalg.solve(c, np.column_stack([b.T, normal.gradient[~mask]]))
    return a - b @ eliminated[:, :-1], normal.gradient[mask] - b @ eliminated[:, -1]


def _constrained(hessian: np.ndarray, wanted: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Minimum of ½ (w − wanted)ᵀ H (w − wanted) for w in [0, 1], mouthClose ≤ jawOpen."""
    from scipy.linalg import cholesky

    root = cholesky((hessian + hessian.T) / 2, lower=False)
    return boxed_least_squares(root, root @ wanted, ordered=close_below_jaw(names))
