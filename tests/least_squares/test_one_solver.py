"""There is one Levenberg–Marquardt: nobody else damps a step, tries it and damps it more."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mien

SOURCE = Path(mien.__file__).parent
SOLVER = SOURCE / "least_squares" / "levenberg_marquardt.py"
SETTINGS = {"first_damping", "max_damping", "damping_up", "damping_down"}


def adapted_dampings(code: str) -> list[str]:
    """Where code sets or changes something called damping, or reads how a solver does."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            stored = isinstance(node.ctx, ast.Store) and name.strip("_") == "damping"
            if stored or name in SETTINGS:
                found.append(f"line {node.lineno}: {name}")
    return found


def test_dampings_are_adapted_in_one_place():
    found = {path: adapted_dampings(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")}
    assert found.pop(SOLVER)
    second = {str(path.relative_to(SOURCE)): lines for path, lines in found.items() if lines}
    assert not second, f"{second}: make it a Problem and let LevenbergMarquardt solve it"


@pytest.mark.parametrize(
    "code", ["damping *= 6", "best, damping = start, 0.0", "x = solver.damping_up", "self._damping = 2"]
)
def test_a_second_loop_would_be_seen(code: str):
    assert adapted_dampings(code)


def test_a_damping_that_is_only_used_is_none():
    assert not adapted_dampings("def step(damping):\n    return solve(hessian + damping * diagonal)")
