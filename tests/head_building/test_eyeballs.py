"""The eyeball: closed, outward, symmetric, with an iris of the right size."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.eyeballs import IRIS_RADIUS_RATIO, mirror_of_unit_eyeball, unit_eyeball


def test_closed_and_outward():
    mesh = unit_eyeball()
    t = mesh.triangles
    edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)[1].tolist() == [2] * (
        len(edges) // 2
    )
    corners = mesh.vertices[t]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("tc,tc->t", normals, corners.mean(axis=1)) > 0).all()
    volume = np.einsum("tc,tc->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    assert volume == pytest.approx(4 / 3 * np.pi, rel=0.05)


def test_mirror_is_a_reflection():
    vertices, mirror = unit_eyeball().vertices, mirror_of_unit_eyeball()
    np.testing.assert_array_equal(mirror[mirror], np.arange(len(vertices)))
    np.testing.assert_allclose(vertices[mirror], vertices * [-1, 1, 1], atol=1e-12)


def test_iris_and_pupil():
    mesh = unit_eyeball()
    assert mesh.vertices[:, 2].argmax() == mesh.pupil
    ring = mesh.vertices[mesh.iris_ring]
    np.testing.assert_allclose(np.hypot(ring[:, 0], ring[:, 1]), IRIS_RADIUS_RATIO, rtol=0.02)
    assert np.ptp(ring[:, 2]) < 1e-12
    turn = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0]))
    np.testing.assert_allclose(np.diff(turn), 2 * np.pi / len(ring))
    assert turn[0] == pytest.approx(0)


def test_texture_is_the_angle_from_the_line_of_sight():
    mesh = unit_eyeball()
    np.testing.assert_allclose(mesh.uv[mesh.pupil], 0.5)
    radius = np.linalg.norm(mesh.uv - 0.5, axis=1)
    angle = np.arccos(np.clip(mesh.vertices[:, 2] / np.linalg.norm(mesh.vertices, axis=1), -1, 1))
    np.testing.assert_allclose(radius[:-1], 0.5 * angle[:-1] / np.pi, atol=1e-12)
