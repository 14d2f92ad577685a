"""`mien benchmark captures`: captures made hard, from pictures to a field with its landmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import AssetsOption, JsonOption
from mien.commands.usage import UsageError
from mien.errors import InputError

if TYPE_CHECKING:
    from mien.evaluation.fields.hard_captures import CaptureFigures


@dataclass(frozen=True)
class CapturesBenchmarkConfig:
    """Synthetic captures as newcomers have them: is the head found, and where are its landmarks?

    A wall close behind, shoulders and clothes, a room full of things, changing exposure, a lens with
    distortion, cameras that are off by 1° or 1 cm, and an orbit by hand without cameras. Each is trained on
    as `mien field train` does it and searched for landmarks; fields are kept beside the pictures.
    """

    data: Path
    """Folder of the captures."""
    make: bool = False
    """Photograph those that are not there yet, and measure nothing."""
    only: tuple[str, ...] = ()
    """Names of captures; all when left out."""
    preset: Literal["draft", "standard", "quality"] = "standard"
    """Of the fields."""
    makers: Flat[AssetsOption] = AssetsOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Photograph, or measure and print."""
    config = parse(CapturesBenchmarkConfig, arguments, prog="mien benchmark captures")
    from mien.evaluation.fields.hard_captures import (
        CAPTURES,
        as_rows,
        folder_name,
        make_captures,
        measure_capture,
    )
    from mien.fields.config import FieldConfig
    from mien.synthetic.scenes.scene_files import TRUTH_NAME

    unknown = [name for name in config.only if name not in CAPTURES]
    if unknown:
        raise UsageError(
            f"--only: there is no capture {unknown[0]!r}; there are {', '.join(CAPTURES)}",
            source="mien benchmark captures",
        )
    names = config.only or tuple(CAPTURES)
    if config.make:
        if config.makers.assets is None:
            raise UsageError("--make needs --assets", source="mien benchmark captures")
        with progress_bar("photograph", quiet=config.output.json) as report:
            made = make_captures(config.makers.assets, config.data, only=names, report=report)
        print(f"{made} captures photographed")
        print_written([config.data], next_step=f"mien benchmark captures --data {config.data}")
        return 0
    there = [name for name in names if (config.data / folder_name(name) / TRUTH_NAME).is_file()]
    if not there:
        raise InputError(
            "holds no captures; make them with: mien benchmark captures --make --assets ASSETS",
            source=config.data,
        )
    figures = []
    for name in names:
        with progress_bar(name, quiet=config.output.json) as report:
            figures.append(
                measure_capture(
                    config.data / folder_name(name), name, FieldConfig.preset(config.preset), report=report
                )
            )
        if not config.output.json:
            one = figures[-1]
            print(
                f"{name}: " + (one.said or f"{one.landmarks_mm:.1f} mm, {one.inside_db:.1f} dB"), flush=True
            )
    if config.output.json:
        return print_json({"captures": as_rows(figures)})
    body = [[cell(one) for cell in _COLUMNS.values()] for one in figures]
    print_table(list(_COLUMNS), body, title=f"{len(figures)} captures, {config.preset} preset")
    return 0


def _number(value: float, form: str, unit: str = "") -> str:
    return "–" if isnan(value) else f"{value:{form}}{unit}"


_COLUMNS: dict[str, Callable[[CaptureFigures], str]] = {
    "capture": lambda one: one.name,
    "landmarks": lambda one: f"{one.landmarks_mm:.1f} mm" if one.landmarks_found else "none",
    "aligned": lambda one: _number(one.aligned_mm, ".1f", " mm"),
    "fitted head": lambda one: _number(one.fitted_mm, ".1f", " mm"),
    "confidence": lambda one: _number(one.confidence, ".3f"),
    "inside": lambda one: _number(one.inside_db, ".1f", " dB"),
    "cameras turned by": lambda one: _number(one.rotation_deg, ".2f", "°"),
    "off by": lambda one: _number(one.centre_percent, ".2f", " %"),
    "training": lambda one: _number(one.seconds, ".0f", " s"),
}
"""Heading to what stands under it."""
