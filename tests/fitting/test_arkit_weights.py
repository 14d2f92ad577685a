"""ARKit weights: in range, constrained, and trusted only where landmarks show them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import FitError, InputError
from mien.fitting.arkit_weights import ARKIT_NAMES, _constrained, arkit_weights
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.library import load_head
from mien.least_squares.solution import Status
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks
from tests.toy_head import toy_head

CAMERA = Camera.from_focal(900.0, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)


def fitted(*, sigma_px=0.5, mask=None, **shapes: float) -> HeadFit:
    """The built-in head fitted to its own landmarks with some shapes on."""
    head = load_head()
    expression = np.array([shapes.get(name, 0.0) for name in head.expression_names])
    truth = replace(head.neutral(), expression=expression, root_translation_m=np.array([0, 0, -0.6]))
    landmarks = exact_landmarks(head, truth, CAMERA, set_name="dense320", sigma_px=sigma_px)
    if mask is not None:
        sigma = np.where(mask(head.mean_m[head.landmark_set("dense320").vertices]), 500.0, sigma_px)
        landmarks = replace(landmarks, sigma_px=sigma)
    return fit_landmarks(landmarks, CAMERA, context=Context(head=head))


def test_names_are_arkits():
    assert len(set(ARKIT_NAMES)) == 52
    assert set(load_head().expression_names) == set(ARKIT_NAMES)


@pytest.mark.parametrize(
    "shapes",
    [
        {"jawOpen": 0.6},
        {"eyeBlinkLeft": 0.8, "eyeBlinkRight": 0.7},
        {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7},
        {"jawOpen": 0.3, "mouthClose": 0.3, "browInnerUp": 0.5},
    ],
)
def test_weights_are_found_and_in_range(shapes):
    found = arkit_weights(fitted(**shapes))
    assert (found.weights >= 0).all()
    assert (found.weights <= 1).all()
    named = found.named()
    assert named["mouthClose"] <= named["jawOpen"] + 1e-9
    assert named["tongueOut"] < 0.02
    for name, weight in shapes.items():
        assert named[name] == pytest.approx(weight, abs=0.2)
    others = [value for name, value in named.items() if name not in shapes]
    assert np.mean(others) < 0.08


def test_what_hidden_landmarks_would_show_is_not_relied_on():
    everything = arkit_weights(fitted())
    no_right = arkit_weights(fitted(mask=lambda points_m: points_m[:, 0] < -0.005))
    no_mouth = arkit_weights(fitted(mask=lambda points_m: points_m[:, 1] < -0.012))
    place = ARKIT_NAMES.index
    for one in (everything, no_right, no_mouth):
        assert ((one.reliability >= 0) & (one.reliability <= 1)).all()
    assert everything.reliability[place("jawOpen")] > 0.8
    assert everything.reliability[place("tongueOut")] < 0.2
    for right in ("eyeBlinkRight", "browDownRight", "noseSneerRight"):
        left = right.replace("Right", "Left")
        assert no_right.reliability[place(left)] > 1.2 * no_right.reliability[place(right)]
        assert no_right.deviations[place(left)] < no_right.deviations[place(right)]
    assert no_mouth.reliability[place("mouthFunnel")] < 0.5 * everything.reliability[place("mouthFunnel")]


def test_coarse_landmarks_settle_less():
    sharp = arkit_weights(fitted(sigma_px=0.5))
    coarse = arkit_weights(fitted(sigma_px=8.0))
    assert (coarse.reliability <= sharp.reliability + 1e-6).all()
    assert coarse.reliability.mean() < 0.7 * sharp.reliability.mean()


def test_what_was_known_beforehand_leaves_less_open():
    fixed = fitted(jawOpen=0.4)
    fits = [
        replace(fixed, identity_known=True),
        fixed,
        replace(fixed, focal="near"),
        replace(fixed, focal="free"),
    ]
    deviations = [arkit_weights(fit).deviations for fit in fits]
    for known, less in pairwise(deviations):
        # Of a free focal length the head's distance is guessed too, which says a little.
        assert (known <= 1.01 * less + 1e-9).all()
        assert known.sum() < less.sum()


def test_constrained_minimum_against_slsqp():
    from scipy.optimize import minimize

    names = ("jawOpen", "mouthClose", "a", "b")
    for seed in range(30):
        rng = np.random.default_rng(seed)
        factor = rng.normal(size=(4, 4))
        hessian = factor @ factor.T + 0.2 * np.eye(4)
        wanted = 0.5 + rng.normal(size=4)
        found = _constrained(hessian, wanted, names)

        def cost(w, hessian=hessian, wanted=wanted):
            return 0.5 * float((w - wanted) @ hessian @ (w - wanted))

        best = minimize(
            cost,
            np.full(4, 0.5),
            bounds=[(0, 1)] * 4,
            constraints=[{"type": "ineq", "fun": lambda w: w[0] - w[1]}],
            method="SLSQP",
            options={"ftol": 1e-12},
        )
        assert cost(found) <= best.fun + 1e-6
        assert found[1] <= found[0] + 1e-12


def test_frame_of_a_track():
    fit = fitted(jawOpen=0.6)
    parameters, landmarks = fit.parameters, fit.landmarks
    track = HeadTrack(
        times_s=np.array([0.0, 0.04]),
        identity=parameters.identity,
        expression=np.stack([parameters.expression] * 2),
        joint_rotations=np.stack([parameters.joint_rotations] * 2),
        root_rotation=np.stack([parameters.root_rotation] * 2),
        root_translation_m=np.stack([parameters.root_translation_m] * 2),
        tracked=np.array([True, False]),
        camera=fit.camera,
        points_px=np.stack([landmarks.points_px] * 2),
        sigma_px=np.stack([landmarks.sigma_px] * 2),
        set_name=landmarks.set_name,
        head_name=fit.head_name,
        head_version=fit.head_version,
        frames_per_second=25.0,
    )
    found = arkit_weights(track.frame(0))
    assert found.named()["jawOpen"] == pytest.approx(0.6, abs=0.15)
    # a person who is known leaves less open
    assert (found.deviations <= arkit_weights(fit).deviations + 1e-9).all()
    with pytest.raises(FitError, match="lost"):
        arkit_weights(track.frame(1))


def test_wrong_fits():
    fit = fitted()
    with pytest.raises(FitError):
        arkit_weights(replace(fit, status=Status.NOT_FINITE))
    with pytest.raises(InputError, match="head"):
        arkit_weights(fit, context=Context(head=toy_head()))
