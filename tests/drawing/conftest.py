"""A tiny head for drawing: a ball for the skull, a bump for the nose, two eyeballs."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from mien.cameras import Camera
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters


@pytest.fixture(scope="session")
def head() -> Head:
    balls = [((0, 0, 0), 0.1, 3), ((0, -0.02, 0.1), 0.02, 2), ((0.03, 0.03, 0.085), 0.02, 3)]
    balls.append(((-0.03, 0.03, 0.085), 0.02, 3))
    vertices, triangles, parts = [], [], []
    for part, (centre_m, radius_m, level) in zip((0, 0, 1, 2), balls, strict=True):
        ball = trimesh.creation.icosphere(subdivisions=level, radius=radius_m)
        triangles.append(np.asarray(ball.faces) + sum(len(v) for v in vertices))
        vertices.append(np.asarray(ball.vertices) + centre_m)
        parts.append(np.full(len(ball.vertices), part))
    mean_m, vertex_parts = np.concatenate(vertices), np.concatenate(parts)
    weights = np.zeros((len(mean_m), 4))
    weights[vertex_parts == 0, 1] = weights[vertex_parts == 1, 2] = weights[vertex_parts == 2, 3] = 1
    return Head(
        name="ball",
        version="1",
        mean_m=mean_m,
        triangles=np.concatenate(triangles),
        identity_basis_m=np.zeros((1, len(mean_m), 3)),
        expression_basis_m=np.zeros((1, len(mean_m), 3)),
        expression_names=("jawOpen",),
        joints_mean_m=np.array([[0, -0.1, 0], [0, -0.05, 0], [0.03, 0.03, 0.085], [-0.03, 0.03, 0.085]]),
        joints_identity_m=np.zeros((1, 4, 3)),
        skinning_weights=weights,
        part_names=("skin", "left_eye", "right_eye"),
        vertex_parts=vertex_parts,
        uv=np.zeros((0, 2)),
        uv_triangles=np.zeros((sum(map(len, triangles)), 3), np.int64),
        mirror_vertices=np.arange(len(mean_m)),
        landmark_sets={},
    )


@pytest.fixture(scope="session")
def camera() -> Camera:
    """Looks along -z from the origin at a picture of 320 × 240."""
    return Camera.from_focal(400.0, width_px=320, height_px=240, camera_from_world=np.diag([1.0, -1, -1, 1]))


@pytest.fixture(scope="session")
def parameters(head: Head) -> HeadParameters:
    neutral = head.neutral()
    return HeadParameters(
        identity=neutral.identity,
        expression=neutral.expression,
        joint_rotations=neutral.joint_rotations,
        root_rotation=np.array([0.0, 0.2, 0.0]),
        root_translation_m=np.array([0.02, 0.01, -0.6]),
    )
