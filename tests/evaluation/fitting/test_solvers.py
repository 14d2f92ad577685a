"""The study of the solvers, on a small head."""

from __future__ import annotations

from mien.evaluation.fitting.solvers import MAX_APART, SOLVERS, study_solvers
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.progress import Progress
from tests.toy_head import toy_head


def test_all_solvers_agree_on_every_kind_of_case():
    steps: list[Progress] = []
    cases = study_solvers(toy_head(), cases=10, report=steps.append)
    assert [case.name for case in cases][-1].endswith("two views")
    assert len({case.name for case in cases}) >= 6
    for case in cases:
        assert set(case.costs) == set(SOLVERS)
        assert case.apart <= MAX_APART, case
    assert (steps[-1].done, steps[-1].total) == (10, 10)


def test_a_solver_that_stops_early_is_seen():
    lazy = {**SOLVERS, "lazy": LevenbergMarquardt(max_iterations=1)}
    assert study_solvers(toy_head(), solvers=lazy, cases=1)[0].apart > MAX_APART
