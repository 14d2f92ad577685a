"""Non-rigid registration recovers a known smooth deformation of a sphere and carries functions over."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial import KDTree

from mien.head_building.feature_curves import Ties
from mien.head_building.registration import (
    Registration,
    SurfaceSamples,
    laplacian,
    match,
    register,
)

RADIUS_M = 0.05
FLIP = np.array([-1.0, 1.0, 1.0])
SIX_WAYS = np.vstack([np.eye(3), -np.eye(3)])
DIAGONAL = np.ones(3) / np.sqrt(3)


def deformed(points_m: np.ndarray) -> np.ndarray:
    """Up to 4 mm, smooth, symmetric in x."""
    x, y, z = (points_m / RADIUS_M).T
    return points_m * (1 + 0.05 * z + 0.04 * y * z)[:, None] + 0.001 * np.stack([0 * x, x**2, y], axis=1)


def sphere(subdivisions: int) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=RADIUS_M)
    return np.asarray(mesh.vertices), np.asarray(mesh.faces)


@pytest.fixture(scope="module")
def target() -> tuple[np.ndarray, np.ndarray]:
    vertices, triangles = sphere(4)
    return deformed(vertices), triangles


@pytest.fixture(scope="module")
def registration(target: tuple[np.ndarray, np.ndarray]) -> Registration:
    vertices, triangles = sphere(3)
    mirror = KDTree(vertices).query(vertices * FLIP)[1]
    poles, axes = [
        np.array([np.abs(points - p).sum(axis=1).argmin() for p in RADIUS_M * SIX_WAYS])
        for points in (vertices, sphere(4)[0])
    ]
    diagonal = np.abs(vertices - RADIUS_M * DIAGONAL).sum(axis=1).argmin()
    guide = np.array([diagonal, mirror[diagonal]])
    nearest = KDTree(sphere(4)[0]).query(vertices[guide])[1]
    return register(
        vertices,
        triangles,
        np.zeros(len(vertices), int),
        SurfaceSamples.of(target[0], target[1], spacing=0.002),
        ties=Ties.of(poles, axes[:, None], np.ones((len(poles), 1))),
        guides=Ties.of(guide, nearest[:, None], np.ones((2, 1))),
        target_m=target[0],
        mirror=mirror,
        compatible=np.ones((1, 1), bool),
    )


def test_laplacian_is_zero_on_constants_and_a_vertex_minus_its_neighbours():
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    matrix = laplacian(triangles, 4).toarray()
    np.testing.assert_allclose(matrix @ np.ones(4), 0, atol=1e-15)
    np.testing.assert_allclose(matrix[1], [-0.5, 1, -0.5, 0])
    np.testing.assert_allclose(matrix[0], [1, -1 / 3, -1 / 3, -1 / 3])


def test_samples_lie_on_their_triangles_densely(target: tuple[np.ndarray, np.ndarray]):
    vertices, triangles = target
    labels = (vertices[:, 1] > 0).astype(int)
    samples = SurfaceSamples.of(vertices, triangles, spacing=0.002, vertex_labels=labels)
    np.testing.assert_allclose(samples.weights.sum(axis=1), 1)
    assert samples.weights.min() >= 0
    np.testing.assert_allclose(
        samples.points, np.einsum("sk,skc->sc", samples.weights, vertices[samples.vertices])
    )
    middles = vertices[triangles].mean(axis=1)
    assert KDTree(samples.points).query(middles)[0].max() < 0.002
    clear = np.abs(samples.points[:, 1]) > 0.01
    np.testing.assert_array_equal(samples.labels[clear], samples.points[clear, 1] > 0)


def test_match_respects_normals_labels_and_reach():
    places = np.array([[0.0, 0, 0], [0.001, 0, 0], [0.002, 0, 0], [0.003, 0, 0]])
    normals = np.array([[0, 0, -1.0], [0, 0, 1], [0, 0, 1], [0, 0, 1]])
    target = SurfaceSamples(np.zeros((4, 3), int), np.zeros((4, 3)), places, normals, np.array([0, 1, 0, 0]))
    up, compatible = np.array([[0, 0, 1.0]]), np.eye(2, dtype=bool)

    def matched(point: list[float], label: int) -> tuple[int, float]:
        index, weight = match(
            np.array([point]), up, np.array([label]), target,
            reach=0.005, agreement=0.3, compatible=compatible, candidates=4,
        )  # fmt: skip
        return int(index[0]), float(weight[0])

    assert matched([0.0, 0, 0], 0)[0] == 2  # the nearest one faces away, the next has another label
    assert matched([0.0, 0, 0], 1)[0] == 1
    assert matched([0.0, 0, 0], 0)[1] > 0.5
    assert matched([0.0, 0.1, 0], 0)[1] == 0


def test_registration_recovers_the_deformation(registration: Registration):
    vertices, _ = sphere(3)
    expected = deformed(vertices)
    before_m = np.linalg.norm(vertices - expected, axis=1)
    error_m = np.linalg.norm(registration.vertices_m - expected, axis=1)
    assert before_m.mean() > 0.001
    assert error_m.mean() < 0.0005
    assert error_m.max() < 0.0015


def test_registration_is_symmetric_and_on_the_surface(
    registration: Registration, target: tuple[np.ndarray, np.ndarray]
):
    vertices, _ = sphere(3)
    mirror = KDTree(vertices).query(vertices * FLIP)[1]
    np.testing.assert_allclose(registration.vertices_m[mirror], registration.vertices_m * FLIP, atol=1e-9)
    surface = SurfaceSamples.of(*target, spacing=0.0005)
    assert KDTree(surface.points).query(registration.vertices_m)[0].max() < 0.0008


def test_tied_vertices_lie_where_they_are_tied(
    registration: Registration, target: tuple[np.ndarray, np.ndarray]
):
    vertices, _ = sphere(3)
    poles = np.array([np.abs(vertices - p).sum(axis=1).argmin() for p in RADIUS_M * SIX_WAYS])
    error_m = np.linalg.norm(registration.vertices_m[poles] - deformed(vertices[poles]), axis=1)
    assert error_m.max() < 0.0001
    np.testing.assert_array_equal(registration.confidence[poles], 1)
    row = registration.correspondence[poles[0]].toarray().ravel()
    tied = int(row.argmax())
    np.testing.assert_allclose(row[tied], 1)
    np.testing.assert_allclose(target[0][tied], deformed(vertices[poles[:1]])[0], atol=1e-12)


def test_displacements_carry_over(registration: Registration, target: tuple[np.ndarray, np.ndarray]):
    def field(points_m: np.ndarray) -> np.ndarray:
        return 0.01 * np.sin(points_m * 20 + [0, 1, 2])

    constant = np.full((len(target[0]), 3), [0.01, -0.02, 0.03])
    carried = registration.carry(np.stack([field(target[0]), constant]))
    np.testing.assert_allclose(carried[1], np.tile([0.01, -0.02, 0.03], (len(carried[1]), 1)), atol=1e-6)
    assert np.abs(carried[0] - field(registration.vertices_m)).max() < 0.0006
