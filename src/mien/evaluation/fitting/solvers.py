"""Study: do the solvers agree? Twenty fits of the built-in head, each by all of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.fitting.config import FitConfig
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.shared_problem import SharedProblem, Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.focal_prior import FocalTerm
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.openings import OpeningTerm
from mien.fitting.terms.priors import prior_terms
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.lbfgs import Lbfgs
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.scipy_least_squares import ScipyLeastSquares
from mien.least_squares.solver import Solver
from mien.progress import ProgressReport, reported, silent

SOLVERS: dict[str, Solver] = {
    "Levenberg–Marquardt": LevenbergMarquardt(max_iterations=200, relative_tolerance=1e-9),
    "L-BFGS": Lbfgs(),
    "SciPy least_squares": ScipyLeastSquares(),
}
SIZE_PX = 512
DIAGONAL_PX = 2**0.5 * SIZE_PX
KINDS: dict[str, FitConfig] = {
    "plain": FitConfig(robust_kernel="none"),
    "robust": FitConfig(),
    "colliding": FitConfig(skin_eyeball_std_m=1e-3, lid_gap_std_m=1e-3),
}
SETS = ("ibug68", "dense320", "dense703")
MAX_APART = 1e-3
"""Share of the cost by which solvers may differ."""


@dataclass(frozen=True)
class SolverCase:
    """One problem, solved by all.

    Attributes:
        name: what it is; unknowns: how many.
        costs, seconds: per solver.
    """

    name: str
    unknowns: int
    costs: dict[str, float]
    seconds: dict[str, float]

    @property
    def apart(self) -> float:
        """Largest difference of costs over the largest cost."""
        low, high = min(self.costs.values()), max(self.costs.values())
        return (high - low) / abs(high)


def study_solvers(
    head: Head,
    *,
    solvers: dict[str, Solver] | None = None,
    cases: int = 20,
    report: ProgressReport = silent,
) -> list[SolverCase]:
    """Noisy landmarks of random heads of the prior: three sets, three kinds of terms, and two views."""
    solvers = SOLVERS if solvers is None else solvers
    results = []
    for index in reported(range(cases), report, label="solving"):
        name, problem = _case(head, index)
        costs, seconds = {}, {}
        for label, solver in solvers.items():
            begin = time.perf_counter()
            solution = solver.solve(problem, problem.start(), throw=True)  # pyright: ignore[reportArgumentType]
            seconds[label] = time.perf_counter() - begin
            costs[label] = solution.cost
        results.append(SolverCase(name, problem.size, costs, seconds))
    return results


def _case(head: Head, index: int) -> tuple[str, HeadProblem | SharedProblem]:
    names = [name for name in SETS if name in head.landmark_sets] or list(head.landmark_sets)
    kinds = list(KINDS)
    set_name, kind = names[index % len(names)], kinds[index // len(names) % len(kinds)]
    if index % 10 == 9:
        parts = [noisy_problem(head, names[0], KINDS[kind], person=index, shot=shot) for shot in range(2)]
        return f"{names[0]}, {kind}, two views", Sharing().problem(parts)
    return f"{set_name}, {kind}", noisy_problem(head, set_name, KINDS[kind], person=index)


def noisy_problem(head: Head, set_name: str, config: FitConfig, *, person: int, shot: int = 0) -> HeadProblem:
    """Landmarks of a random person of the prior with 1 px of noise, from a rough pose of the mean head.

    Args:
        person: who it is; shot: which picture of them. The identity's prior belongs to shot 0.
    """
    who, where = np.random.default_rng([person, 1]), np.random.default_rng([person, 2, shot])
    truth = HeadParameters(
        identity=who.normal(size=head.identity_count),
        expression=0.5 * np.clip(where.normal(size=head.expression_count), 0, 1),
        joint_rotations=np.zeros((4, 3)),
        root_rotation=where.normal(0, [0.15, 0.3, 0.1]),
        root_translation_m=np.array([0.02, -0.02, -0.6]) + 0.02 * where.normal(size=3),
    )
    camera = Camera.from_focal(
        1.4 * DIAGONAL_PX, width_px=SIZE_PX, height_px=SIZE_PX, camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    points_px = camera.project(head.vertices_m(truth)[head.landmark_set(set_name).vertices])
    points_px = points_px + where.normal(size=points_px.shape)
    landmarks = Landmarks2D(points_px, np.ones(len(points_px)), set_name)
    model = FitModel.of(head, set_name)
    unknowns = Unknowns(
        identity_count=head.identity_count,
        expression_count=head.expression_count,
        joints=model.free_joints,
        focal=True,
    )
    start = replace(
        head.neutral(),
        root_rotation=truth.root_rotation + 0.1 * where.normal(size=3),
        root_translation_m=truth.root_translation_m + 0.02 * where.normal(size=3),
    )
    terms: list[Term] = [
        LandmarkTerm.of(landmarks, config),
        *prior_terms(head, unknowns, config, identity=shot == 0),
        FocalTerm(DIAGONAL_PX, config.log_focal_std),
    ]
    openings = OpeningTerm.of(model, landmarks, config)
    if openings is not None:
        terms.append(openings)
    return HeadProblem(HeadScene(model, unknowns, start, camera), tuple(terms))
