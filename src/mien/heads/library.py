"""Loading heads: the built-in one, or a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from mien.errors import InputError
from mien.heads.model import Head, LandmarkSet, PersonalShape
from mien.heads.version1 import Version1Conversion

FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)
_BUILT_IN_PATH = Path(__file__).parent / "data" / "head.npz"


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

    path = Path(path)
    reader = foreign_reader(path)
    return _read(path) if reader is None else reader(path)


@lru_cache(maxsize=1)
def _built_in() -> Head:
    head = _read(_BUILT_IN_PATH)
    of_sets = (value for each in head.landmark_sets.values() for value in vars(each).values())
    for value in [*vars(head).values(), *of_sets, *(head.identity_mixture or ())]:
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
    with _opened(path) as data:
        return json.loads(str(data["metadata"])) if "metadata" in data.files else {}


@contextmanager
def _opened(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """A head file of this version; whatever is wrong with it inside the block becomes an InputError."""
    if not path.exists():
        raise InputError("there is no such head file", source=path)
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as data:
            version = int(data["format_version"])
            if version not in READABLE_VERSIONS:
                raise InputError(
                    f"has head format {version}, this mien reads up to {FORMAT_VERSION}; rebuild it with: "
                    "mien head build",
                    source=path,
                )
            yield data
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
        raise InputError("is not a head file (.npz); make one with: mien head build", source=path) from error


def read_built_in_arrays(*names: str) -> tuple[np.ndarray, ...]:
    """Some arrays of the built-in head's file.

    Raises:
        InputError: the file is damaged or lacks one.
    """
    with _opened(_BUILT_IN_PATH) as file:
        return tuple(file[name] for name in names)


def _read(path: Path) -> Head:
    with _opened(path) as file:
        return _head_of(dict(file))


def _head_of(data: dict[str, np.ndarray]) -> Head:
    sets = {
        name: LandmarkSet(
            name,
            data[f"set_{name}_vertices"],
            data[f"set_{name}_mirror"],
            data.get(f"set_{name}_missing", np.zeros(0, np.int64)),
        )
        for name in map(str, data["set_names"])
    }
    # float16 in the file (0.01 mm at a head's size of shapes), float64 in memory: fitting works in float64
    expression = np.zeros((len(data["expression_names"]), len(data["mean_m"]), 3))
    expression[data["expression_shape"], data["expression_vertex"]] = (
        data["expression_delta_mm"].astype(np.float64) / 1000
    )
    return Head(
        name=str(data["name"]),
        version=str(data["version"]),
        mean_m=data["mean_m"].astype(np.float64),
        triangles=data["triangles"].astype(np.int32),
        identity_basis_m=data["identity_basis_mm"].astype(np.float64) / 1000,
        expression_basis_m=expression,
        expression_names=tuple(map(str, data["expression_names"])),
        joints_mean_m=data["joints_mean_m"],
        joints_identity_m=data["joints_identity_m"],
        skinning_weights=data["skinning_weights"].astype(np.float64),
        part_names=tuple(map(str, data["part_names"])),
        vertex_parts=data["vertex_parts"].astype(np.int32),
        uv=data["uv"].astype(np.float64),
        uv_triangles=data["uv_triangles"].astype(np.int32),
        mirror_vertices=data["mirror_vertices"].astype(np.int32),
        landmark_sets=sets,
        identity_mixture=(
            data["mixture_weights"].astype(np.float64),
            data["mixture_means"].astype(np.float64),
            data["mixture_covariances"].astype(np.float64),
        )
        if "mixture_weights" in data
        else None,
        personal_shapes=_personal_shapes_of(data),
        **({name: data[name].astype(np.int32) for name in ("quads", "uv_quads")} if "quads" in data else {}),
    )


def _personal_shapes_of(data: dict[str, np.ndarray]) -> tuple[PersonalShape, ...]:
    if "personal_shape" not in data:
        return ()
    ends = np.cumsum([0, *data["personal_count"].tolist()])
    identity_m = data["personal_identity_mm"].astype(np.float64) / 1000
    return tuple(
        PersonalShape(
            int(shape), data["personal_vertex"][start:end].astype(np.int64), identity_m[:, start:end]
        )
        for shape, start, end in zip(data["personal_shape"], ends[:-1], ends[1:], strict=True)
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
