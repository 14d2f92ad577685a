"""A toy head with everything that exporters look at: parts, texture seams, joints, still and moving parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status

NAMES = ("jawOpen", "mouthClose", "eyeBlinkLeft", "browInnerUp", "cheekPuff")


def _ball(centre_m: tuple[float, float, float], radius_m: float, rows: int, columns: int):
    """Vertices, outward triangles, and texture coordinates with a seam where the columns close."""
    polar = np.linspace(0.15, np.pi - 0.15, rows)
    around = np.arange(columns) * 2 * np.pi / columns
    direction = np.stack(
        [
            np.outer(np.sin(polar), np.sin(around)),
            np.outer(np.cos(polar), np.ones(columns)),
            np.outer(np.sin(polar), np.cos(around)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    u, v = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(1, 0, rows))
    triangles, uv_triangles = [], []
    for row in range(rows - 1):
        for column in range(columns):
            a, b = row * columns + column, row * columns + (column + 1) % columns
            s, t = row * (columns + 1) + column, row * (columns + 1) + column + 1
            triangles += [(a, a + columns, b), (b, a + columns, b + columns)]
            uv_triangles += [(s, s + columns + 1, t), (t, s + columns + 1, t + columns + 1)]
    uv = np.stack([u.ravel(), v.ravel()], axis=1)
    return direction * radius_m + centre_m, np.array(triangles), uv, np.array(uv_triangles)


@pytest.fixture(scope="session")
def head() -> Head:
    rng = np.random.default_rng(7)
    balls = [
        _ball((0, 0, 0), 0.1, 12, 16),
        _ball((0.03, 0.03, 0.085), 0.02, 6, 8),
        _ball((-0.03, 0.03, 0.085), 0.02, 6, 8),
    ]
    vertices, triangles, uvs, uv_triangles, parts = [], [], [], [], []
    for part, (points_m, faces, uv, uv_faces) in enumerate(balls):
        triangles.append(faces + sum(len(v) for v in vertices))
        uv_triangles.append(uv_faces + sum(len(u) for u in uvs))
        vertices.append(points_m)
        uvs.append(uv)
        parts.append(np.full(len(points_m), part))
    mean_m, vertex_parts = np.concatenate(vertices), np.concatenate(parts)
    count = len(mean_m)
    expression_m = np.zeros((len(NAMES), count, 3))
    for shape in range(len(NAMES) - 1):
        expression_m[shape, rng.choice(192, 30 * (shape + 1), replace=False)] = rng.normal(
            0, 0.005, (30 * (shape + 1), 3)
        )
    expression_m[4] = rng.normal(0, 0.002, (count, 3))  # moves everything: stored densely
    height = (mean_m[:, 1] + 0.1) / 0.2
    weights = np.zeros((count, 4))
    weights[:, 0], weights[:, 1] = 0.3 * (1 - height) * height, 0.7 * height
    weights[vertex_parts > 0] = 0
    weights[vertex_parts == 1, 2] = weights[vertex_parts == 2, 3] = 1
    joints_m = np.array([[0, -0.1, 0], [0, -0.05, 0], [0.03, 0.03, 0.085], [-0.03, 0.03, 0.085]])
    return Head(
        name="toy",
        version="1",
        mean_m=mean_m,
        triangles=np.concatenate(triangles),
        identity_basis_m=rng.normal(0, 0.001, (3, count, 3)),
        expression_basis_m=expression_m,
        expression_names=NAMES,
        joints_mean_m=joints_m,
        joints_identity_m=rng.normal(0, 0.001, (3, 4, 3)),
        skinning_weights=weights,
        part_names=("skin", "left_eye", "right_eye"),
        vertex_parts=vertex_parts,
        uv=np.concatenate(uvs),
        uv_triangles=np.concatenate(uv_triangles),
        mirror_vertices=np.arange(count),
        landmark_sets={},
    )


@pytest.fixture(scope="session")
def dressed_head(head: Head) -> Head:
    """The toy head with a cornea, lashes (a card of two quads that touches nothing), and quads: all of the
    lashes' are, and two triangles of the skin are one; the other triangles stay triangles."""
    count, uv_count = head.vertex_count, len(head.uv)
    cornea_m, cornea, cornea_uv, cornea_uv_triangles = _ball((0.03, 0.03, 0.086), 0.021, 6, 8)
    lashes_m = np.array([(x, y, 0.11) for y in (0.05, 0.06) for x in (0.01, 0.03, 0.05)])
    lash_quads = np.array([(0, 1, 4, 3), (1, 2, 5, 4)])
    lashes = np.concatenate([lash_quads[:, :3], lash_quads[:, [0, 2, 3]]])
    lashes_uv = np.array([(u, v) for v in (0.0, 1.0) for u in (0.0, 0.5, 1.0)])
    starts = count, count + len(cornea_m)
    uv_starts = uv_count, uv_count + len(cornea_uv)
    triangles = np.concatenate([head.triangles, cornea + starts[0], lashes + starts[1]])
    uv_triangles = np.concatenate(
        [head.uv_triangles, cornea_uv_triangles + uv_starts[0], lashes + uv_starts[1]]
    )
    both = slice(2, len(head.triangles) + len(cornea))  # all but the skin's first two and the lashes'

    def faces(corners: np.ndarray, lashes_corners: np.ndarray) -> np.ndarray:
        a, b, c, d = corners[0, 0], corners[0, 1], corners[1, 2], corners[1, 0]
        rest = np.pad(corners[both], ((0, 0), (0, 1)), constant_values=-1)
        return np.concatenate([[(a, b, c, d)], rest, lashes_corners])

    extra = len(cornea_m) + len(lashes_m)
    return replace(
        head,
        name="dressed",
        mean_m=np.concatenate([head.mean_m, cornea_m, lashes_m]),
        triangles=triangles,
        identity_basis_m=np.pad(head.identity_basis_m, ((0, 0), (0, extra), (0, 0))),
        expression_basis_m=np.pad(head.expression_basis_m, ((0, 0), (0, extra), (0, 0))),
        skinning_weights=np.pad(head.skinning_weights, ((0, extra), (0, 0))),
        part_names=(*head.part_names, "left_cornea", "lashes"),
        vertex_parts=np.concatenate(
            [head.vertex_parts, np.full(len(cornea_m), 3), np.full(len(lashes_m), 4)]
        ),
        uv=np.concatenate([head.uv, cornea_uv, lashes_uv]),
        uv_triangles=uv_triangles,
        mirror_vertices=np.arange(count + extra),
        quads=faces(triangles, lash_quads + starts[1]),
        uv_quads=faces(uv_triangles, lash_quads + uv_starts[1]),
    )


@pytest.fixture(scope="session")
def dressed_fit(fit: HeadFit) -> HeadFit:
    return replace(fit, head_name="dressed")


@pytest.fixture(scope="session")
def look() -> HeadLook:
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    base_color = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(90)), axis=2)
    cards = np.zeros((8, 16, 4), np.uint8)
    cards[:, ::2, 3] = 255
    return HeadLook(
        base_color=np.ascontiguousarray(base_color),
        roughness=np.full((32, 32), 128, np.uint8),
        normals=np.broadcast_to(np.array([128, 128, 255], np.uint8), (32, 32, 3)).copy(),
        cards=cards,
    )


@pytest.fixture(scope="session")
def camera() -> Camera:
    return Camera.from_focal(900.0, width_px=640, height_px=480, camera_from_world=np.diag([1.0, -1, -1, 1]))


@pytest.fixture(scope="session")
def fit(head: Head, camera: Camera) -> HeadFit:
    rng = np.random.default_rng(1)
    parameters = HeadParameters(
        identity=rng.normal(size=3),
        expression=np.array([0.5, 0.2, 1.0, 0.3, 0.1]),
        joint_rotations=rng.normal(0, 0.2, (4, 3)),
        root_rotation=np.array([0.1, -0.4, 0.2]),
        root_translation_m=np.array([0.05, 0.02, -0.8]),
    )
    points_px = camera.project(head.vertices_m(parameters)[:10])
    landmarks = Landmarks2D(points_px=points_px, sigma_px=rng.uniform(1, 9, 10), set_name="toy10", score=0.75)
    return HeadFit(
        parameters=parameters,
        camera=camera,
        landmarks=landmarks,
        residuals_px=rng.normal(size=(10, 2)),
        status=Status.MAX_ITERATIONS,
        iterations=7,
        cost_history=(3.5, 1 / 3, 0.25),
        head_name="toy",
        head_version="1",
    )


@pytest.fixture(scope="session")
def track(fit: HeadFit) -> HeadTrack:
    rng = np.random.default_rng(2)
    frames, tracked = 6, np.array([False, True, True, False, True, True])
    points_px, sigma_px = rng.normal(size=(frames, 4, 2)), rng.uniform(1, 2, (frames, 4))
    points_px[~tracked] = np.nan
    sigma_px[~tracked] = np.nan
    return HeadTrack(
        times_s=2.0 + np.arange(frames) / 25,
        identity=fit.parameters.identity,
        expression=rng.uniform(-0.1, 1.1, (frames, 5)),
        joint_rotations=rng.normal(0, 0.3, (frames, 4, 3)),
        # a turn through 180 degrees, where a quaternion computed frame by frame changes its sign
        root_rotation=np.linspace([0, 2.8, 0], [0, 3.5, 0], frames),
        root_translation_m=rng.normal(size=(frames, 3)),
        tracked=tracked,
        camera=fit.camera,
        points_px=points_px,
        sigma_px=sigma_px,
        set_name="toy4",
        head_name="toy",
        head_version="1",
        frames_per_second=25.0,
    )
