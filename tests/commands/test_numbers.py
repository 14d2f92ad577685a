"""Numbers that cannot be meant end a command before it begins, with the option's name and code 2."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from mien.commands.app import main
from mien.commands.numbers import check_numbers
from mien.commands.usage import UsageError


@dataclass(frozen=True)
class Inner:
    noise_px: float = 0.5


@dataclass(frozen=True)
class Options:
    count: int = 3
    seed: int = 19
    held_out: int = 1
    most: int | None = None
    side_px: int = 256
    radius: float = 15.0
    azimuth: float = 15.0
    sigma: float = math.inf
    smallest: float = -5.0
    scales: tuple[float, ...] = ()
    flag: bool = False
    inner: Inner = field(default_factory=Inner)


@pytest.mark.parametrize(
    "fine",
    [
        {},
        {"seed": 0, "held_out": 0, "azimuth": -30.0, "sigma": math.inf, "smallest": -9.0},
        {"most": 1, "radius": 0.1, "scales": (1.0, 0.0), "flag": True, "inner": Inner(0.0)},
    ],
)
def test_what_can_be_meant_passes(fine: dict):
    check_numbers(Options(**fine))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"count": 0}, "--count: must be above 0, not 0"),
        ({"most": 0}, "--most: must be above 0"),
        ({"seed": -1}, "--seed: must be 0 or above"),
        ({"held_out": -1}, "--held-out: must be 0"),
        ({"side_px": 10**6}, "--side-px: must be at most 16384"),
        ({"radius": 0.0}, "--radius: must be above 0"),
        ({"radius": math.nan}, "--radius: must be a finite number, not nan"),
        ({"azimuth": math.inf}, "--azimuth: must be a finite"),
        ({"scales": (1.0, math.nan)}, "--scales: must be a finite"),
        ({"scales": (1.0, -1.0)}, "--scales: must be 0 or above"),
        ({"inner": Inner(-1.0)}, "--noise-px: must be 0 or above"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict, said: str):
    with pytest.raises(UsageError, match=said):
        check_numbers(Options(**wrong))


@pytest.mark.parametrize(
    "arguments",
    [
        "lift a.jpg --max-faces 0",
        "landmarks a.jpg --max-faces -3",
        "field edit a.jpg --side-px 0",
        "field edit a.jpg --rays-each-way 0",
        "field edit a.jpg --radius nan",
        "field edit a.jpg --set jawOpen=nan",
        "field edit a.jpg --set jawOpen=1e9",
        "field edit a.jpg --move mouth:nan,0,0",
        "lift views --count 0",
        "train landmarks --data x --batch 0",
    ],
)
def test_commands_end_with_code_2(arguments: str, capsys: pytest.CaptureFixture[str]):
    if "field" in arguments:
        pytest.importorskip("torch")
    assert main(arguments.split()) == 2
    assert "--" in capsys.readouterr().err
