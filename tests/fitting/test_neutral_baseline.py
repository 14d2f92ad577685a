"""A person's rest as the zero of their weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mien
from mien.errors import FitError, InputError
from mien.fitting.neutral_baseline import NeutralBaseline
from mien.heads.library import load_head
from mien.least_squares.solution import Status
from tests.fitting.test_arkit_weights import CAMERA, fitted

REST = {"mouthFrownLeft": 0.3, "browDownLeft": 0.4, "browDownRight": 0.4}


@pytest.fixture(scope="module")
def rest():
    return fitted(**REST)


@pytest.fixture(scope="module")
def baseline(rest) -> NeutralBaseline:
    return NeutralBaseline.of_fits([rest])


def of_weights(fit, **shapes: float):
    names = load_head().expression_names
    expression = np.array([shapes.get(name, 0.0) for name in names])
    return replace(fit, parameters=replace(fit.parameters, expression=expression))


def weight(fit, name: str) -> float:
    return float(fit.parameters.expression[load_head().expression_names.index(name)])


def test_a_face_at_rest_has_no_weights(rest, baseline):
    assert baseline.named()["browDownLeft"] > 0.2
    above = baseline.taken_off(rest)
    looks = np.array(["eyeLook" in name for name in baseline.expression_names])
    np.testing.assert_allclose(above.parameters.expression[~looks & (baseline.weights > 0)], 0)
    np.testing.assert_array_equal(above.parameters.identity, rest.parameters.identity)


def test_what_is_done_beside_the_rest_stays(baseline):
    smiling = fitted(**REST, mouthSmileRight=0.7, jawOpen=0.5)
    above = baseline.taken_off(smiling)
    assert weight(above, "jawOpen") == pytest.approx(0.5, abs=0.1)
    assert weight(above, "mouthSmileRight") == pytest.approx(0.7, abs=0.2)
    assert weight(above, "browDownLeft") < 0.1 < weight(smiling, "browDownLeft")


def test_looks_are_no_rest(rest):
    looking = of_weights(rest, eyeLookOutLeft=0.5, eyeLookInRight=0.5, browInnerUp=0.2)
    baseline = NeutralBaseline.of_fits([looking])
    assert baseline.named()["eyeLookOutLeft"] == 0
    assert weight(baseline.taken_off(looking), "eyeLookOutLeft") == 0.5
    assert weight(baseline.taken_off(looking), "browInnerUp") == 0


def test_a_mouth_that_is_askew_at_rest_moves_the_other_way_when_straight(rest):
    baseline = NeutralBaseline.of_fits([of_weights(rest, mouthLeft=0.2)])
    above = baseline.taken_off(of_weights(rest, mouthRight=0.1))
    assert weight(above, "mouthRight") == pytest.approx(0.3)
    assert weight(above, "mouthLeft") == 0


def test_lips_close_no_more_than_the_jaw_opens(rest):
    baseline = NeutralBaseline.of_fits([of_weights(rest, jawOpen=0.2)])
    above = baseline.taken_off(of_weights(rest, jawOpen=0.3, mouthClose=0.25))
    assert weight(above, "mouthClose") <= weight(above, "jawOpen") + 1e-12


def test_the_head_at_rest_shows_the_face_as_it_was_fitted(baseline):
    head = load_head()
    smiling = fitted(**REST, mouthSmileRight=0.6)
    above = baseline.taken_off(smiling)
    kept = np.where(
        smiling.parameters.expression >= baseline.weights, smiling.parameters.expression, baseline.weights
    )
    shown = replace(smiling.parameters, expression=kept)
    at_rest = baseline.head_at_rest(head, smiling.parameters.identity)
    error_m = np.abs(at_rest.vertices_m(above.parameters) - head.vertices_m(shown))
    assert error_m.max() < 2e-4
    neutral_m = head.vertices_m(replace(head.neutral(), identity=smiling.parameters.identity))
    moved_m = at_rest.vertices_m(replace(head.neutral(), identity=smiling.parameters.identity)) - neutral_m
    assert np.linalg.norm(moved_m, axis=1).max() > 1e-3


def test_arkit_weights_are_taken_off_by_name(rest, baseline):
    weights = mien.arkit_weights(rest)
    above = baseline.taken_off(weights).named()
    assert above["browDownLeft"] == pytest.approx(
        max(weights.named()["browDownLeft"] - baseline.named()["browDownLeft"], 0), abs=1e-9
    )


def track_of(fit, rows: np.ndarray) -> mien.HeadTrack:
    count, landmarks = len(rows), fit.landmarks
    return mien.HeadTrack(
        times_s=np.arange(count) / 25,
        identity=fit.parameters.identity,
        expression=rows,
        joint_rotations=np.repeat(fit.parameters.joint_rotations[None], count, 0),
        root_rotation=np.repeat(fit.parameters.root_rotation[None], count, 0),
        root_translation_m=np.repeat(fit.parameters.root_translation_m[None], count, 0),
        tracked=np.arange(count) > 1,
        camera=CAMERA,
        points_px=np.repeat(landmarks.points_px[None], count, 0),
        sigma_px=np.repeat(landmarks.sigma_px[None], count, 0),
        set_name=landmarks.set_name,
        head_name=fit.head_name,
        head_version=fit.head_version,
        frames_per_second=25.0,
    )


def test_a_video_shows_its_own_rest(rest):
    names = list(load_head().expression_names)
    rows = np.zeros((40, len(names)))
    rows[2:, names.index("mouthFrownLeft")] = 0.15
    rows[15:, names.index("jawOpen")] = 0.8
    rows[::5, names.index("eyeBlinkLeft")] = 1.0
    baseline = NeutralBaseline.of_track(track_of(rest, rows))
    assert baseline.named()["mouthFrownLeft"] == pytest.approx(0.15)
    assert baseline.named()["jawOpen"] == 0
    assert baseline.named()["eyeBlinkLeft"] == 0
    above = baseline.taken_off(track_of(rest, rows))
    assert above.expression[3:, names.index("mouthFrownLeft")].max() == 0
    assert above.expression[20, names.index("jawOpen")] == 0.8


def test_refusals(rest, baseline):
    failed = replace(rest, status=Status.NOT_FINITE)
    with pytest.raises(FitError, match="no usable fit"):
        NeutralBaseline.of_fits([failed])
    with pytest.raises(FitError, match="failed"):
        baseline.taken_off(failed)
    with pytest.raises(InputError, match="FLAME"):
        baseline.taken_off(replace(rest, head_name="FLAME"))
    nowhere = replace(track_of(rest, np.zeros((3, 52))), tracked=np.zeros(3, bool))
    with pytest.raises(FitError, match="no face"):
        NeutralBaseline.of_track(nowhere)
