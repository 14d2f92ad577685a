"""Every importer: whether it is installed, and what it finds in a file."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.glb_importers.expected import Expected, differences
from tools.glb_importers.report import HERE, Report, run_script

_HARMLESS = {
    # Every engine makes the same tangents (MikkTSpace) where a file has a normal map and none of its own.
    "MESH_PRIMITIVE_GENERATED_TANGENT_SPACE",
    "UNUSED_OBJECT",  # texture coordinates of surfaces without a picture
}
_MOST_ISSUES = 5
_CLOSE_S = 0.002


@dataclass(frozen=True)
class Tools:
    """Where the importers are.

    Attributes:
        python: an interpreter with bpy, assimp-py and trimesh, or some of them.
        node_modules: folder with gltf-validator and three.
    """

    python: str
    node_modules: Path

    @staticmethod
    def default() -> Tools:
        """MIEN_IMPORTERS_PYTHON and MIEN_NODE_MODULES, or else this Python and tools/node_modules."""
        return Tools(
            os.environ.get("MIEN_IMPORTERS_PYTHON", sys.executable),
            Path(os.environ.get("MIEN_NODE_MODULES", HERE.parent / "node_modules")),
        )


def _missing_module(tools: Tools, module: str) -> str | None:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    if subprocess.run([tools.python, "-c", code], check=False).returncode:
        return f"{tools.python} has no {module}; pip install '.[importers]'"
    return None


def _missing_node(tools: Tools, package: str) -> str | None:
    if shutil.which("node") is None:
        return "node is not installed"
    if not (tools.node_modules / package).is_dir():
        return f"{tools.node_modules} has no {package}; npm install --prefix tools gltf-validator three"
    return None


def browser() -> str | None:
    """A Chromium, if there is one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def khronos_validator(file: Path, expected: Expected, tools: Tools, out: Path) -> Report:
    """Khronos' own check of the specification."""
    name = "Khronos validator"
    if reason := _missing_node(tools, "gltf-validator"):
        return Report(name, skipped=reason)
    found, problem = run_script(
        ["node", str(HERE / "khronos_validator.mjs"), str(tools.node_modules.resolve()), str(file)]
    )
    if problem:
        return Report(name, problems=(problem,))
    issues = found.pop("issues")
    assert isinstance(issues, list)
    counts = Counter(f"{code} at {pointer}" for _, code, pointer in issues if code not in _HARMLESS)
    problems = [f"{issue} ({count} times)" for issue, count in counts.most_common(_MOST_ISSUES)]
    problems += [f"{len(counts) - _MOST_ISSUES} issues more"] if len(counts) > _MOST_ISSUES else []
    keys = ("animations", "vertices", "triangles", "primitives", "textures")
    problems += differences(found, {key: getattr(expected, key) for key in keys})
    return Report(f"{name} {found['version']}", found, tuple(problems))


def assimp(file: Path, expected: Expected, tools: Tools, out: Path) -> Report:
    """Assimp, on which many engines' importers stand."""
    name = "Assimp"
    if reason := _missing_module(tools, "assimp_py"):
        return Report(name, skipped=reason)
    found, problem = run_script([tools.python, str(HERE / "assimp_script.py"), str(file)])
    if problem:
        return Report(name, problems=(problem,))
    problems = differences(
        found,
        {
            "primitives": expected.primitives,
            "triangles": expected.triangles,
            "materials": list(expected.materials),
            "without_normals": 0,
        },
    )
    if bool(found["textured"]) != bool(expected.textures):
        problems.append(f"{found['textured']} textures in materials, {expected.textures} in the file")
    return Report(name, found, tuple(problems))


def trimesh(file: Path, expected: Expected, tools: Tools, out: Path) -> Report:
    """trimesh, the usual reader in Python."""
    name = "trimesh"
    if reason := _missing_module(tools, "trimesh"):
        return Report(name, skipped=reason)
    found, problem = run_script([tools.python, str(HERE / "trimesh_script.py"), str(file)])
    if problem:
        return Report(name, problems=(problem,))
    problems = differences(
        found,
        {
            "primitives": expected.primitives,
            "triangles": expected.triangles,
            "materials": list(expected.materials),
        },
    )
    if bool(found["textured"]) != bool(expected.textures):
        problems.append(f"{found['textured']} textures in materials, {expected.textures} in the file")
    return Report(f"{name} {found['version']}", found, tuple(problems))


def three(file: Path, expected: Expected, tools: Tools, out: Path) -> Report:
    """three.js, which most viewers on the web are made of, in a headless Chromium without a GPU."""
    name = "three.js"
    if reason := _missing_node(tools, "three"):
        return Report(name, skipped=reason)
    if (chromium := browser()) is None:
        return Report(name, skipped="no Chromium is installed; apt-get install chromium")
    picture = out / f"{file.stem}-three.png"
    found, problem = run_script(
        [tools.python, str(HERE / "three_script.py"), str(file), str(picture)]
        + [str(tools.node_modules), chromium]
    )
    if problem:
        return Report(name, problems=(problem,))
    problems = differences(found, _all_of(expected) | {"without_normals": 0})
    return Report(f"{name} {found['version']}", found, (*problems, *_times(found, expected)), picture)


def blender(file: Path, expected: Expected, tools: Tools, out: Path) -> Report:
    """Blender as a Python module, drawing with Cycles."""
    name = "Blender"
    if reason := _missing_module(tools, "bpy"):
        return Report(name, skipped=reason)
    picture = (out / f"{file.stem}-blender.png").resolve()
    found, problem = run_script(
        [tools.python, str(HERE / "blender_script.py"), str(file), str(picture), str(_rate(file))]
    )
    if problem:
        return Report(name, problems=(problem,))
    wanted = _all_of(expected) | {"meshes": 1, "joints": sorted(expected.joints)}
    del wanted["primitives"]  # they become one mesh with as many material slots
    problems = differences(found, wanted)
    return Report(f"{name} {found['version']}", found, (*problems, *_times(found, expected)), picture)


IMPORTERS: tuple[Callable[[Path, Expected, Tools, Path], Report], ...] = (
    khronos_validator,
    assimp,
    trimesh,
    three,
    blender,
)


def _all_of(expected: Expected) -> dict[str, object]:
    facts: dict[str, object] = asdict(expected)
    for name in ("start_s", "end_s", "vertices"):
        del facts[name]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def _times(found: dict[str, object], expected: Expected) -> list[str]:
    return [
        f"{name}: found {found[name]}, the file says {value:.4f}"
        for name, value in (("start_s", expected.start_s), ("end_s", expected.end_s))
        if abs(float(str(found[name])) - value) > _CLOSE_S
    ]


def _rate(file: Path) -> int:
    """Frames per second as the file's extras tell, made whole; Blender's own default without."""
    data = file.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return max(1, round(json.loads(data[20 : 20 + length])["asset"].get("extras", {}).get("fps", 24.0)))
