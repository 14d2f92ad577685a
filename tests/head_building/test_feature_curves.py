"""Curves laid upon each other by length, and vertices tied to places of another mesh."""

from __future__ import annotations

import numpy as np

from mien.head_building.feature_curves import Ties, along


def test_ends_meet_ends_and_shares_of_length_meet():
    rng = np.random.default_rng(0)
    ours = np.cumsum(rng.uniform(0.1, 1, (9, 1)), axis=0) * [1.0, 0, 0]
    at = np.cumsum(rng.uniform(0.1, 1, (14, 1)), axis=0) * [0, 2.0, 0]
    theirs = np.arange(100, 114)
    vertices, weights = along(ours, theirs, at)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() >= 0
    places = np.einsum("nk,nkc->nc", weights, at[vertices - 100])
    np.testing.assert_allclose(places[[0, -1]], at[[0, -1]])
    share = (ours[:, 0] - ours[0, 0]) / np.ptp(ours[:, 0])
    np.testing.assert_allclose((places[:, 1] - at[0, 1]) / np.ptp(at[:, 1]), share, atol=1e-12)


def test_ties_give_points_and_the_first_counts():
    target = np.arange(15.0).reshape(5, 3)
    first = Ties.of(np.array([7, 3]), np.array([[0, 1], [2, 3]]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    second = Ties.of(np.array([3, 4]), np.array([[4], [4]]), np.ones((2, 1)))
    ties = Ties.joined([first, second])
    assert ties.vertices.tolist() == [3, 4, 7]
    np.testing.assert_allclose(ties.points(target), [target[2], target[4], (target[0] + target[1]) / 2])
