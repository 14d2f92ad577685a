"""One progress, one bar, one table: held over the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "mien"
MODULES = sorted(SOURCE.rglob("*.py"))

DISPLAY = "commands/display.py"
PENDING = (
    "commands/train/",
    "commands/field/train.py",
    "fitting/",
    "tracking/",
    "fields/",
    "learning/",
    "training/",
)
"""Places whose callbacks are not converted yet."""


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


CONVERTED = [path for path in MODULES if not relative(path).startswith(PENDING)]


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", CONVERTED, ids=relative)
def test_bars_and_tables_are_drawn_in_one_place(path: Path):
    drawn = [name for name in imported(path) if name.split(".")[0] == "rich"]
    assert relative(path) == DISPLAY or not drawn, f"{drawn}: use mien.commands.display"


@pytest.mark.parametrize("path", CONVERTED, ids=relative)
def test_no_other_progress_is_defined(path: Path):
    for node in ast.walk(parse(path)):
        names = []
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [alias.asname for alias in node.names]
        assert "Progress" not in names or relative(path) == "progress.py"


@pytest.mark.parametrize("path", CONVERTED, ids=relative)
def test_progress_is_reported_in_one_way(path: Path):
    """What a function calls with its progress is `report: ProgressReport`, and nothing else."""
    for node in ast.walk(parse(path)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            annotation = "" if argument.annotation is None else ast.unparse(argument.annotation)
            where = f"line {argument.lineno}: {argument.arg}: {annotation}"
            assert argument.arg != "progress" or annotation == "Progress", where
            assert argument.arg != "report" or annotation == "ProgressReport", where
