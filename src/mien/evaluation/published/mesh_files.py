"""Meshes of benchmarks: OBJ and PLY in, OBJ out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.files import atomic_path
from mien.reading.regular_files import check_regular


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in the unit of its file.

    Attributes:
        vertices: (V, 3).
        triangles: (T, 3) vertex indices; none for a cloud of points.
    """

    vertices: Float[np.ndarray, "vertices 3"]
    triangles: Integer[np.ndarray, "triangles 3"]


def read_mesh(path: str | Path) -> Mesh:
    """An `.obj` or `.ply`, its vertices in the file's order; polygons are cut into triangles.

    Raises:
        InputError: the file is missing, of another kind, or broken.
    """
    path = Path(path)
    check_regular(path, missing="there is no such mesh")
    if path.suffix.lower() == ".obj":
        return _read_obj(path)
    if path.suffix.lower() != ".ply":
        raise InputError("is not a mesh that is read here; expected .obj or .ply", source=path)
    import trimesh

    try:
        mesh = trimesh.load(path, process=False)
        vertices = np.asarray(mesh.vertices, float)  # type: ignore[union-attr]
        triangles = np.asarray(getattr(mesh, "faces", np.zeros((0, 3))), np.int64)
    except Exception as error:  # trimesh reports damage with whatever its reader ran into
        raise InputError(f"is no readable PLY file ({type(error).__name__})", source=path) from error
    return _checked(vertices, triangles.reshape(-1, 3), path)


def write_obj(
    path: str | Path, vertices: Float[np.ndarray, "vertices 3"], triangles: Integer[np.ndarray, "triangles 3"]
) -> Path:
    """Positions and triangles alone: benchmarks refuse vertex colours."""
    path = Path(path)
    lines = [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in vertices.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (triangles + 1).tolist()]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _read_obj(path: Path) -> Mesh:
    vertices: list[list[str]] = []
    triangles: list[tuple[int, int, int]] = []
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("v "):
                    vertices.append(line.split()[1:4])  # a colour may follow the position
                elif line.startswith("f "):
                    corners = [int(corner.split("/")[0]) for corner in line.split()[1:]]
                    # Negative indices count back from the last vertex so far.
                    corners = [c - 1 if c > 0 else len(vertices) + c for c in corners]
                    triangles += [(corners[0], b, c) for b, c in pairwise(corners[1:])]
        points = np.array(vertices, float).reshape(-1, 3)
        faces = np.array(triangles, np.int64).reshape(-1, 3)
    except (ValueError, IndexError, OverflowError) as error:
        raise InputError("is no OBJ file", source=path) from error
    return _checked(points, faces, path)


def _checked(vertices: np.ndarray, triangles: np.ndarray, path: Path) -> Mesh:
    if not len(vertices):
        raise InputError("holds no vertices", source=path)
    if not np.isfinite(vertices).all():
        raise InputError("holds vertices that are not finite", source=path)
    if len(triangles) and (triangles.min() < 0 or triangles.max() >= len(vertices)):
        raise InputError("has faces of vertices that it does not hold", source=path)
    return Mesh(vertices, triangles)
