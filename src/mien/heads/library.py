"""Loading heads: the built-in one, or a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError, check_type
from mien.heads.head_checks import check_basis_size, checked_head
from mien.heads.model import Head, LandmarkSet, PersonalShape
from mien.heads.version1 import Version1Conversion
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.npz import open_npz

FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)
_BUILT_IN_PATH = Path(__file__).parent / "data" / "head.npz"
_NO_HEAD = "is not a head file (.npz); make one with: mien head build"


def load_head(path: str | Path | None = None) -> Head:
    """The built-in head, one saved by `save_head`, or somebody else's.

    Args:
        path: None loads the built-in head, once a process: everybody shares it, so its arrays are read-only
            (`dataclasses.replace(head, mean_m=…)` makes another head). Otherwise an `.npz` head file, or,
            told by its content: FLAME (`.pkl` or `.npz`), a folder of ICT-FaceKit's OBJ files, BFM 2017 or
            2019 (`.h5`), FaceScape's bilinear model (`.npz`). These come without dense landmark sets: fits
            carry them over, and `mien head convert` keeps them in a file.

    Raises:
        InputError: the file is missing or holds no head.
        MissingExtraError: it is a BFM and h5py is not installed.
    """
    if path is None:
        return _built_in()
    from mien.heads.formats.dispatch import foreign_reader

    check_type(path, (str, Path), argument="path", call='mien.load_head("head.npz")')
    path = Path(path)
    reader = foreign_reader(path)
    if reader is None:
        return _read(path)
    with damage_named(path, "is a damaged file of somebody else's head; get it again"):
        return checked_head(reader(path), source=path)


@lru_cache(maxsize=1)
def _built_in() -> Head:
    head = _read(_BUILT_IN_PATH)
    of_sets = (value for each in head.landmark_sets.values() for value in vars(each).values())
    personal = (value for each in head.personal_shapes for value in vars(each).values())
    for value in [*vars(head).values(), *of_sets, *personal, *(head.identity_mixture or ())]:
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return head


def read_head_metadata(path: str | Path | None = None) -> dict[str, Any]:
    """How a head was made: for heads of `mien head build` its "figures" and "config".

    Empty for other people's files.

    Args:
        path: as for `load_head`.

    Raises:
        InputError: as for `load_head`.
    """
    from mien.heads.formats.dispatch import foreign_reader

    path = _BUILT_IN_PATH if path is None else Path(path)
    if foreign_reader(path) is not None:
        return {}
    with _opened(path) as values:
        if "metadata" not in values:
            return {}
        metadata = parse_json(values.text("metadata"), source=path, what="has damaged metadata")
        return metadata if isinstance(metadata, dict) else {}


@contextmanager
def _opened(path: Path) -> Iterator[FileValues]:
    """A head file of this version; whatever is wrong with it inside the block becomes an InputError."""
    with open_npz(path, what=_NO_HEAD, missing="there is no such head file") as archive:
        values = FileValues(archive, source=path, remedy="make a head with: mien head build")
        version = values.integer("format_version")
        if version not in READABLE_VERSIONS:
            raise InputError(
                f"has head format {version}, this mien reads up to {FORMAT_VERSION}; rebuild it with: "
                "mien head build",
                source=path,
            )
        yield values


def read_built_in_array(name: str, shape: str) -> np.ndarray:
    """An array of the built-in head's file.

    Args:
        shape: as for `FileValues.array`.

    Raises:
        InputError: the file is damaged or lacks it.
    """
    with _opened(_BUILT_IN_PATH) as values:
        return values.array(name, shape)


def _read(path: Path) -> Head:
    with _opened(path) as values:
        return checked_head(_head_of(values), source=path)


def _head_of(values: FileValues) -> Head:
    names = values.texts("set_names", "sets")
    mean_m = values.array("mean_m", "vertices 3")
    expression_names = values.texts("expression_names", "expression")
    identity_m = values.array("identity_basis_mm", "identity vertices 3") / 1000
    check_basis_size(len(expression_names), len(mean_m), source=values.source)
    # float16 in the file (0.01 mm at a head's size of shapes), float64 in memory: fitting works in float64
    expression_m = np.zeros((len(expression_names), len(mean_m), 3))
    shape = values.array("expression_shape", "moved", kind="integer", high=len(expression_names) - 1, low=0)
    vertex = values.array("expression_vertex", "moved", kind="integer", high=len(mean_m) - 1, low=0)
    expression_m[shape, vertex] = values.array("expression_delta_mm", "moved 3") / 1000
    mixture = None
    if "mixture_weights" in values:
        mixture = (
            values.array("mixture_weights", "people"),
            values.array("mixture_means", "people identity"),
            values.array("mixture_covariances", "people identity identity"),
        )
    quads = {}
    if "quads" in values:
        quads = {name: _indices(values, name, "quads 4") for name in ("quads", "uv_quads")}
    return Head(
        name=values.text("name"),
        version=values.text("version"),
        mean_m=mean_m,
        triangles=_indices(values, "triangles", "triangles 3"),
        identity_basis_m=identity_m,
        expression_basis_m=expression_m,
        expression_names=expression_names,
        joints_mean_m=values.array("joints_mean_m", "4 3"),
        joints_identity_m=values.array("joints_identity_m", "identity 4 3"),
        skinning_weights=values.array("skinning_weights", "vertices 4"),
        part_names=values.texts("part_names", "parts"),
        vertex_parts=_indices(values, "vertex_parts", "vertices"),
        uv=values.array("uv", "uvs 2"),
        uv_triangles=_indices(values, "uv_triangles", "triangles 3"),
        mirror_vertices=_indices(values, "mirror_vertices", "vertices"),
        landmark_sets={name: _landmark_set_of(values, name) for name in names},
        identity_mixture=mixture,
        personal_shapes=_personal_shapes_of(values),
        **quads,
    )


def _indices(values: FileValues, name: str, shape: str) -> np.ndarray:
    return values.array(name, shape, kind="integer", low=-1, high=2**31 - 1).astype(np.int32)


def _landmark_set_of(values: FileValues, name: str) -> LandmarkSet:
    def indices(what: str, size: str) -> np.ndarray:
        return values.array(f"set_{name}_{what}", size, kind="integer", low=0)

    size = "_".join(["landmarks", *name.split()])
    vertices, mirror = indices("vertices", size), indices("mirror", size)
    if f"set_{name}_missing" not in values:
        return LandmarkSet(name, vertices, mirror)
    return LandmarkSet(name, vertices, mirror, indices("missing", f"{size}_missing"))


def _personal_shapes_of(values: FileValues) -> tuple[PersonalShape, ...]:
    if "personal_shape" not in values:
        return ()
    shapes = values.array("personal_shape", "personal", kind="integer", low=0)
    counts = values.array("personal_count", "personal", kind="integer", low=0, high=2**31)
    vertices = values.array("personal_vertex", "rows", kind="integer", low=0)
    identity_m = values.array("personal_identity_mm", "identity rows 3") / 1000
    if counts.sum() != len(vertices):
        raise values.damaged("its personal shapes do not have as many vertices as they say")
    ends = np.cumsum([0, *counts.tolist()])
    return tuple(
        PersonalShape(int(shape), vertices[start:end], identity_m[:, start:end])
        for shape, start, end in zip(shapes, ends[:-1], ends[1:], strict=True)
    )


def save_head(
    head: Head,
    path: str | Path,
    *,
    head_metadata: str = "{}",
    from_version1: Version1Conversion | None = None,
) -> None:
    """Write a head as plain `.npz`.

    Args:
        head_metadata: JSON text about how the head was made; kept in the file as `metadata`.
        from_version1: how parameters of the built-in head's version 1 go over to this one.
    """
    shape, vertex = np.nonzero(np.abs(head.expression_basis_m).max(axis=2) > 2e-5)
    arrays: dict[str, Any] = {
        "format_version": np.array(FORMAT_VERSION),
        "name": np.array(head.name),
        "version": np.array(head.version),
        "metadata": np.array(head_metadata),
        "mean_m": head.mean_m.astype(np.float32),
        "triangles": head.triangles.astype(np.int32),
        "identity_basis_mm": (head.identity_basis_m * 1000).astype(np.float16),
        "expression_names": np.array(head.expression_names),
        "expression_shape": shape.astype(np.int16),
        "expression_vertex": vertex.astype(np.int32),
        "expression_delta_mm": (head.expression_basis_m[shape, vertex] * 1000).astype(np.float16),
        "joints_mean_m": head.joints_mean_m,
        "joints_identity_m": head.joints_identity_m,
        "skinning_weights": head.skinning_weights.astype(np.float32),
        "part_names": np.array(head.part_names),
        "vertex_parts": head.vertex_parts.astype(np.int8),
        "uv": head.uv.astype(np.float32),
        "uv_triangles": head.uv_triangles.astype(np.int32),
        "mirror_vertices": head.mirror_vertices.astype(np.int32),
        "quads": head.quads.astype(np.int32),
        "uv_quads": head.uv_quads.astype(np.int32),
        "set_names": np.array(list(head.landmark_sets)),
    }
    for name, landmark_set in head.landmark_sets.items():
        arrays[f"set_{name}_vertices"] = landmark_set.vertices.astype(np.int64)
        arrays[f"set_{name}_mirror"] = landmark_set.mirror.astype(np.int64)
        if len(landmark_set.missing):
            arrays[f"set_{name}_missing"] = landmark_set.missing.astype(np.int64)
    if head.identity_mixture is not None:
        weights, means, covariances = head.identity_mixture
        arrays |= {
            "mixture_weights": weights,
            "mixture_means": means.astype(np.float32),
            "mixture_covariances": covariances.astype(np.float32),
        }
    if from_version1 is not None:
        arrays["version1_matrix"] = from_version1.matrix.astype(np.float32)
    if head.personal_shapes:
        personal = head.personal_shapes
        arrays |= {
            "personal_shape": np.array([one.shape for one in personal], np.int16),
            "personal_count": np.array([len(one.vertices) for one in personal], np.int32),
            "personal_vertex": np.concatenate([one.vertices for one in personal]).astype(np.int32),
            "personal_identity_mm": np.concatenate(
                [one.identity_m * 1000 for one in personal], axis=1
            ).astype(np.float16),
        }
    from mien.files import atomic_path

    with atomic_path(Path(path)) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **arrays)
