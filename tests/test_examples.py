"""The examples run as they stand, with a stand-in for the networks, and show nothing but the public face."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import mien
from tests.commands.fakes import FakeLandmarker

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

WRITES = {
    "01_landmarks.py": ["landmarks.png"],
    "02_fit_photo.py": ["fit.png", "fit.glb"],
    "03_track_video.py": ["track.mp4", "track.glb"],
    "04_export.py": ["head.glb", "head.obj", "head.json", "head.npz", "head-mouth-open.obj"],
    "05_field.py": ["turntable.mp4", "field-landmarks.png"],
    "06_live.py": [],
}
PENDING = ("06_live.py", "docs/fields.md", "docs/lifting.md")
"""Programs of names that are not public yet."""


def blocks(page: Path) -> dict[str, str]:
    """The programs on a page."""
    found = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return {f"{page.relative_to(ROOT)}, block {number}": block for number, block in enumerate(found, start=1)}


PROGRAMS = {name: (EXAMPLES / name).read_text(encoding="utf-8") for name in WRITES}
for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
    PROGRAMS |= blocks(page)


def test_every_example_is_tested():
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(WRITES)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_import_mien_alone(name: str):
    imported = set()
    for node in ast.walk(ast.parse(PROGRAMS[name])):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    for module in imported:
        known = module in ("mien", "numpy") or module.split(".")[0] in sys.stdlib_module_names
        assert known or name.startswith(PENDING), module


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_use_public_names(name: str):
    used = {
        node.attr
        for node in ast.walk(ast.parse(PROGRAMS[name]))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mien"
    }
    assert used <= set(mien.__all__) or name.startswith(PENDING)


@pytest.mark.parametrize("name", [name for name in WRITES if name not in PENDING])
def test_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.setattr(mien, "Landmarker", FakeLandmarker)
    arguments = [str(EXAMPLES / name)]
    if name in ("03_track_video.py", "06_live.py"):
        arguments.append("clip.mp4")
        with mien.VideoWriter("clip.mp4", frames_per_second=25) as video:
            for _ in range(4):
                video.write(np.full((180, 240, 3), 128, np.uint8))
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(arguments[0], run_name="__main__")
    folder = tmp_path / "out" / "examples"
    written = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert set(WRITES[name]) <= written
