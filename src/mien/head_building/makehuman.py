"""Reading MakeHuman's CC0 assets: base mesh, head targets, fitted proxies (hair, brows, teeth …).

Everything is returned in mien's frame: metres, +x subject's left, +y up, +z out of the face
(MakeHuman uses the same axes in decimetres).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.geometry.quads import triangulated as triangulated
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz
from mien.reading.regular_files import read_bytes

METRES_PER_UNIT = 0.1
BASE_VERTICES = 19158
"""Vertices of the base mesh with all its helpers."""
_MAX_VERTICES = 1_000_000


@dataclass(frozen=True)
class ObjMesh:
    """Polygons of an OBJ file.

    Attributes:
        vertices: (V, 3); uv: (U, 2).
        faces, face_uv: (F, 4) indices, -1 in the 4th column of triangles; face_uv is -1 where there is none.
        face_groups: (F,) name of the group of each face.
    """

    vertices: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    face_uv: np.ndarray
    face_groups: np.ndarray


def read_obj(path: Path) -> ObjMesh:
    """Read a quad-and-triangle OBJ file (vertices in the file's own units)."""
    with damage_named(path, "is no OBJ file of MakeHuman's"):
        return _parsed_obj(path)


def _parsed_obj(path: Path) -> ObjMesh:
    vertices, uv, faces, face_uv, groups = [], [], [], [], []
    group = ""
    for line in _lines(path):
        fields = line.split()
        if not fields:
            continue
        if fields[0] == "v":
            vertices.append([float(x) for x in fields[1:4]])
        elif fields[0] == "vt":
            uv.append([float(x) for x in fields[1:3]])
        elif fields[0] == "g":
            group = fields[1] if len(fields) > 1 else ""
        elif fields[0] == "f":
            corners = [corner.split("/") for corner in fields[1:]]
            index = [int(c[0]) - 1 for c in corners]
            index_uv = [int(c[1]) - 1 if len(c) > 1 and c[1] else -1 for c in corners]
            if len(index) == 3:
                index.append(-1)
                index_uv.append(-1)
            if len(index) == 4:
                faces.append(index)
                face_uv.append(index_uv)
                groups.append(group)
    if not vertices or not faces:
        raise InputError("holds no mesh", source=path)
    return ObjMesh(
        _finite(np.array(vertices), path),
        _finite(np.array(uv).reshape(-1, 2), path),
        _indices(np.array(faces), path),
        _indices(np.array(face_uv), path),
        np.array(groups),
    )


@dataclass(frozen=True)
class Proxy:
    """A mesh tied to the base mesh (a .mhclo file): hair, brows, lashes, teeth, eyes, tongue.

    Attributes:
        mesh: the proxy's own mesh (its vertices are replaced by `place`).
        base_vertices, weights: (P, 3) three base vertices a proxy vertex, and their shares.
        offsets: (P, 3) base units.
        scales: for x, y, z the two base vertices and the length at which the offset applies unscaled.
    """

    name: str
    mesh: ObjMesh
    base_vertices: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: tuple[tuple[int, int, float] | None, ...]

    def place(self, base_vertices_units: np.ndarray) -> np.ndarray:
        """Proxy vertices (P, 3) for a given base mesh, in the base mesh's units."""
        scale = np.ones(3)
        for axis, entry in enumerate(self.scales):
            if entry is not None:
                a, b, length = entry
                scale[axis] = abs(base_vertices_units[a, axis] - base_vertices_units[b, axis]) / length
        anchored = np.einsum("pk,pkc->pc", self.weights, base_vertices_units[self.base_vertices])
        return anchored + self.offsets * scale


def read_proxy(path: Path) -> Proxy:
    """Read a .mhclo file and its OBJ."""
    with damage_named(path, "is no .mhclo file of MakeHuman's"):
        return _parsed_proxy(path)


def _finite(values: np.ndarray, path: Path) -> np.ndarray:
    if not np.isfinite(values).all():
        raise InputError("holds numbers that are not finite", source=path)
    return values


def _indices(values: np.ndarray, path: Path) -> np.ndarray:
    if values.size and not -1 <= values.min() <= values.max() < _MAX_VERTICES:
        raise InputError("names what is no vertex", source=path)
    return values


def _lines(path: Path) -> list[str]:
    return read_bytes(path).decode(errors="replace").splitlines()


def _parsed_proxy(path: Path) -> Proxy:
    scales: dict[str, tuple[int, int, float]] = {}
    obj_file, name = path.with_suffix(".obj").name, path.stem
    triples, weights, offsets = [], [], []
    in_vertices = False
    for line in _lines(path):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if in_vertices and fields[0].lstrip("-").isdigit():
            if len(fields) == 1:
                triples.append([int(fields[0])] * 3)
                weights.append([1.0, 0.0, 0.0])
                offsets.append([0.0, 0.0, 0.0])
            else:
                triples.append([int(x) for x in fields[:3]])
                weights.append([float(x) for x in fields[3:6]])
                offsets.append([float(x) for x in fields[6:9]])
            continue
        in_vertices = in_vertices or fields[0] == "verts"
        if fields[0] == "obj_file":
            obj_file = fields[1]
        elif fields[0] in ("x_scale", "y_scale", "z_scale"):
            scales[fields[0][0]] = (int(fields[1]), int(fields[2]), float(fields[3]))
    return Proxy(
        name,
        read_obj(path.parent / obj_file),
        _indices(np.array(triples), path),
        _finite(np.array(weights), path),
        _finite(np.array(offsets), path),
        tuple(scales.get(axis) for axis in "xyz"),
    )


class MakeHuman:
    """The MakeHuman assets in a folder (the layout of `assets/makehuman`)."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "base.obj").exists():
            raise InputError(
                "is not a folder of MakeHuman assets (base.obj is missing); point --assets at it",
                source=folder,
            )
        self.folder = folder

    @cached_property
    def base(self) -> ObjMesh:
        """The base mesh, in MakeHuman's units (decimetres), body and helpers."""
        return read_obj(self.folder / "base.obj")

    @cached_property
    def _targets(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        path = self.folder / "targets_head.npz"
        with open_npz(path, what="holds no targets of MakeHuman's") as file:
            values = FileValues(file, source=path, remedy="make the assets anew")
            names = values.texts("names", "names")
            index = values.array("index", "rows", kind="integer", low=0, high=BASE_VERTICES - 1)
            delta = values.array("delta", "rows 3", low=-1e3, high=1e3)
            start = values.array("start", "starts", kind="integer", low=0, high=len(index))
        if len(start) != len(names) + 1 or (np.diff(start) < 0).any():
            raise values.damaged("start does not tell where its targets lie")
        return {
            name: (index[start[i] : start[i + 1]], delta[start[i] : start[i + 1]])
            for i, name in enumerate(names)
        }

    @cached_property
    def target_names(self) -> tuple[str, ...]:
        return tuple(self._targets)

    def target(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Which vertices a target moves, and how far, decimetres."""
        return self._targets[name]

    def base_vertices(self, weights: dict[str, float]) -> np.ndarray:
        """Base mesh vertices (decimetres) with weighted targets applied."""
        vertices = self.base.vertices.copy()
        for name, weight in weights.items():
            index, delta = self._targets[name]
            vertices[index] += weight * delta
        return vertices

    def proxy(self, relative: str) -> Proxy:
        """A proxy by its path inside the folder, for example "hair/short01/short01.mhclo"."""
        return read_proxy(self.folder / relative)

    def macro_weights(
        self, *, ancestry: np.ndarray, male: float, old: float, child: float, heavy: float
    ) -> dict[str, float]:
        """Weights of the macro targets, as MakeHuman mixes them.

        Args:
            ancestry: (3,) shares of african, asian, caucasian, summing to 1.
            male: 0 female … 1 male.
            old, child: shares of old and child, the rest is young.
            heavy: -1 least … 1 most weight.
        """
        young = 1 - old - child
        weights: dict[str, float] = {}
        for sex, sex_share in (("male", male), ("female", 1 - male)):
            for age, age_share in (("young", young), ("old", old), ("child", child)):
                share = sex_share * age_share
                if share <= 0:
                    continue
                for group, group_share in zip(("african", "asian", "caucasian"), ancestry, strict=True):
                    weights[f"macrodetails/{group}-{sex}-{age}"] = share * float(group_share)
                stem = f"macrodetails/universal-{sex}-{age}-averagemuscle-"
                weights[stem + "averageweight"] = share * (1 - abs(heavy))
                extreme = "maxweight" if heavy > 0 else "minweight"
                weights[stem + extreme] = share * abs(heavy)
        return {name: w for name, w in weights.items() if w > 0}


class ArkitTargets:
    """ARKit's shapes as targets of MakeHuman's base mesh (the layout of `assets/makehuman_arkit`)."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "tongueOut.target").exists():
            raise InputError(
                "is not a folder of ARKit targets for MakeHuman (tongueOut.target is missing); point "
                "--assets at the folder that holds it as makehuman_arkit/",
                source=folder,
            )
        self.folder = folder

    def displacement(self, name: str) -> np.ndarray:
        """(B, 3) of the base mesh's vertices, decimetres."""
        path = self.folder / f"{name}.target"
        with damage_named(path, "is no target of MakeHuman's"):
            return self._parsed(path)

    def _parsed(self, path: Path) -> np.ndarray:
        rows = [line.split() for line in _lines(path) if line and not line.startswith("#")]
        places, deltas = np.array([int(row[0]) for row in rows]), np.array([row[1:] for row in rows], float)
        if not 0 <= places.min() <= places.max() < _MAX_VERTICES or deltas.shape[1:] != (3,):
            raise InputError("moves what is no vertex of the base mesh", source=path)
        result = np.zeros((max(int(places.max()) + 1, BASE_VERTICES), 3))
        result[places] = _finite(deltas, path)
        return result
