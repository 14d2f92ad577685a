"""Random expressions: in range, repeatable, lids that follow the gaze."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.gaze import shape_turns
from mien.heads.library import load_head
from mien.synthetic.scenes.expressions import KINDS, MIDDLE, PAIRED, eye_joints, random_expression

SEEDS = range(150)


@pytest.fixture(scope="module")
def drawn() -> list[tuple[dict[str, float], np.ndarray]]:
    head = load_head()
    pairs = [random_expression(head, np.random.default_rng(seed)) for seed in SEEDS]
    return [(dict(zip(head.expression_names, w.tolist(), strict=True)), gaze) for w, gaze in pairs]


def test_names_are_the_heads():
    names = load_head().expression_names
    assert {stem + side for stem in PAIRED for side in ("Left", "Right")} <= set(names)
    assert set(MIDDLE) <= set(names)
    assert sum(KINDS.values()) == pytest.approx(1)


def test_weights_and_gaze_are_in_range(drawn):
    for weights, gaze in drawn:
        assert min(weights.values()) >= 0
        assert max(weights.values()) <= 1
        assert abs(gaze[0]) <= 0.6
        assert abs(gaze[1]) <= 0.4


def test_a_seed_gives_an_expression():
    head = load_head()
    first, second = (random_expression(head, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_lids_follow_the_gaze(drawn):
    looking = 0
    for weights, (yaw_rad, pitch_rad) in drawn:
        # to the subject's left: the left eye outwards, the right eye inwards
        assert (weights["eyeLookOutLeft"] > 0) == (weights["eyeLookInRight"] > 0) == (yaw_rad > 0)
        assert (weights["eyeLookInLeft"] > 0) == (weights["eyeLookOutRight"] > 0) == (yaw_rad < 0)
        assert (weights["eyeLookUpLeft"] > 0) == (pitch_rad > 0)
        if pitch_rad < 0 and weights["eyeBlinkLeft"] < 1:
            assert weights["eyeLookDownLeft"] > 0
        looking += yaw_rad != 0
    assert 0.5 * len(drawn) < looking < 0.9 * len(drawn)


def test_joints_turn_the_eyes_by_what_shapes_leave():
    head = load_head()
    assert head.shapes_turn_eyes
    for seed in SEEDS[:40]:
        weights, gaze = random_expression(head, np.random.default_rng(seed))
        joints = eye_joints(head, weights, gaze, vergence_rad=0.02)
        turned = joints + shape_turns(weights, head.expression_names)
        np.testing.assert_allclose(turned[:, 0], -gaze[1], atol=1e-9)
        np.testing.assert_allclose(turned[:, 1], [gaze[0] - 0.02, gaze[0] + 0.02], atol=1e-9)
        if weights[head.expression_names.index("eyeBlinkLeft")] == 0:
            assert np.abs(joints).max() < 0.13  # sideways beyond what the shapes do at most, and vergence


def test_closed_eyes_do_not_close_further(drawn):
    closed = [w for w, _ in drawn if w["eyeBlinkLeft"] == 1]
    assert closed
    for weights in closed:
        assert weights["eyeLookDownLeft"] == weights["eyeSquintLeft"] == weights["eyeWideLeft"] == 0


def test_there_are_closed_and_open_eyes_and_mouths(drawn):
    blink = np.array([w["eyeBlinkLeft"] for w, _ in drawn])
    jaw = np.array([w["jawOpen"] for w, _ in drawn])
    assert 0.04 < (blink > 0.95).mean() < 0.2
    assert (blink < 0.3).mean() > 0.7
    assert (jaw > 0.5).any()
    assert (jaw == 0).mean() > 0.2


@pytest.fixture(scope="module")
def many() -> tuple[tuple[str, ...], np.ndarray]:
    head = load_head()
    rows = [random_expression(head, np.random.default_rng(1000 + seed))[0] for seed in range(1500)]
    return head.expression_names, np.stack(rows)


def test_half_of_the_faces_are_calm_with_open_eyes(many):
    names, weights = many
    shown = weights[:, [i for i, name in enumerate(names) if not name.startswith("eyeLook")]]
    assert 0.43 < ((shown < 0.46).all(axis=1)).mean() < 0.6
    blink = weights[:, [names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")]].max(axis=1)
    assert 0.05 < (blink > 0.9).mean() < 0.12
    assert 0.02 < ((blink > 0.4) & (blink <= 0.9)).mean() < 0.08


@pytest.mark.parametrize(
    "name",
    ["jawOpen", "mouthSmileLeft", "mouthPucker", "mouthFunnel", "mouthStretchRight", "browInnerUp",
     "tongueOut", "browOuterUpLeft", "browDownLeft", "eyeSquintLeft", "eyeWideRight", "cheekPuff",
     "mouthRollLower"],
)  # fmt: skip
def test_shapes_go_as_far_as_they_go(many, name: str):
    names, weights = many
    assert (weights[:, names.index(name)] > 0.85).sum() >= 3


def test_tongues_come_out_of_open_mouths(many):
    names, weights = many
    out = weights[:, names.index("tongueOut")] > 0
    assert 0.005 < out.mean() < 0.05
    assert weights[out, names.index("jawOpen")].min() >= 0.3


def test_some_faces_are_lopsided(many):
    names, weights = many
    left, right = (weights[:, names.index("mouthSmile" + side)] for side in ("Left", "Right"))
    smiling = np.maximum(left, right) > 0.4
    assert 0.1 < (np.minimum(left, right) < 0.6 * np.maximum(left, right))[smiling].mean() < 0.4
