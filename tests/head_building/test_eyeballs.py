"""The eyeballs: closed, outward, symmetric, an iris of the right size behind a clear cornea."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.eyeballs import (
    CORNEA_APEX_M,
    IRIS_RADIUS_M,
    LIMBUS_UV_RADIUS,
    PUPIL_RADIUS_M,
    RADIUS_M,
    EyesMesh,
    build_eyes,
)
from mien.head_building.part_mesh import part_index
from mien.head_building.texture_atlas import TILES
from tests.head_building.part_checks import (
    assert_closed,
    assert_manifold,
    assert_symmetric,
    face_normals,
    uv_areas,
    volume,
)


@pytest.fixture(scope="module")
def eyes() -> EyesMesh:
    return build_eyes()


def faces_of(eyes: EyesMesh, part: str) -> np.ndarray:
    return eyes.mesh.quads[eyes.mesh.parts[eyes.mesh.quads[:, 0]] == part_index(part)]


def test_quads_symmetric_and_manifold(eyes: EyesMesh):
    assert (eyes.mesh.quads >= 0).all()
    assert_manifold(eyes.mesh.quads)
    assert_symmetric(eyes.mesh)


@pytest.mark.parametrize("side", ["left", "right"])
def test_ball_is_closed_and_24_mm_wide(eyes: EyesMesh, side: str):
    ball = faces_of(eyes, f"{side}_eye")
    assert_closed(ball)
    places = eyes.mesh.vertices[np.unique(ball)]
    assert volume(eyes.mesh.vertices, ball) == pytest.approx(4 / 3 * np.pi * RADIUS_M**3, rel=0.06)
    distance = np.linalg.norm(places, axis=1)
    assert distance.max() == pytest.approx(RADIUS_M)
    outside = np.hypot(places[:, 0], places[:, 1]) > IRIS_RADIUS_M - 1e-9
    np.testing.assert_allclose(distance[outside | (places[:, 2] < 0)], RADIUS_M, rtol=1e-9)
    assert 300 <= len(places) <= 450


@pytest.mark.parametrize("side", [0, 1])
def test_iris_and_pupil(eyes: EyesMesh, side: int):
    places = eyes.mesh.vertices
    for rings, radius in ((eyes.iris_rings, IRIS_RADIUS_M), (eyes.pupil_rings, PUPIL_RADIUS_M)):
        ring = places[rings[side]]
        np.testing.assert_allclose(np.hypot(ring[:, 0], ring[:, 1]), radius)
        turn = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0] * (1, -1)[side]))
        assert turn[0] == pytest.approx(0)
        np.testing.assert_allclose(np.diff(turn), 2 * np.pi / 24)
    pupil = places[eyes.pupils[side]]
    np.testing.assert_allclose(pupil[:2], 0)
    edge_z = places[eyes.pupil_rings[side], 2]
    assert pupil[2] < edge_z.min() < places[eyes.iris_rings[side], 2].max()


def test_cornea_covers_the_iris_and_meets_the_white(eyes: EyesMesh):
    cornea = np.unique(faces_of(eyes, "left_cornea"))
    places = eyes.mesh.vertices[cornea]
    assert places[:, 2].max() == pytest.approx(CORNEA_APEX_M)
    rim = places[np.isclose(np.hypot(places[:, 0], places[:, 1]), IRIS_RADIUS_M)]
    limbus = eyes.mesh.vertices[eyes.iris_rings[0]]
    np.testing.assert_allclose(np.sort(rim, axis=0), np.sort(limbus, axis=0), atol=1e-12)
    ball = eyes.mesh.vertices[np.unique(faces_of(eyes, "left_eye"))]
    inside = ball[np.hypot(ball[:, 0], ball[:, 1]) < IRIS_RADIUS_M - 1e-6]
    front = inside[inside[:, 2] > 0]
    rings = sorted({(round(float(np.hypot(x, y)), 7), float(z)) for x, y, z in places})
    above = np.interp(np.hypot(front[:, 0], front[:, 1]), *zip(*rings, strict=True))
    assert (above - front[:, 2] > 2e-4).all()


def test_faces_look_outwards(eyes: EyesMesh):
    middles, normals = face_normals(eyes.mesh)
    front = np.hypot(middles[:, 0], middles[:, 1]) < 0.0016
    assert (normals[front & (middles[:, 2] > 0), 2] > 0.9).all()
    off_axis = np.hypot(middles[:, 0], middles[:, 1])
    outer = (np.linalg.norm(middles, axis=1) > 0.0115) & ((off_axis > IRIS_RADIUS_M) | (middles[:, 2] < 0))
    assert (np.sum(middles[outer] * normals[outer], axis=1) > 0).all()


def test_texture_disc(eyes: EyesMesh):
    assert (uv_areas(eyes.mesh) > 0).all()
    for side, name in enumerate(("left_eye", "right_eye")):
        left, bottom, right, top = TILES[name]
        middle = np.array([left + right, bottom + top]) / 2
        vertices = eyes.iris_rings[side]
        rows, columns = np.nonzero(np.isin(eyes.mesh.quads, vertices))
        uv = eyes.mesh.uv[eyes.mesh.uv_quads[rows, columns]]
        np.testing.assert_allclose(
            np.linalg.norm(uv - middle, axis=1), LIMBUS_UV_RADIUS * (right - left), atol=1e-9
        )
        assert 2 * LIMBUS_UV_RADIUS * (right - left) * 1024 > 60


def test_placed_about_mirrored_centres(eyes: EyesMesh):
    places = eyes.placed(np.array([0.03, 0.02, 0.1]))
    np.testing.assert_allclose(places[eyes.pupils[0], :2], [0.03, 0.02])
    np.testing.assert_allclose(places[eyes.mesh.mirror], places * [-1, 1, 1], atol=1e-12)
