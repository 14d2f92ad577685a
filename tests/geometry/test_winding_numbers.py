"""A cube encloses what is inside, with or without its lid."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.winding_numbers import winding_numbers

CORNERS = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
QUADS = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
CUBE = np.array([half for q in QUADS for half in (q[:3], [q[0], q[2], q[3]])])
POINTS = np.array([[0.5, 0.5, 0.5], [0.1, 0.9, 0.2], [1.5, 0.5, 0.5], [0.5, -0.01, 0.5], [-3.0, 2.0, 9.0]])


def test_inside_is_one_and_outside_zero():
    np.testing.assert_allclose(winding_numbers(POINTS, CORNERS, CUBE), [1, 1, 0, 0, 0], atol=1e-12)


def test_turned_inside_out_it_is_negative():
    np.testing.assert_allclose(winding_numbers(POINTS[:1], CORNERS, CUBE[:, ::-1]), [-1], atol=1e-12)


def test_a_hole_takes_its_solid_angle():
    assert winding_numbers(POINTS[:1], CORNERS, CUBE[2:])[0] == pytest.approx(5 / 6)
