"""From landmarks to heads."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.morphable_fields.landmark_shape import head_landmarks_m, shape_of_landmarks, warp_m
from mien.morphable_fields.nearby_points import LANDMARK_SET, falloff, surface_distances_m


@pytest.fixture(scope="module")
def head():
    return load_head()


def weights(head, **values: float) -> np.ndarray:
    return np.array([values.get(name, 0.0) for name in head.expression_names])


def test_a_known_persons_expression_is_found(head):
    identity = 0.8 * np.random.default_rng(1).normal(size=head.identity_count)
    expression = weights(head, jawOpen=0.6, mouthSmileLeft=0.5, browInnerUp=0.7)
    found = shape_of_landmarks(head, head_landmarks_m(head, identity, expression), identity=identity)
    again_m = head_landmarks_m(head, identity, found.expression)
    assert np.abs(again_m - head_landmarks_m(head, identity, expression)).max() < 0.0005
    assert abs(found.expression - expression).max() < 0.25


def test_landmarks_alone_tell_the_face(head):
    identity = 0.7 * np.random.default_rng(2).normal(size=head.identity_count)
    expression = weights(head, jawOpen=0.5, eyeBlinkLeft=0.8)
    landmarks_m = head_landmarks_m(head, identity, expression)
    found = shape_of_landmarks(head, landmarks_m)
    np.testing.assert_allclose(
        head_landmarks_m(head, found.identity, found.expression) + found.residual_m, landmarks_m, atol=1e-9
    )
    assert np.linalg.norm(found.residual_m, axis=1).max() < 0.0015
    place = head.expression_names.index
    assert found.expression[place("eyeBlinkLeft")] > found.expression[place("eyeBlinkRight")] + 0.3


def test_expressions_stay_in_their_bounds_and_others_asleep(head):
    rest = head_landmarks_m(head, np.zeros(head.identity_count), np.zeros(head.expression_count))
    moved = np.zeros(68, bool)
    moved[48:68] = True
    pulled = rest + 0.01 * moved[:, None] * [0.0, -1.0, 0.0]
    found = shape_of_landmarks(head, pulled, identity=np.zeros(head.identity_count), moved=moved)
    assert found.expression.min() > -1e-6
    asleep = [i for i, name in enumerate(head.expression_names) if name.startswith(("brow", "eye"))]
    assert np.abs(found.expression[asleep]).max() < 1e-6


def test_a_warp_never_makes_noise_larger_and_follows_a_smooth_pull(head):
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.0005, (68, 3))
    assert np.abs(warp_m(head, noise)).max() <= 1.6 * np.abs(noise).max()
    points = head.landmark_set(LANDMARK_SET).vertices
    pull = np.tile([0.0, 0.0, 0.003], (68, 1))
    np.testing.assert_allclose(warp_m(head, pull)[points], pull, atol=3e-4)


def test_a_warp_is_local_and_lips_part(head):
    points = head.landmark_set(LANDMARK_SET).vertices
    one = np.zeros((68, 3))
    one[66] = [0.0, -0.004, 0.0]  # middle of the lower lip's inner edge
    displacement = warp_m(head, one)
    far = np.linalg.norm(head.mean_m - head.mean_m[points[66]], axis=1) > 0.06
    assert np.abs(displacement[far]).max() == 0
    assert np.abs(displacement[points[62]]).max() < 0.3 * np.abs(displacement[points[66]]).max()


def test_distances_run_along_the_skin(head):
    distances_m = surface_distances_m(head)
    points = head.landmark_set(LANDMARK_SET).vertices
    lips = np.linalg.norm(head.mean_m[points[62]] - head.mean_m[points[66]])
    assert distances_m[62, points[66]] > lips + 0.01
    assert falloff(np.array([0.0, 0.5, 1.0, 2.0]), 1.0)[[0, 2, 3]].tolist() == [1.0, 0.0, 0.0]
