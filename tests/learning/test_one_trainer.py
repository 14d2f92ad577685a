"""One loop trains everything, and writes one kind of checkpoint: looked up in the syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "mien"
TREES = {
    path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(SOURCE.rglob("*.py"))
}


def written(tree: ast.AST) -> set[str]:
    """Names and dotted names that a file uses, and the methods that it calls (".backward")."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
            found.add(f".{node.attr}")
    return found


def places(name: str) -> set[str]:
    return {path for path, tree in TREES.items() if name in written(tree)}


@pytest.mark.parametrize(
    ("name", "homes"),
    [
        (".backward", {"learning/learner.py"}),
        ("torch.optim", {"learning/learner.py", "learning/few_values.py"}),
        # the latter writes a file of another program's, to damage it
        ("torch.save", {"learning/checkpoints.py", "evaluation/fields/tensorf_checkpoint.py"}),
    ],
)
def test_what_a_training_does_stands_in_one_file(name: str, homes: set[str]):
    assert places(name) == homes


def test_there_is_one_class_of_checkpoints_and_one_of_trainers():
    classes = [
        node.name for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    assert [name for name in classes if name.endswith("Checkpoint")] == ["Checkpoint"]
    assert [name for name in classes if name.endswith("Trainer")] == ["Trainer"]


def test_a_second_loop_would_be_seen():
    assert ".backward" in written(ast.parse("loss.backward()"))
    assert "torch.optim" in written(ast.parse("torch.optim.AdamW(parameters)"))
