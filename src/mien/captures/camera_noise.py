"""How wrong given cameras are, told from their pictures: are they turned, or do they stand elsewhere?

A turn of a camera and a shift of it move a head in its picture alike. What tells them apart is what they do
besides: only turns roll pictures, only shifts change sizes. The deviations of both are those under which
what the pictures show is likeliest, all cameras and points integrated out (empirical Bayes, "evidence":
MacKay 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.captures.bundle import SOLVER, BundlePriors, BundleProblem

TURNS_RAD = np.radians(0.02 * 2.0 ** np.arange(0, 9))
"""Deviations that are tried: 0.02° to 5°."""
SHIFTS_M = 0.0003 * 2.0 ** np.arange(0, 9)
"""0.3 mm to 77 mm."""
ROUNDS = 3
ERRING_TOGETHER = 2.0
"""Keypoints on outlines and highlights err in many pictures alike: they say less than their deviations do, by
this factor on these."""
OCCAM = 1.0
"""Cameras are believed to be both turned and shifted where that raises the logarithm of the evidence by so
much for each camera: free cameras also take up errors of keypoints."""


@dataclass(frozen=True, order=True)
class CameraNoise:
    """Standard deviations of given cameras: turns about each axis, shifts along each."""

    turn_rad: float
    shift_m: float


def likeliest_noise(
    points_px: Float[np.ndarray, "views landmarks 2"],
    sigma_px: Float[np.ndarray, "views landmarks"],
    cameras: Sequence[Camera],
    points_m: Float[np.ndarray, "landmarks 3"],
    priors: BundlePriors,
) -> CameraNoise:
    """The deviations that explain best what pictures show.

    Cameras may be turned, shifted, or both. For each of these some deviations are solved for, all others are
    compared about the solution as if the problem were quadratic, and the best of them is solved for in turn.

    Args:
        points_px, sigma_px, points_m: as of `adjust_bundle`.
        cameras: as given.
        priors: of all but the cameras.
    """

    def best(turns_rad: np.ndarray, shifts_m: np.ndarray) -> tuple[float, CameraNoise]:
        tried = [CameraNoise(float(turn), float(shift)) for turn in turns_rad for shift in shifts_m]
        known: dict[CameraNoise, float] = {}
        noise = tried[len(tried) // 2]
        for _ in range(ROUNDS):
            if noise in known:
                break
            believed = replace(priors, turn_rad=noise.turn_rad, shift_m=noise.shift_m)
            problem = BundleProblem(points_px, ERRING_TOGETHER * sigma_px, tuple(cameras), points_m, believed)
            solution = SOLVER.solve(problem, problem.start(None))
            known[noise], noise = _evidence(problem, solution.x, tried)
        return max((evidence, one) for one, evidence in known.items())

    simple = max(best(TURNS_RAD, SHIFTS_M[:1]), best(TURNS_RAD[:1], SHIFTS_M))
    both = best(TURNS_RAD, SHIFTS_M)
    return both[1] if both[0] > simple[0] + OCCAM * len(cameras) else simple[1]


def _evidence(
    problem: BundleProblem, x: Float[np.ndarray, " n"], tried: Sequence[CameraNoise]
) -> tuple[float, CameraNoise]:
    """Logarithm of the evidence of a problem's own deviations (Laplace's approximation), and which of those
    tried looks best from there."""
    equations = problem.linearize(x)
    shared = problem.shared
    held = problem.weights[: shared + 2] ** 2
    whole = equations.of_cameras
    lens = whole[shared:, shared:]
    mixed = whole[:shared, shared:]
    own = whole[:shared, :shared] - mixed @ np.linalg.solve(lens, mixed.T)
    told = own - np.diag(held[:shared])  # of the pictures alone, points and lens integrated out
    # At the solution the pictures' pull is the priors' with the other sign
    pull = told @ x[:shared] + held[:shared] * x[:shared]
    values = [_quadratic(told, pull, noise) for noise in tried]
    evidence = -equations.cost - 0.5 * np.linalg.slogdet(own)[1] + 0.5 * np.log(held[:shared]).sum()
    return float(evidence), tried[int(np.argmax(values))]


def _quadratic(told: Float[np.ndarray, "n n"], pull: Float[np.ndarray, " n"], noise: CameraNoise) -> float:
    """Logarithm of the evidence, up to a constant: ½ bᵀ A⁻¹ b − ½ log |A| + ½ log |W|, A = told + W, W the
    prior's information."""
    weights = np.tile([*[noise.turn_rad**-2] * 3, *[noise.shift_m**-2] * 3], len(told) // 6)
    lower = np.linalg.cholesky(told + np.diag(weights))
    explained = np.linalg.solve(lower, pull)
    return float(0.5 * explained @ explained - np.log(np.diagonal(lower)).sum() + 0.5 * np.log(weights).sum())
