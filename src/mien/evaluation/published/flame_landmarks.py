"""The 68 landmarks on FLAME's mesh, from the files that its users pass around."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.heads.formats.plain_pickle import read_plain_pickle, unpickle_plain
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.npy import read_npy, skip_npy_header
from mien.reading.npz import check_zip
from mien.reading.regular_files import check_regular

FLAME_VERTICES = 5023


@dataclass(frozen=True, eq=False)
class FlameLandmarks:
    """Landmarks as points of triangles.

    Attributes:
        corners: (68, 3) vertices of each landmark's triangle.
        barycentric: (68, 3) their weights.
    """

    corners: Integer[np.ndarray, "68 3"]
    barycentric: Float[np.ndarray, "68 3"]

    def __call__(self, vertices: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "68 3"]:
        """The landmarks of a mesh."""
        return np.einsum("lk,lkc->lc", self.barycentric, vertices[self.corners])


@dataclass(frozen=True, eq=False)
class FlameFiles:
    """What DAD-3DHeads' evaluation needs to know about FLAME's mesh.

    Attributes:
        landmarks: of FLAME's vertices.
        face, head: vertices of the face, and of the head without the neck.
    """

    landmarks: FlameLandmarks
    face: Integer[np.ndarray, " face"]
    head: Integer[np.ndarray, " head"]


def read_flame_files(folder: str | Path) -> FlameFiles:
    """Find in a folder (a checkout of DAD-3DHeads, say) the files that its evaluation uses.

    `flame_static_embedding.pkl`, `flame_dynamic_embedding.npy` (its row for a frontal view gives the contour,
    as the published evaluation has it), `flame_mesh_faces.pt` (or `.npy`), `face.npy`, `head_indices.npy`.
    None is executed: pickles are read as plain data.

    Raises:
        InputError: a file is missing or not as expected.
    """
    folder = Path(folder)
    static = read_plain_pickle(_find(folder, "flame_static_embedding.pkl"))
    dynamic = _read_dictionary(_find(folder, "flame_dynamic_embedding.npy"))
    triangles = _read_triangles(_find(folder, "flame_mesh_faces.pt", "flame_mesh_faces.npy"))
    try:
        chosen = np.concatenate(
            [np.asarray(dynamic["lmk_face_idx"])[0], np.asarray(static["lmk_face_idx"]).reshape(-1)]
        ).astype(np.int64)
        barycentric = np.concatenate(
            [np.asarray(dynamic["lmk_b_coords"])[0], np.asarray(static["lmk_b_coords"])]
        )
        landmarks = FlameLandmarks(triangles[chosen], barycentric.astype(float))
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise InputError("its embeddings do not hold lmk_face_idx and lmk_b_coords as expected",
                         source=folder) from error  # fmt: skip
    if (chosen < 0).any() or not np.isfinite(landmarks.barycentric).all():
        raise InputError("its embeddings hold negative indices or numbers that are not finite", source=folder)
    if landmarks.barycentric.shape != (len(chosen), 3):
        raise InputError("its embeddings do not hold three weights for each landmark", source=folder)
    if len(chosen) != 68:
        raise InputError(f"its embeddings hold {len(chosen)} landmarks, not 17 and 51", source=folder)
    return FlameFiles(landmarks, _read_indices(_find(folder, "face.npy")),
                      _read_indices(_find(folder, "head_indices.npy", "head.npy")))  # fmt: skip


def _find(folder: Path, *names: str) -> Path:
    for name in names:
        found = sorted(folder.rglob(name))
        if found:
            return found[0]
    raise InputError(
        f"holds no {' or '.join(names)}; it is in a checkout of DAD-3DHeads or comes with FLAME",
        source=folder,
    )


def _read_indices(path: Path) -> Integer[np.ndarray, " n"]:
    indices = read_npy(path).reshape(-1)
    if (
        indices.dtype.kind not in "iu"
        or not len(indices)
        or not 0 <= indices.min() <= indices.max() < FLAME_VERTICES
    ):
        raise InputError(f"does not hold indices of FLAME's {FLAME_VERTICES} vertices", source=path)
    return indices.astype(np.int64)


def _read_dictionary(path: Path) -> dict[str, Any]:
    """A dictionary that `numpy.save` pickled."""
    check_regular(path)
    with path.open("rb") as stream:
        skip_npy_header(stream, source=path)
        content = unpickle_plain(stream)
    if not isinstance(content, dict):
        raise InputError("holds no dictionary", source=path)
    return content


def _read_triangles(path: Path) -> Integer[np.ndarray, "triangles 3"]:
    """The one array of a file that `torch.save` (or `numpy.save`) wrote, without torch."""
    if path.suffix == ".npy":
        with damage_named(path, "does not hold triangles"):
            return FileValues({"triangles": read_npy(path)}, source=path).array(
                "triangles", "triangles 3", kind="integer", low=0, high=FLAME_VERTICES - 1
            )
    size_bytes = check_regular(path)
    unknown = "is not a file of torch 1.6 or newer; save the triangles as flame_mesh_faces.npy instead"
    with damage_named(path, unknown), zipfile.ZipFile(path) as archive:
        check_zip(archive, size_bytes=size_bytes, source=path)
        names = archive.namelist()
        kind = archive.read(next(name for name in names if name.endswith("data.pkl")))
        data = archive.read(next(name for name in names if name.endswith("/data/0")))
    storages = {b"LongStorage": np.int64, b"IntStorage": np.int32, b"FloatStorage": np.float32}
    dtype = next((dtype for name, dtype in storages.items() if name in kind), None)
    if dtype is None or len(data) % (3 * np.dtype(dtype).itemsize):
        raise InputError("does not hold one array of triangles", source=path)
    return np.frombuffer(data, dtype).astype(np.int64).reshape(-1, 3)
