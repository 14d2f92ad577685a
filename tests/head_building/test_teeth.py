"""Crowns in the arches that marked teeth span."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.ict_facekit import TOOTH_RANGES, IctFaceKit
from mien.head_building.teeth import TeethMesh, build_teeth
from tests.head_building.assets import fake_ict


@pytest.fixture(scope="module")
def ict() -> IctFaceKit:
    return fake_ict()


@pytest.fixture(scope="module", params=[True, False], ids=["upper", "lower"])
def row(request: pytest.FixtureRequest, ict: IctFaceKit) -> tuple[bool, TeethMesh]:
    return request.param, build_teeth(ict, upper=request.param)


def test_fourteen_symmetric_crowns(row: tuple[bool, TeethMesh]):
    _, teeth = row
    assert len(teeth.edge_middles) == 14
    assert len(teeth.vertices_m) % 14 == 0
    np.testing.assert_array_equal(teeth.mirror[teeth.mirror], np.arange(len(teeth.mirror)))
    np.testing.assert_allclose(teeth.vertices_m[teeth.mirror], teeth.vertices_m * [-1, 1, 1], atol=1e-12)


def test_triangles_face_outwards(row: tuple[bool, TeethMesh]):
    _, teeth = row
    size = len(teeth.vertices_m) // 14
    corners = teeth.vertices_m[teeth.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    crown = teeth.triangles[:, 0] // size
    middles = teeth.vertices_m.reshape(14, size, 3).mean(axis=1)
    assert (np.einsum("tc,tc->t", normals, corners.mean(axis=1) - middles[crown]) > 0).all()


def test_crowns_follow_their_own_tooth(row: tuple[bool, TeethMesh], ict: IctFaceKit):
    upper, teeth = row
    np.testing.assert_allclose(teeth.ict_weights.sum(axis=1), 1)
    ranges = np.array(TOOTH_RANGES[0 if upper else 1])
    size = len(teeth.vertices_m) // 14
    tooth = (teeth.ict_vertices[..., None] >= ranges[:, 0]).sum(axis=-1) - 1
    for crown in tooth.reshape(14, size, -1):
        assert len(np.unique(crown)) == 1
    followed = np.einsum("vk,vkc->vc", teeth.ict_weights, ict.neutral_m[teeth.ict_vertices])
    assert np.linalg.norm(followed - teeth.vertices_m, axis=1).max() < 0.006


def test_biting_edges_run_from_the_subjects_left(row: tuple[bool, TeethMesh]):
    upper, teeth = row
    edge_m = teeth.vertices_m[teeth.edge_middles]
    assert (np.diff(edge_m[:, 0]) < 0).all()
    crowns = teeth.vertices_m.reshape(14, -1, 3)[..., 1]
    extreme = crowns.min(axis=1) if upper else crowns.max(axis=1)
    np.testing.assert_allclose(np.sort(edge_m[:, 1]), np.sort(extreme))
