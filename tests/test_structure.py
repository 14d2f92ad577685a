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

TORCH_PLACES = ("training", "fields", "field_landmarks", "avatars", "morphable_fields")
TORCH_NAMES = ("torch", "transformers", "safetensors", "onnxscript")

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "lazy_names": set(),
    "files": {"errors"},
    "geometry": {"errors"},
    "cameras": {"errors", "geometry"},
    "least_squares": set(),
    "images": {"errors", "files", "geometry"},
    "camera_files": {"errors", "geometry", "cameras"},
    "heads": {"errors", "files", "geometry"},
    "landmarks": {"errors", "files", "geometry", "cameras", "images", "heads"},
    "fitting": {
        "errors", "files", "geometry", "least_squares", "cameras", "images", "heads", "landmarks"
    },
    "export": {"errors", "files", "geometry", "cameras", "heads", "landmarks", "fitting"},
    "pictures": {"errors", "files", "geometry", "cameras", "images", "heads", "landmarks", "fitting"},
    "fields": {"errors", "lazy_names", "files", "geometry", "cameras", "images", "camera_files"},
    "field_landmarks": {"errors", "lazy_names", "files", "geometry", "heads"},
    "evaluation": {
        "errors", "files", "geometry", "cameras", "images", "heads", "landmarks", "fitting", "pictures"
    },
}  # fmt: skip
"""Package to the packages of mien that it may import; training and commands may import everything."""

HEAVY = {"torch", "cv2", "av", "onnxruntime", "scipy", "trimesh", "PIL"}
"""Imported inside functions only, so that light parts of mien stay light."""


def package_of(path: Path) -> str:
    """First name below `mien`: "heads" for mien/heads/model.py, "cameras" for mien/cameras.py."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


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


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_point_downwards(path: Path):
    package = package_of(path)
    everything = package in ("commands", "training", "__init__")
    assert everything or package in MAY_IMPORT, f"say in MAY_IMPORT what mien.{package} may import"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "mien" or len(parts) == 1 or parts[1] == "__version__":
            continue
        if everything:
            allowed = parts[1] != "training" or package in ("commands", "training")
        else:
            allowed = parts[1] in MAY_IMPORT[package] | {package}
        assert allowed, f"{relative(path)} imports {name}, which lies above it"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_torch_only_where_it_belongs(path: Path):
    package = package_of(path)
    if package not in TORCH_PLACES:
        # Commands lead to training, so a function there may ask torch for a device; nothing else may.
        used = imports(path, top_level_only=package == "commands")
        forbidden = {name.split(".")[0] for name in used} & set(TORCH_NAMES)
        assert not forbidden, f"{relative(path)} imports {', '.join(sorted(forbidden))}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if package_of(path) not in TORCH_PLACES], ids=relative
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
