"""Landmark sets carried to a mesh of another topology and pose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.cameras import Camera
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.correspondence import with_landmark_sets
from mien.heads.library import load_head, save_head
from mien.heads.model import Head
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks, some_parameters
from tests.toy_head import toy_head


def source_head() -> Head:
    """The toy's skin alone, so that every landmark has a place on the target."""
    toy = toy_head()
    skin = np.flatnonzero(toy.vertex_parts == 0)
    head = toy.subset(skin)
    front = np.flatnonzero((head.mean_m[:, 2] > 0.03) & (np.abs(head.mean_m[:, 1]) < 0.09))
    place = {int(v): i for i, v in enumerate(front)}
    mirror = toy.mirror_vertices[skin]
    toy_set = replace(
        toy.landmark_set("toy"), vertices=front, mirror=np.array([place[int(mirror[v])] for v in front])
    )
    return replace(
        head,
        triangles=toy.triangles,
        uv_triangles=np.zeros_like(toy.triangles),
        mirror_vertices=mirror,
        landmark_sets={"toy": toy_set},
    )


def foreign_head(*, scale: float = 1.0, turn: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Head:
    """The same surface as another mesh: vertices shuffled, each triangle cut into four, moved and scaled."""
    source = source_head()
    edges = np.sort(
        np.concatenate(
            [source.triangles[:, [0, 1]], source.triangles[:, [1, 2]], source.triangles[:, [2, 0]]]
        ),
        axis=1,
    )
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = (source.vertex_count + inverse.reshape(3, -1)).astype(np.int32)
    a, b, c = source.triangles.T
    triangles = np.concatenate(
        [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )
    order = np.random.default_rng(0).permutation(source.vertex_count + len(unique))
    rotation = scale * matrix_from_rotation_vector(np.array(turn, float))

    def finer(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, values[unique].mean(axis=1)])[order]

    return replace(
        source,
        name="foreign",
        mean_m=finer(source.mean_m) @ rotation.T + [0.01, -0.02, 0.03],
        identity_basis_m=np.stack([finer(shape) for shape in source.identity_basis_m]) @ rotation.T,
        expression_basis_m=np.stack([finer(shape) for shape in source.expression_basis_m]) @ rotation.T,
        skinning_weights=0 * finer(source.skinning_weights),
        vertex_parts=np.zeros(len(order), np.int32),
        mirror_vertices=np.arange(len(order), dtype=np.int32),
        triangles=np.argsort(order)[triangles].astype(np.int32),
        uv_triangles=np.zeros_like(triangles),
        landmark_sets={},
    )


@pytest.mark.parametrize(
    ("scale", "turn"), [(1.0, (0, 0, 0)), (1.15, (0.1, 0.05, -0.05)), (0.9, (-0.1, 0, 0.1))]
)
def test_landmarks_arrive_where_they_belong(scale, turn):
    source, target = source_head(), foreign_head(scale=scale, turn=turn)
    found = with_landmark_sets(target, source)
    assert found.alignment.scale == pytest.approx(scale, rel=0.03)
    arrived = found.head.landmark_set("toy")
    rotation = scale * matrix_from_rotation_vector(np.array(turn, float))
    expected_m = source.mean_m[source.landmark_set("toy").vertices] @ rotation.T + [0.01, -0.02, 0.03]
    errors_m = np.linalg.norm(found.head.mean_m[arrived.vertices] - expected_m, axis=1)
    assert np.median(errors_m) < 0.0015
    assert np.median(found.distances_mm["toy"]) < 0.5
    np.testing.assert_array_equal(arrived.mirror, source.landmark_set("toy").mirror)


def test_landmarks_move_with_the_surface():
    found = with_landmark_sets(foreign_head(), source_head())
    source, head = source_head(), found.head
    parameters = some_parameters(source, seed=1)
    on_source = source.vertices_m(replace(parameters, joint_rotations=np.zeros((4, 3))))
    on_head = head.vertices_m(replace(parameters, joint_rotations=np.zeros((4, 3))))
    moved = on_head[head.landmark_set("toy").vertices] - on_source[source.landmark_set("toy").vertices]
    shift = moved - moved.mean(axis=0)
    assert np.median(np.linalg.norm(shift, axis=1)) < 0.002


def test_a_converted_head_can_be_fitted(tmp_path: Path):
    found = with_landmark_sets(foreign_head(scale=1.1), source_head())
    save_head(found.head, tmp_path / "converted.npz")
    head = load_head(tmp_path / "converted.npz")
    camera = Camera.from_focal(800.0, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)
    truth = some_parameters(head, seed=2)
    landmarks = exact_landmarks(head, truth, camera, set_name="toy", sigma_px=0.3)
    fit = fit_landmarks(landmarks, camera, context=Context(head=head))
    assert fit.status.usable
    assert np.sqrt((fit.residuals_px**2).mean()) < 0.7
    assert fit.head_name == "foreign"
