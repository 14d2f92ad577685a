"""Small problems with known answers, and a chain that is also given as one dense problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mien.least_squares.chain_equations import ChainEquations
from mien.least_squares.normal_equations import NormalEquations


def jacobian_t(residuals: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """(N, M) by central differences."""
    step = 1e-7
    shifts = step * np.eye(len(x))
    return np.array([(residuals(x + shift) - residuals(x - shift)) / (2 * step) for shift in shifts])


@dataclass
class SmallProblem:
    """Attributes: residuals: of a point; start: of the solvers; answer: the minimum."""

    residuals: Callable[[np.ndarray], np.ndarray]
    start: np.ndarray
    answer: np.ndarray

    @property
    def size(self) -> int:
        return len(self.start)

    def cost(self, x: np.ndarray) -> float:
        return 0.5 * float((self.residuals(x) ** 2).sum())

    def linearize(self, x: np.ndarray, *, near: NormalEquations | None = None) -> NormalEquations:
        normal = NormalEquations.zeros(len(x), near=near)
        normal.add_dense(self.residuals(x), jacobian_t(self.residuals, x), cost=self.cost(x))
        return normal


@dataclass
class ChainProblem:
    """A shared growth rate, and in each frame a level that was measured and changes little.

    Vector: level and offset of frame 0, of frame 1, …, then the rate.
    """

    frames: int = 5
    measured: float = 2.0

    @property
    def size(self) -> int:
        return 2 * self.frames + 1

    @property
    def start(self) -> np.ndarray:
        return np.concatenate([np.tile([0.5, 0.0], self.frames), [0.1]])

    def frame_residuals(self, x: np.ndarray, frame: int) -> np.ndarray:
        """x: level, offset, rate."""
        grown = x[0] * np.exp(x[2] * np.arange(3)) + x[1]
        wanted = self.measured * np.exp(0.3 * np.arange(3)) + 0.1 * np.sin(frame + np.arange(3))
        return np.append(grown - wanted, 0.5 * x[1])

    def link_residuals(self, x: np.ndarray) -> np.ndarray:
        """x: level and offset of the frame before, level and offset, rate."""
        return np.array([3 * (x[2] - x[0]), x[3] - x[1] * x[4]])

    def frame_x(self, x: np.ndarray, frame: int) -> np.ndarray:
        return np.append(x[2 * frame : 2 * frame + 2], x[-1])

    def link_x(self, x: np.ndarray, frame: int) -> np.ndarray:
        return np.append(x[2 * frame - 2 : 2 * frame + 2], x[-1])

    def residuals(self, x: np.ndarray) -> np.ndarray:
        own = [self.frame_residuals(self.frame_x(x, frame), frame) for frame in range(self.frames)]
        links = [self.link_residuals(self.link_x(x, frame)) for frame in range(1, self.frames)]
        return np.concatenate(own + links)

    def dense(self) -> SmallProblem:
        """The same with dense equations; its answer is not known."""
        return SmallProblem(self.residuals, self.start, np.full(self.size, np.nan))

    def cost(self, x: np.ndarray) -> float:
        return 0.5 * float((self.residuals(x) ** 2).sum())

    def linearize(self, x: np.ndarray, *, near: ChainEquations | None = None) -> ChainEquations:
        chain = ChainEquations.zeros(self.frames, 2, 1)
        for frame in range(self.frames):

            def own(y: np.ndarray, frame: int = frame) -> np.ndarray:
                return self.frame_residuals(y, frame)

            here = self.frame_x(x, frame)
            normal, residuals = NormalEquations.zeros(3), own(here)
            normal.add_dense(residuals, jacobian_t(own, here), cost=0.5 * float(residuals @ residuals))
            chain.add_frame(frame, normal)
            if frame:
                here = self.link_x(x, frame)
                rows = jacobian_t(self.link_residuals, here)
                chain.add_link(frame, self.link_residuals(here), rows[:2], rows[2:4], rows[4:])
        return chain


GRID = np.linspace(0, 3, 20)
PROBLEMS = {
    "rosenbrock": SmallProblem(
        lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), np.array([-1.2, 1.0]), np.array([1.0, 1.0])
    ),
    "linear": SmallProblem(
        lambda x: np.array([2 * x[0] - 4, x[0] + 3 * x[1] - 5]), np.zeros(2), np.array([2.0, 1.0])
    ),
    "exponential": SmallProblem(
        lambda x: x[0] * np.exp(-x[1] * GRID) - 2 * np.exp(-0.7 * GRID),
        np.array([1.0, 0.0]),
        np.array([2.0, 0.7]),
    ),
    "beale": SmallProblem(
        lambda x: np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.arange(1, 4)),
        np.array([1.0, 0.8]),
        np.array([3.0, 0.5]),
    ),
    "badly scaled": SmallProblem(
        lambda x: np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]),
        np.array([0.0, 1.0]),
        np.array([1.09815933e-5, 9.10614674]),
    ),
    "without influence": SmallProblem(lambda x: np.array([x[0] - 1]), np.array([5.0, 7.0]), np.array([1, 7])),
}
"""Of Moré, Garbow and Hillstrom (1981), among others."""
