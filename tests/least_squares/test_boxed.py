"""Least squares in a box, with one weight below another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mien.least_squares.boxed import boxed_least_squares


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ordered", [None, (0, 2), (2, 1)])
def test_nothing_nearby_that_is_allowed_is_better(seed: int, ordered: tuple[int, int] | None):
    rng = np.random.default_rng(seed)
    root, target = rng.normal(size=(6, 3)), 2 * rng.normal(size=6)
    found = boxed_least_squares(root, target, ordered=ordered)

    def allowed(w: np.ndarray) -> bool:
        inside = w.min() >= -1e-9 and w.max() <= 1 + 1e-9
        return bool(inside and (ordered is None or w[ordered[0]] <= w[ordered[1]] + 1e-9))

    assert allowed(found)
    best = np.linalg.norm(root @ found - target)
    for step in itertools.product((-0.01, 0, 0.01), repeat=3):
        if allowed(found + step):
            assert np.linalg.norm(root @ (found + step) - target) >= best - 1e-9


def test_what_lies_inside_is_found_exactly():
    rng = np.random.default_rng(9)
    root, weights = rng.normal(size=(8, 4)), np.array([0.2, 0.0, 0.7, 1.0])
    np.testing.assert_allclose(boxed_least_squares(root, root @ weights), weights, atol=1e-9)
