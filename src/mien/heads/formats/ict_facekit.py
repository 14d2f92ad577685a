"""ICT-FaceKit's "light" model (Li et al. 2020): a folder of OBJ files, one per shape.

Axes as mien's, in centimetres. `identityNNN.obj` is the neutral with a weight of one standard deviation on
one identity component; every other OBJ is one expression at full weight. Upstream's left and right halves
that ARKit knows as one (`browInnerUp`, `cheekPuff`) are summed; shapes that are missing are left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.heads.formats.plain import plain_head, split_polygons
from mien.heads.model import Head
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.regular_files import read_text

NEUTRAL_FILE = "generic_neutral_mesh.obj"

METRES_PER_UNIT = 0.01
_LARGEST = 1e6


def read_ict_facekit_folder(folder: str | Path, *, identity_count: int = 100) -> Head:
    """The head in a folder of ICT-FaceKit's OBJ files.

    Args:
        identity_count: leading identity components that are read.

    Raises:
        InputError: the neutral mesh is missing, or a shape's vertices do not match it.
    """
    folder = Path(folder)
    neutral_path = folder / NEUTRAL_FILE
    if not neutral_path.exists():
        raise InputError(f"holds no {NEUTRAL_FILE}; point at upstream's folder FaceXModel", source=folder)
    neutral, uv, polygons, uv_polygons = _read_obj(neutral_path)
    triangles = split_polygons(polygons)
    has_uv = len(uv) > 0 and len(uv_polygons) == len(polygons)

    def delta_m(path: Path) -> np.ndarray:
        vertices = _vertices(_lines(path), path)
        if vertices.shape != neutral.shape:
            raise InputError(
                f"has {len(vertices)} vertices, {NEUTRAL_FILE} has {len(neutral)}; take all from one release",
                source=path,
            )
        return METRES_PER_UNIT * (vertices - neutral)

    identity_paths = sorted(folder.glob("identity[0-9]*.obj"))[:identity_count]
    identity_m = np.array([delta_m(path) for path in identity_paths]).reshape(-1, len(neutral), 3)
    shapes: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.obj")):
        if path.name != NEUTRAL_FILE and not path.name.startswith("identity"):
            name = _arkit_name(path.stem)
            shapes[name] = shapes[name] + delta_m(path) if name in shapes else delta_m(path)
    return plain_head(
        "ict-facekit",
        f"{len(identity_paths)} identities, {len(shapes)} expressions",
        mean_m=METRES_PER_UNIT * neutral,
        triangles=triangles,
        identity_basis_m=identity_m,
        expression_basis_m=np.array(list(shapes.values())).reshape(-1, len(neutral), 3),
        expression_names=tuple(shapes),
        uv=uv if has_uv else None,
        uv_triangles=split_polygons(uv_polygons) if has_uv else None,
        ibug68=_landmarks(folder, len(neutral)),
    )


def _arkit_name(stem: str) -> str:
    """`eyeBlink_L` as `eyeBlinkLeft`; both halves of what ARKit does not split under one name."""
    base, _, side = stem.rpartition("_")
    if side not in ("L", "R"):
        return stem
    if base in ("browInnerUp", "cheekPuff"):
        return base
    return base + ("Left" if side == "L" else "Right")


def _landmarks(folder: Path, vertex_count: int) -> np.ndarray | None:
    """Upstream's 68 landmark vertices, in iBUG's order, where the folder has them."""
    path = folder / "vertex_indices.json"
    if not path.exists():
        return None
    content = read_json_object(path, what="is not ICT-FaceKit's vertex_indices.json")
    values = FileValues(content, source=path)
    return values.array("idx_to_landmark_verts", "68", kind="integer", low=0, high=vertex_count - 1)


def _lines(path: Path) -> list[str]:
    return read_text(path).splitlines()


def _vertices(lines: list[str], path: Path) -> np.ndarray:
    rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
    try:
        vertices = np.array(rows, float).reshape(-1, 3)
    except ValueError as error:
        raise InputError("is no OBJ file", source=path) from error
    if not np.isfinite(vertices).all() or np.abs(vertices).max(initial=0.0) > _LARGEST:
        raise InputError("has vertices that are not finite, or huge", source=path)
    return vertices


def _read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, list[list[int]], list[list[int]]]:
    """Vertices, texture coordinates, polygons into either (0-based)."""
    uv: list[list[float]] = []
    polygons: list[list[int]] = []
    uv_polygons: list[list[int]] = []
    lines = _lines(path)
    try:
        for line in lines:
            if line.startswith("vt "):
                uv.append([float(x) for x in line.split()[1:3]])
            elif line.startswith("f "):
                corners = [corner.split("/") for corner in line.split()[1:]]
                polygons.append([int(corner[0]) - 1 for corner in corners])
                if all(len(corner) > 1 and corner[1] for corner in corners):
                    uv_polygons.append([int(corner[1]) - 1 for corner in corners])
        coordinates = np.array(uv, float).reshape(-1, 2)
    except ValueError as error:
        raise InputError("is no OBJ file", source=path) from error
    vertices = _vertices(lines, path)
    for what, found, count in (("f", polygons, len(vertices)), ("vt", uv_polygons, len(coordinates))):
        if any(not 0 <= corner < count for polygon in found for corner in polygon):
            raise InputError(f"has faces ({what}) of what it does not hold", source=path)
    return vertices, coordinates, polygons, uv_polygons
