"""The head model: rest, pose, subsets and its errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import LandmarkSetError, ShapeError
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.toy_head import EYE_CENTRES_M, toy_head


def test_neutral_is_the_mean():
    head = toy_head()
    np.testing.assert_allclose(head.vertices_m(head.neutral()), head.mean_m, atol=1e-15)


def test_parameters_carry_over_between_versions_of_the_same_first_number():
    head = replace(toy_head(), name="anna", version="1.2")
    assert head.takes_parameters_of("anna", "1.2")
    assert head.takes_parameters_of("anna", "1.0")
    assert not head.takes_parameters_of("anna", "2.2")
    assert not head.takes_parameters_of("anna", "12.2")
    assert not head.takes_parameters_of("bert", "1.2")


def test_root_moves_everything_rigidly():
    head = toy_head()
    rotation, shift_m = np.array([0.3, -0.8, 0.2]), np.array([1.0, 2.0, 3.0])
    moved_m = head.vertices_m(replace(head.neutral(), root_rotation=rotation, root_translation_m=shift_m))
    np.testing.assert_allclose(moved_m, head.mean_m @ matrix_from_rotation_vector(rotation).T + shift_m)


def test_eye_turns_about_its_own_centre():
    head = toy_head()
    rotations = np.zeros((4, 3))
    rotations[2] = [0.0, 0.4, 0.0]
    moved_m = head.vertices_m(replace(head.neutral(), joint_rotations=rotations))
    left = head.vertex_parts == 1
    np.testing.assert_allclose(moved_m[~left], head.mean_m[~left], atol=1e-15)
    np.testing.assert_allclose(
        np.linalg.norm(moved_m[left] - EYE_CENTRES_M[0], axis=1),
        np.linalg.norm(head.mean_m[left] - EYE_CENTRES_M[0], axis=1),
    )
    # A turn about +y looks to the subject's left, which is +x.
    assert (moved_m[left] - head.mean_m[left])[:, 0].mean() > 0


def test_eyes_follow_the_head_joint():
    head = toy_head()
    rotations = np.zeros((4, 3))
    rotations[1] = [0.3, 0.2, -0.1]
    moved_m = head.vertices_m(replace(head.neutral(), joint_rotations=rotations))
    matrix = matrix_from_rotation_vector(rotations[1])
    eyes = head.vertex_parts > 0
    expected = (head.mean_m[eyes] - head.joints_mean_m[1]) @ matrix.T + head.joints_mean_m[1]
    np.testing.assert_allclose(moved_m[eyes], expected)


def test_shapes_add_up():
    head = toy_head()
    rng = np.random.default_rng(0)
    identity, expression = rng.normal(size=head.identity_count), rng.uniform(size=head.expression_count)
    expected = (
        head.mean_m
        + np.tensordot(identity, head.identity_basis_m, axes=1)
        + np.tensordot(expression, head.expression_basis_m, axes=1)
    )
    np.testing.assert_allclose(head.rest_vertices_m(identity, expression), expected)


def test_subset_agrees_with_the_whole():
    head = toy_head()
    some = np.array([5, 17, 300, 390])
    rng = np.random.default_rng(1)
    parameters = replace(
        head.neutral(),
        identity=rng.normal(size=head.identity_count),
        joint_rotations=0.2 * rng.normal(size=(4, 3)),
        root_rotation=rng.normal(size=3),
    )
    np.testing.assert_allclose(head.subset(some).vertices_m(parameters), head.vertices_m(parameters)[some])


def test_errors_say_what_there_is():
    head = toy_head()
    with pytest.raises(LandmarkSetError, match="toy60"):
        head.landmark_set("nothing")
    with pytest.raises(ShapeError, match="identity"):
        head.rest_vertices_m(np.zeros(3), np.zeros(head.expression_count))


def test_mirror_is_an_involution_that_flips_x():
    head = toy_head()
    np.testing.assert_array_equal(head.mirror_vertices[head.mirror_vertices], np.arange(head.vertex_count))
    np.testing.assert_allclose(head.mean_m[head.mirror_vertices], head.mean_m * [-1, 1, 1], atol=1e-12)
