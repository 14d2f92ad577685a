"""Equations of a chain are those of the dense problem, and so are their steps."""

from __future__ import annotations

import numpy as np
import pytest

from mien.least_squares.chain_equations import ChainEquations
from mien.least_squares.equations import Equations
from mien.least_squares.normal_equations import NormalEquations
from tests.least_squares.problems import ChainProblem


def some_equations(
    *, frames: int, n: int = 3, m: int = 2, linked: bool = True
) -> tuple[ChainEquations, np.ndarray, np.ndarray]:
    """Equations of frames and of links, and the residuals and Jacobian that they were made of."""
    rng = np.random.default_rng(0)
    chain, rows, residuals = ChainEquations.zeros(frames, n, m), [], []
    for frame in range(frames):
        own, shared = slice(frame * n, frame * n + n), slice(frames * n, None)
        normal, values, jacobian_t = (
            NormalEquations.zeros(n + m),
            rng.normal(size=7),
            rng.normal(size=(n + m, 7)),
        )
        normal.add_dense(values, jacobian_t, cost=0.5 * float(values @ values))
        chain.add_frame(frame, normal)
        block = np.zeros((7, frames * n + m))
        block[:, own], block[:, shared] = jacobian_t[:n].T, jacobian_t[n:].T
        rows.append(block)
        residuals.append(values)
        if frame and linked:
            before = slice(own.start - n, own.start)
            values, block = rng.normal(size=4), np.zeros((4, frames * n + m))
            before_t, frame_t, shared_t = (rng.normal(size=(count, 4)) for count in (n, n, m))
            chain.add_link(frame, values, before_t, frame_t, shared_t)
            block[:, before], block[:, own], block[:, shared] = before_t.T, frame_t.T, shared_t.T
            rows.append(block)
            residuals.append(values)
    return chain, np.concatenate(residuals), np.concatenate(rows)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_sums_are_those_of_the_residuals(frames: int):
    chain, residuals, jacobian = some_equations(frames=frames)
    assert isinstance(chain, Equations)
    assert chain.cost == pytest.approx(0.5 * residuals @ residuals)
    np.testing.assert_allclose(chain.gradient, jacobian.T @ residuals, atol=1e-12)
    np.testing.assert_allclose(chain.hessian, jacobian.T @ jacobian, atol=1e-12)
    np.testing.assert_allclose(chain.diagonal, (jacobian**2).sum(axis=0))


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("linked", [True, False])
def test_step_solves_the_dense_system(frames: int, linked: bool):
    chain, residuals, jacobian = some_equations(frames=frames, linked=linked)
    hessian, gradient = jacobian.T @ jacobian, jacobian.T @ residuals
    for damping in (0.1, 3.0, 1e-6):  # one after the other, on the same equations
        step = chain.step(damping)
        assert step is not None
        expected = -np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        np.testing.assert_allclose(step.change, expected, rtol=1e-8)
        model = gradient @ expected + 0.5 * expected @ hessian @ expected
        assert step.expected_decrease == pytest.approx(-model)


def test_a_frame_that_nothing_is_known_of_stays():
    chain, _, _ = some_equations(frames=3)
    for block in (chain.diagonal_blocks[1], chain.border[1], chain.lower_blocks, chain.frame_gradients[1]):
        block[:] = 0
    step = chain.step(0.0)
    assert step is not None
    np.testing.assert_array_equal(step.change[3:6], 0)
    assert np.abs(step.change[:3]).min() > 0


@pytest.mark.parametrize("block", ["diagonal_blocks", "shared_block"])
def test_no_step_where_the_matrix_is_not_positive_definite(block: str):
    chain, _, _ = some_equations(frames=3)
    getattr(chain, block)[..., 0, 1] += 1000
    getattr(chain, block)[..., 1, 0] += 1000
    assert chain.step(1e-3) is None
    assert chain.step(1e4) is not None


def test_no_step_where_a_number_is_not_finite():
    chain, _, _ = some_equations(frames=3)
    chain.shared_block[0, 0] = np.nan
    assert chain.step(1e-3) is None


def test_nothing_is_added_after_a_step():
    """What is kept for the next damping would be wrong without notice."""
    chain, _, _ = some_equations(frames=3)
    chain.step(0.1)
    with pytest.raises(ValueError, match="read-only"):
        chain.add_frame(0, NormalEquations.zeros(5))


def test_a_long_chain_needs_no_square_of_memory():
    """20,000 frames: a dense matrix would take 13 GB."""
    problem = ChainProblem(frames=20_000)
    chain = ChainEquations.zeros(problem.frames, 2, 1)
    chain.diagonal_blocks[:], chain.lower_blocks[:] = 2.5 * np.eye(2), -np.eye(2)
    chain.shared_block[:], chain.frame_gradients[:] = 1.0, 1.0
    step = chain.step(0.0)
    assert step is not None
    # Far from the ends every frame has (2.5 − 1 − 1) δ = −1.
    np.testing.assert_allclose(step.change[20_000:20_010], -2.0)
