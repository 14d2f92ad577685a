"""FaceScape's bilinear model v1.6 (Yang et al. 2020), `.npz`.

Its core is bilinear: vertices = core · identity · expression. mien's heads are linear, so the core is
expanded about the mean identity w̄: neutral (core₀·w̄), identity basis core₀·(principal deviations), and
expression shapes (core_e − core₀)·w̄. Lost is how expressions change with identity: exact for the mean
person at any expression and for every person at rest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.heads.formats.plain import plain_head, split_polygons
from mien.heads.head_checks import check_basis_size
from mien.heads.model import Head
from mien.reading.npz import ArrayArchive, open_npz

METRES_PER_UNIT = 0.001
"""The core is in millimetres."""
_LARGEST = 1e9


def read_facescape(path: str | Path, *, identity_count: int = 50) -> Head:
    """A FaceScape bilinear model with `id_mean` and `id_var` (the releases with "id" in their names).

    Only plain arrays are read; the file's pickled dictionaries are never touched.

    Args:
        identity_count: leading identity factors that are kept.

    Raises:
        InputError: the file is no such model, or has no distribution of identities.
    """
    path = Path(path)
    with open_npz(path, what="is no FaceScape bilinear model (v1.6)") as archive:
        if "id_mean" not in archive or "id_var" not in archive:
            raise InputError(
                "has no id_mean and id_var; take a release with 'id' in its name, such as "
                "facescape_bm_v1.6_847_50_52_id_front.npz",
                source=path,
            )
        core = _numbers(archive, "shape_bm_core", path)
        mean_weights = _numbers(archive, "id_mean", path).reshape(-1)
        variance = _numbers(archive, "id_var", path)
        # Indices are OBJ's: the first vertex is 1.
        faces = _numbers(archive, "fv_indices", path).astype(np.int64) - 1
        landmarks = None
        if "lm_list_v16" in archive:
            landmarks = _numbers(archive, "lm_list_v16", path).astype(np.int64)
    if core.ndim != 3 or core.shape[0] % 3 or core.shape[2] != len(mean_weights) or core.shape[1] < 1:
        raise InputError(
            f"its core has shape {core.shape}; expected (3 V, expressions, {len(mean_weights)})", source=path
        )
    if faces.ndim != 2 or not 3 <= faces.shape[1] <= 8 or not len(faces):
        raise InputError(f"its faces have the shape {faces.shape}; expected (F, 4)", source=path)
    check_basis_size(core.shape[1] + len(mean_weights), core.shape[0] // 3, source=path)
    deviations = _deviations(variance, len(mean_weights), path)[:identity_count]
    at_mean = (core @ mean_weights).T.reshape(core.shape[1], -1, 3)
    mean = at_mean[0]
    count = len(mean)
    if faces.min() < 0 or faces.max() >= count:
        raise InputError("its faces do not match its vertices", source=path)
    usable = (
        landmarks is not None and landmarks.shape == (68,) and 0 <= landmarks.min() <= landmarks.max() < count
    )
    return plain_head(
        "facescape",
        path.stem,
        mean_m=METRES_PER_UNIT * (mean - (mean.min(axis=0) + mean.max(axis=0)) / 2),
        triangles=split_polygons(faces.tolist()),
        identity_basis_m=METRES_PER_UNIT * (deviations @ core[:, 0].T).reshape(-1, count, 3),
        expression_basis_m=METRES_PER_UNIT * (at_mean[1:] - mean),
        expression_names=tuple(f"facescape{k:02d}" for k in range(1, core.shape[1])),
        ibug68=landmarks if usable else None,
    )


def _numbers(archive: ArrayArchive, name: str, path: Path) -> np.ndarray:
    """An array of finite numbers, in double precision."""
    if name not in archive:
        raise InputError(f"is no FaceScape bilinear model (v1.6): {name} is missing", source=path)
    member = archive[name]
    if member.dtype.kind not in "iuf":
        raise InputError(f"is no FaceScape bilinear model (v1.6): {name} holds no numbers", source=path)
    values = member.read().astype(float)
    if not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > _LARGEST:
        raise InputError(f"is damaged: {name} holds NaN, infinities or huge numbers", source=path)
    return values


def _deviations(variance: np.ndarray, count: int, path: Path) -> np.ndarray:
    """(count, count) rows: one standard deviation along each independent direction, largest first."""
    if variance.shape == (count,):
        order = np.argsort(-variance)
        return np.diag(np.sqrt(np.maximum(variance, 0)))[order]
    if variance.shape == (count, count):
        values, vectors = np.linalg.eigh(variance)
        return (vectors * np.sqrt(np.maximum(values, 0))).T[::-1]
    raise InputError(f"its id_var has shape {variance.shape}; expected ({count},)", source=path)
