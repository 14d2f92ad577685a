"""Robust kernels: weights are the derivative of the cost, and what a kernel is for."""

from __future__ import annotations

import numpy as np
import pytest

from mien.least_squares.robust import robust_cost, robust_weights


@pytest.mark.parametrize("kernel", ["none", "huber", "geman_mcclure"])
def test_weights_are_the_derivative(kernel):
    squared = np.array([1e-4, 0.5, 3.0, 7.0, 100.0])  # none at Huber's kink, 4
    weights = robust_weights(squared, kernel=kernel, scale=2.0)
    for index, shift in enumerate(1e-6 * np.eye(len(squared))):
        up, down = (robust_cost(squared + sign * shift, kernel=kernel, scale=2.0) for sign in (1, -1))
        assert weights[index] == pytest.approx(2 * (up - down) / 2e-6, rel=1e-4, abs=1e-7)
    assert (np.diff(weights) <= 0).all()
    assert weights.max() <= 1


@pytest.mark.parametrize("kernel", ["huber", "geman_mcclure"])
def test_small_residuals_count_in_full(kernel):
    squared = np.full(3, 1e-6)
    assert robust_cost(squared, kernel=kernel, scale=2.0) == pytest.approx(1.5e-6, rel=1e-5)


def test_large_residuals_by_hand():
    ten = np.array([100.0])
    assert robust_cost(ten, kernel="none", scale=2.0) == 50
    assert robust_cost(ten, kernel="huber", scale=2.0) == pytest.approx(0.5 * 2 * (2 * 10 - 2))
    assert robust_cost(1e6 * ten, kernel="geman_mcclure", scale=2.0) == pytest.approx(0.5 * 4, rel=1e-4)


def test_a_residual_of_zero_has_a_weight():
    for kernel in ("none", "huber", "geman_mcclure"):
        assert robust_weights(np.zeros(1), kernel=kernel, scale=2.0) == 1
