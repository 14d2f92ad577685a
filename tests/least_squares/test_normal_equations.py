"""Dense equations: the damped step, and what may be done to them when."""

from __future__ import annotations

import numpy as np
import pytest

from mien.least_squares.equations import Equations
from mien.least_squares.normal_equations import NormalEquations


def some_equations(*, size: int = 6, seed: int = 0) -> tuple[NormalEquations, np.ndarray, np.ndarray]:
    """Equations of each kind of residuals, and the residuals and Jacobian that they were made of."""
    rng = np.random.default_rng(seed)
    normal = NormalEquations.zeros(size)
    dense, dense_t = rng.normal(size=9), rng.normal(size=(size, 9))
    normal.add_dense(dense, dense_t, cost=0.5 * float(dense @ dense))
    single, derivatives = rng.normal(size=2), rng.normal(size=2)
    normal.add_diagonal(slice(1, 3), single, derivatives)
    block, block_jacobian, columns = rng.normal(size=3), rng.normal(size=(3, 2)), np.array([4, 0])
    normal.add_block(columns, block, block_jacobian)
    jacobian = np.zeros((14, size))
    jacobian[:9] = dense_t.T
    jacobian[[9, 10], [1, 2]] = derivatives
    jacobian[11:, columns] = block_jacobian
    return normal, np.concatenate([dense, single, block]), jacobian


def test_sums_are_those_of_the_residuals():
    normal, residuals, jacobian = some_equations()
    assert isinstance(normal, Equations)
    assert normal.cost == pytest.approx(0.5 * residuals @ residuals)
    np.testing.assert_allclose(normal.gradient, jacobian.T @ residuals)
    np.testing.assert_allclose(normal.hessian, jacobian.T @ jacobian)
    np.testing.assert_allclose(normal.diagonal, (jacobian**2).sum(axis=0))


def test_every_damping_has_its_own_step():
    normal, residuals, jacobian = some_equations()
    hessian, gradient = jacobian.T @ jacobian, jacobian.T @ residuals
    for damping in (0.0, 1e-3, 10.0, 0.1):  # one after the other, on the same equations
        step = normal.step(damping)
        assert step is not None
        damped = hessian + damping * np.diag(np.diag(hessian))
        np.testing.assert_allclose(step.change, -np.linalg.solve(damped, gradient), rtol=1e-9)
        model = gradient @ step.change + 0.5 * step.change @ hessian @ step.change
        assert step.expected_decrease == pytest.approx(-model)
    np.testing.assert_allclose(normal.hessian, hessian)


def test_an_unknown_without_influence_stays():
    normal = NormalEquations.zeros(2)
    normal.add_dense(np.array([3.0]), np.array([[1.0], [0.0]]), cost=4.5)
    step = normal.step(0.0)
    assert step is not None
    np.testing.assert_allclose(step.change, [-3, 0])


def test_no_step_where_the_matrix_is_not_positive_definite():
    normal = NormalEquations.zeros(2)
    normal.sparse[:] = [[1, 2], [2, 1]]
    assert normal.step(1e-3) is None
    assert normal.step(2.0) is not None


def test_nothing_is_added_after_a_step():
    """What is kept for the next damping would be wrong without notice."""
    normal, residuals, jacobian = some_equations()
    normal.step(0.1)
    with pytest.raises(ValueError, match="read-only"):
        normal.add_dense(residuals, jacobian.T.copy(), cost=0.0)
    with pytest.raises(ValueError, match="read-only"):
        normal.add_diagonal(slice(0, 1), residuals[:1], residuals[:1])


def test_a_dense_part_may_be_taken_over_after_a_step():
    there, _, _ = some_equations(seed=1)
    there.step(0.1)
    near = NormalEquations.zeros(6, near=there)
    residuals, jacobian_t = np.ones(4), np.random.default_rng(2).normal(size=(6, 4))
    near.add_dense(residuals, jacobian_t, cost=2.0)
    near.add_diagonal(slice(0, 1), np.ones(1), np.ones(1))
    np.testing.assert_array_equal(near.dense, there.dense)
    expected = np.array(there.dense)
    expected[0, 0] += 1
    np.testing.assert_allclose(near.hessian, expected)
    step = near.step(0.0)
    assert step is not None
    np.testing.assert_allclose(step.change, -np.linalg.solve(expected, near.gradient))
