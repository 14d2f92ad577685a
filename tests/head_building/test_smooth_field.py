"""Displacements spread over a sheet: given ones are kept, far ones are nothing, between all is smooth."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.makehuman import triangulated
from mien.head_building.smooth_field import SmoothField

SIDE = 21
REACH_M = 0.006


def sheet() -> tuple[np.ndarray, np.ndarray]:
    """Vertices a millimetre apart, and triangles."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    vertices = 0.001 * np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3)
    corner = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    quads = corner[:, None] + [0, SIDE, SIDE + 1, 1]
    return vertices, triangulated(quads)


@pytest.fixture(scope="module")
def field() -> SmoothField:
    vertices, triangles = sheet()
    given = np.array([10 * SIDE + k for k in (9, 10, 11)])
    allowed = vertices[:, 0] < 0.0145
    return SmoothField(triangles, vertices, given, allowed=allowed, reach_m=REACH_M)


def test_given_displacements_are_kept_and_far_ones_are_zero(field: SmoothField):
    vertices, _ = sheet()
    given_m = np.array([[0, 0, 0.001], [0, 0.0005, 0.002], [0.0003, 0, 0.001]])
    moved = field.add_to(vertices, given_m) - vertices
    np.testing.assert_allclose(moved[field.given], given_m)
    distance_m = np.linalg.norm(vertices[:, None] - vertices[field.given], axis=2).min(axis=1)
    assert not moved[distance_m >= REACH_M].any()
    assert not moved[(vertices[:, 0] > 0.0145)].any()
    near = (distance_m < 0.0015) & (distance_m > 0)
    assert (moved[near, 2] > 0.0002).all()


def test_it_is_linear_and_works_on_stacks(field: SmoothField):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 3, 3))
    both = field.spread(np.stack([first, second]))
    np.testing.assert_allclose(both[0], field.spread(first))
    np.testing.assert_allclose(field.spread(2 * first - second), 2 * both[0] - both[1], atol=1e-12)


def test_it_is_flattest_at_what_it_has_to_meet(field: SmoothField):
    """Nothing overshoots by much, and displacement falls off with distance."""
    vertices, _ = sheet()
    lifted = field.add_to(vertices, np.tile([0, 0, 0.001], (3, 1)))[:, 2]
    assert lifted.max() < 0.0011
    assert lifted.min() > -0.0002
    row = lifted[10 * SIDE + 11 : 10 * SIDE + 17]
    assert (np.diff(row) < 1e-9).all()
