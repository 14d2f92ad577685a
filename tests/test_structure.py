"""The architecture, held: who may import whom, where torch may be, and that tests mirror the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "mien"
MODULES = sorted(SOURCE.rglob("*.py"))

ROOMS = (
    # what everything stands on
    "errors", "checked_calls", "lazy_names", "progress", "ahead", "files", "reading", "geometry", "cameras",
    "least_squares",
    # pictures and cameras from files, heads, 2D landmarks
    "images", "camera_files", "heads", "landmarks",
    # 3D landmarks lifted from 2D ones
    "lifting",
    # fitted heads, heads through time, and what heads look like
    "fitting", "tracking", "looks",
    # whose head a capture shows, where it is, and which pixels are its
    "captures", "mattes",
    # radiance fields; what trains them and all networks
    "learning", "fields", "landmarks_in_fields", "morphable_fields",
    # what goes out
    "exporters", "drawing",
    # a head that can be driven, from one video
    "avatars",
    # faces and avatars in a browser
    "viewer",
    # how head, pictures and networks are made and measured
    "head_building", "synthetic", "datasets", "evaluation", "training",
    "commands",
)  # fmt: skip
"""The rooms of the house: a room may import those before it, and no other."""

TORCH_PLACES = (
    "learning", "fields", "landmarks_in_fields", "morphable_fields", "avatars", "evaluation/fields",
    "training",
)  # fmt: skip
TORCH_NAMES = ("torch", "transformers", "safetensors", "onnxscript")
WORKSHOPS = ("head_building", "synthetic", "datasets")
"""Rooms that nobody enters who only uses mien: they may load what they need at once."""
LARGEST_SHARE = 0.2
"""Of all lines, that one room may have."""

HEAVY = {"torch", "cv2", "av", "onnxruntime", "scipy", "trimesh", "PIL"}
"""Imported inside functions only, so that light parts of mien stay light."""


def room_of(path: Path) -> str:
    """First name below `mien`: "heads" for mien/heads/model.py, "cameras" for mien/cameras.py."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def in_torch_place(path: Path) -> bool:
    return any(path.is_relative_to(SOURCE / place) for place in TORCH_PLACES)


def imported_modules(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Modules of mien that a file imports, as "heads.model"."""
    found = set()
    for name in imports(path, top_level_only=top_level_only):
        parts = name.split(".")
        if parts[0] == "mien" and len(parts) > 1 and parts[1] != "__version__":
            found.add(".".join(parts[1:]))
    return found


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Absolute names of the modules that a file imports, those for type checkers left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write mien.… instead"
            yield node.module or ""
            if node.module == "mien":
                yield from (f"mien.{alias.name}" for alias in node.names)
        if top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        pending.extend(ast.iter_child_nodes(node))


def relative(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_every_room_has_its_place():
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_run_one_way(path: Path):
    room = room_of(path)
    allowed = ROOMS if room == "__init__" else ROOMS[: ROOMS.index(room) + 1]
    for name in imported_modules(path):
        if name == "__init__" or name.split(".")[0] in allowed:
            continue
        raise AssertionError(f"{relative(path)} imports mien.{name}, which lies above it")


def test_no_room_is_larger_than_a_fifth_of_the_house():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    total = sum(lines.values())
    for room in ROOMS:
        share = sum(count for path, count in lines.items() if room_of(path) == room) / total
        assert share <= LARGEST_SHARE, (
            f"mien.{room} has {share:.0%} of the lines; what of it is a room of its own?"
        )


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_torch_only_where_it_belongs(path: Path):
    if not in_torch_place(path):
        # Commands lead to training, so a function there may ask torch for a device; nothing else may.
        used = imports(path, top_level_only=room_of(path) == "commands")
        forbidden = {name.split(".")[0] for name in used} & set(TORCH_NAMES)
        assert not forbidden, f"{relative(path)} imports {', '.join(sorted(forbidden))}"


def test_everything_in_training_needs_torch():
    """What a training reads and draws, without torch, lies in synthetic/ and datasets/; only its settings are
    light, for the command line."""
    modules = {relative(path).removesuffix(".py").replace("/", "."): path for path in MODULES}
    needs = {
        name for name, path in modules.items() if {n.split(".")[0] for n in imports(path)} & set(TORCH_NAMES)
    }
    while True:
        more = {
            name for name, path in modules.items() if name not in needs and imported_modules(path) & needs
        }
        if not more:
            break
        needs |= more
    for name, path in modules.items():
        if room_of(path) == "training" and path.name not in ("__init__.py", "config.py"):
            assert name in needs, f"mien.{name} works without torch: it belongs to synthetic/ or datasets/"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not in_torch_place(path) and room_of(path) not in WORKSHOPS],
    ids=relative,
)
def test_heavy_modules_are_imported_inside_functions(path: Path):
    heavy = {name.split(".")[0] for name in imports(path, top_level_only=True)} & HEAVY
    assert not heavy, f"{relative(path)} imports {', '.join(sorted(heavy))} at its top level"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_annotations_are_postponed(path: Path):
    code = path.read_text(encoding="utf-8")
    body = ast.parse(code).body
    only_docstring = all(isinstance(node, ast.Expr) for node in body)
    assert only_docstring or "from __future__ import annotations" in code


@pytest.mark.parametrize(
    "package",
    sorted(
        {path.parent for path in MODULES if path.name != "__init__.py" and path.parent != SOURCE},
        key=str,
    ),
    ids=relative,
)
def test_every_package_has_its_tests(package: Path):
    """src/mien/heads/ has tests/heads/; a nested package may be tested in its parent's folder."""
    inside = package.relative_to(SOURCE)
    folders = [ROOT / "tests" / inside, ROOT / "tests" / inside.parent]
    found = [test for folder in folders if folder != ROOT / "tests" for test in folder.glob("test_*.py")]
    assert found, f"tests/{inside} holds no test"


def test_source_names_no_machine():
    """No path of the machine that it was written on."""
    for path in [*MODULES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*.py")]:
        text = path.read_text(encoding="utf-8")
        assert "/home/" not in text, path
        assert "/root/" not in text, path


def test_python_is_one_that_is_supported():
    assert sys.version_info >= (3, 10)
