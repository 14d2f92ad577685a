"""Rotation vectors: round trips and derivatives, also near zero."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.rotations import (
    cross_matrix,
    left_jacobian,
    matrix_from_rotation_vector,
    nearest_rotation,
    quaternion_product,
    quaternions_from_rotation_vectors,
    rotation_vector_from_matrix,
    rotation_vectors_from_quaternions,
)

ANGLES = [0.0, 1e-9, 1e-5, 1e-3, 0.1, 1.0, 3.0]


@pytest.mark.parametrize("angle", ANGLES)
def test_round_trip(angle):
    vector = angle * np.array([2.0, -1.0, 2.0]) / 3
    matrix = matrix_from_rotation_vector(vector)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
    np.testing.assert_allclose(rotation_vector_from_matrix(matrix), vector, atol=1e-9)


@pytest.mark.parametrize("angle", [0.5, 3.0, np.pi - 1e-7, np.pi])
def test_any_axis_round_trips_up_to_half_a_turn(angle):
    for axis in np.vstack([np.eye(3), -np.eye(3), np.random.default_rng(0).normal(size=(20, 3))]):
        vector = angle * axis / np.linalg.norm(axis)
        found = rotation_vector_from_matrix(matrix_from_rotation_vector(vector))
        np.testing.assert_allclose(
            matrix_from_rotation_vector(found), matrix_from_rotation_vector(vector), atol=1e-12
        )
        assert np.linalg.norm(found) == pytest.approx(angle)


@pytest.mark.parametrize("angle", ANGLES)
def test_left_jacobian_against_finite_differences(angle):
    vector = angle * np.array([2.0, -1.0, 2.0]) / 3
    point, step = np.array([0.3, -0.5, 0.8]), 1e-6
    expected = np.column_stack(
        [
            (matrix_from_rotation_vector(vector + d) - matrix_from_rotation_vector(vector - d))
            @ point
            / (2 * step)
            for d in step * np.eye(3)
        ]
    )
    actual = -cross_matrix(matrix_from_rotation_vector(vector) @ point) @ left_jacobian(vector)
    np.testing.assert_allclose(actual, expected, atol=1e-8)


def test_cross_matrix():
    a, b = np.array([1.0, 2, 3]), np.array([-2.0, 0.5, 4])
    np.testing.assert_allclose(cross_matrix(a) @ b, np.cross(a, b))


def test_nearest_rotation_of_a_similarity():
    turn = matrix_from_rotation_vector(np.array([0.5, 0.1, -0.9]))
    np.testing.assert_allclose(nearest_rotation(3.7 * turn), turn, atol=1e-12)


@pytest.mark.parametrize("angle", ANGLES)
def test_quaternions_are_those_of_scipy(angle):
    from scipy.spatial.transform import Rotation

    axes = np.random.default_rng(4).normal(size=(6, 3))
    rotations = angle * axes / np.linalg.norm(axes, axis=1, keepdims=True)
    known = Rotation.from_rotvec(rotations)
    quaternions = quaternions_from_rotation_vectors(rotations)
    np.testing.assert_allclose(quaternions, known.as_quat(), atol=1e-15)
    np.testing.assert_allclose(rotation_vectors_from_quaternions(-3 * quaternions), rotations, atol=1e-14)
    product = quaternion_product(quaternions[0], quaternions)
    np.testing.assert_allclose(
        rotation_vectors_from_quaternions(product), (known[0] * known).as_rotvec(), atol=1e-14
    )
