"""Options of the commands that train: each is declared once, in the library or in the command."""

from __future__ import annotations

import importlib
from dataclasses import is_dataclass
from typing import Any

import pytest

from mien.commands.arguments import parse
from mien.commands.options_file import option_defaults
from mien.commands.train import SUB_VERBS
from mien.commands.train.field_landmarks import SUB_VERBS as FIELD_SUB_VERBS
from mien.learning.config import TrainingConfig

MODULES = sorted({target.split(":")[0] for _, target in (*SUB_VERBS.values(), *FIELD_SUB_VERBS.values())})
COMMANDS = [
    value
    for module in map(importlib.import_module, MODULES)
    for value in vars(module).values()
    if is_dataclass(value) and isinstance(value, type) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_no_option_is_declared_twice(command: type):
    assert option_defaults(command)  # it raises where one is


def test_the_commands_that_train_are_among_them():
    names = {command.__name__ for command in COMMANDS}
    assert {"TrainLandmarksConfig", "TrainSearchConfig", "TrainCoarseConfig", "TrainFineConfig"} <= names


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("TrainLandmarksConfig", {"network": "compact14", "opening_weight": 3.5, "max_minutes": 50.0}),
        ("AblationConfig", {"max_steps": 2000, "max_minutes": 50.0}),
        ("TrainSearchConfig", {"max_minutes": 15.0, "learning_rate": 3e-3, "batch": 24}),
        ("TrainCoarseConfig", {"max_minutes": 60.0, "threads": 1, "half_precision": False}),
        ("TrainFineConfig", {"local": True, "boxes": 4, "coarse": None}),
    ],
)
def test_defaults_are_those_that_users_know(command: str, expected: dict[str, object]):
    (found,) = (one for one in COMMANDS if one.__name__ == command)
    defaults = option_defaults(found)
    assert {name: defaults[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("TrainReadOutConfig", ["--data", "encoded"]),
        ("AblationConfig", ["--data", "synth"]),
        ("TrainLiftingConfig", []),
        ("TrainTuneConfig", ["--data", "synth", "--network", "realtime"]),
    ],
)
def test_minutes_that_are_asked_for_come_before_a_usual_length_in_steps(command: str, needed: list[str]):
    (found,) = (one for one in COMMANDS if one.__name__ == command)

    def lengths(*options: str) -> tuple[float, int | None]:
        (training,) = _trainings(parse(found, [*needed, *options], prog="mien train"))
        return training.max_minutes, training.max_steps

    assert lengths("--max-minutes", "3") == (3.0, None)
    assert lengths("--max-minutes=3", "--max-steps", "7") == (3.0, 7)
    assert lengths("--max-steps", "7")[1] == 7


def _trainings(options: Any) -> list[TrainingConfig]:
    if isinstance(options, TrainingConfig):
        return [options]
    if not is_dataclass(options):
        return []
    return [found for name in vars(options) for found in _trainings(getattr(options, name))]
