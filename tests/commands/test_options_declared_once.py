"""An option is declared once: by the library's configuration, by the shared options, or by one command."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "mien"
COMMANDS = SOURCE / "commands"

PENDING: tuple[str, ...] = ()
"""Commands whose options are not yet nested configurations."""
SHARED = "options.py"

OTHER_MEANINGS = {
    "assets": "synth scene cannot do without; the benchmarks need it for what is not made yet",
    "cameras": "fit: their file; benchmark fitting: how many",
    "count": "of a turntable's pictures; benchmarks: of faces or frames",
    "people": "benchmark fitting: how many; trained volumes: of which kind",
    "study": "benchmark and ablation have other studies",
    "volumes": "benchmark field-landmarks: one folder; export: several",
    "data": "each benchmark has its own layout, one or several folders",
    "field": "field verbs cannot do without; fit takes pictures instead",
    "frames": "field render: whether to write them; benchmarks: how many, of another thing each",
    "landmarks": "benchmark fitting: a set's name; benchmark micc: a folder",
    "out": "one or several files that must be named, or a folder for one of many tasks",
    "predict": "benchmark micc: the folder of videos; elsewhere a flag",
    "size": "of pictures, pixels; field export: of the grid, cells",
    "split": "benchmarks have other parts",
    "encoders": "export-read-out cannot do without; a lifting network may take pixels",
    "held_out": "benchmark lifting: people; benchmark synthetic: shards",
    "make": "each benchmark of fields makes other things",
    "model": "benchmark lifting: the 2D network to compare with; elsewhere the landmark network",
    "networks": "benchmark lifting: several, to compare; elsewhere those for landmarks in fields",
    "noise_px": "benchmark lifting: tried ones; lift labels: one",
    "only": "each benchmark of fields has other parts",
    "preset": "benchmark captures has a quicker default",
    "set": "field edit: ARKit weights; lift labels: a landmark set",
    "start": "benchmark ytf68: how faces are found; fit: what the fit begins with",
    "videos": "lift label: several; track: those to follow",
    "ytf68": "the ablation can do without; benchmark lifting measures it beside others",
    "together": "fit: of the pictures named; benchmarks: how a submission is made",
    "video": "avatar prepare: the one to read; field interpolate: whether to write one",
    "source": "a face that changes; avatar train: a video or prepared frames",
    "turntable": "field landmarks can do without",
}
"""Names that stand for something else in each command: why they are no shared options."""


def relative(path: Path) -> str:
    return path.relative_to(COMMANDS).as_posix()


MODULES = [path for path in sorted(COMMANDS.rglob("*.py")) if not relative(path).startswith(PENDING)]


def dataclasses_of(path: Path) -> dict[str, set[str]]:
    """Names of a file's dataclasses and of the fields that each declares itself."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.dump(d) for d in node.decorator_list):
            names = {each.target.id for each in node.body
                     if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)}  # fmt: skip
            found[node.name] = names
    return found


def library_configs_of(path: Path) -> dict[str, set[str]]:
    """Fields of the library's configurations that a command imports, here or there."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("mien."):
            continue
        if (node.module or "").startswith("mien.commands"):
            continue
        home = SOURCE / Path(*(node.module or "").split(".")[1:]).with_suffix(".py")
        for alias in node.names:
            if alias.name.endswith(("Config", "Request")) and home.exists():
                found[alias.name] = dataclasses_of(home)[alias.name]
    return found


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_commands_nest_the_librarys_configurations(path: Path):
    for library, declared in library_configs_of(path).items():
        for command, names in dataclasses_of(path).items():
            again = sorted(names & declared)
            assert not again, f"{command} declares {', '.join(again)} of {library} again: nest it, Flat"


def test_a_name_is_declared_by_one_command_or_shared():
    owners: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for command, names in dataclasses_of(path).items():
            if command.endswith("Config") or relative(path) == SHARED:
                for name in names - nested_of(path):
                    owners[name].append(f"{relative(path)}:{command}")
    several = {name: places for name, places in owners.items() if len(places) > 1}
    assert set(several) == set(OTHER_MEANINGS), {
        name: several.get(name) for name in set(several) ^ set(OTHER_MEANINGS)
    }


def nested_of(path: Path) -> set[str]:
    """Names of fields that hold other dataclasses: they are no options."""
    return {
        node.target.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ast.unparse(node.annotation).startswith("Flat[")
    }


def test_the_commands_configurations_are_called_so():
    for path in MODULES:
        for name in dataclasses_of(path):
            assert (
                name.endswith("Config") or name.startswith("_") or relative(path) in (SHARED, "batch.py")
            ), f"{relative(path)}: {name}"
