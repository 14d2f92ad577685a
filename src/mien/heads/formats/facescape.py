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
from mien.heads.model import Head

METRES_PER_UNIT = 0.001
"""The core is in millimetres."""


def read_facescape(path: str | Path, *, identity_count: int = 50) -> Head:
    """A FaceScape bilinear model with `id_mean` and `id_var` (the releases with "id" in their names).

    Only plain arrays are read; the file's pickled dictionaries are never touched.

    Args:
        identity_count: leading identity factors that are kept.

    Raises:
        InputError: the file is no such model, or has no distribution of identities.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            if "id_mean" not in file.files or "id_var" not in file.files:
                raise InputError(
                    "has no id_mean and id_var; take a release with 'id' in its name, such as "
                    "facescape_bm_v1.6_847_50_52_id_front.npz",
                    source=path,
                )
            core = np.asarray(file["shape_bm_core"], float)
            mean_weights = np.asarray(file["id_mean"], float).reshape(-1)
            variance = np.asarray(file["id_var"], float)
            # Indices are OBJ's: the first vertex is 1.
            faces = np.asarray(file["fv_indices"], np.int64) - 1
            landmarks = np.asarray(file["lm_list_v16"], np.int64) if "lm_list_v16" in file.files else None
    except (OSError, ValueError, KeyError) as error:
        raise InputError("is no FaceScape bilinear model (v1.6)", source=path) from error
    if core.ndim != 3 or core.shape[0] % 3 or core.shape[2] != len(mean_weights):
        raise InputError(
            f"its core has shape {core.shape}; expected (3 V, expressions, {len(mean_weights)})", source=path
        )
    deviations = _deviations(variance, len(mean_weights), path)[:identity_count]
    at_mean = (core @ mean_weights).T.reshape(core.shape[1], -1, 3)
    mean = at_mean[0]
    count = len(mean)
    if faces.min() < 0 or faces.max() >= count:
        raise InputError("its faces do not match its vertices", source=path)
    usable = landmarks is not None and landmarks.shape == (68,) and landmarks.max() < count
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


def _deviations(variance: np.ndarray, count: int, path: Path) -> np.ndarray:
    """(count, count) rows: one standard deviation along each independent direction, largest first."""
    if variance.shape == (count,):
        order = np.argsort(-variance)
        return np.diag(np.sqrt(np.maximum(variance, 0)))[order]
    if variance.shape == (count, count):
        values, vectors = np.linalg.eigh(variance)
        return (vectors * np.sqrt(np.maximum(values, 0))).T[::-1]
    raise InputError(f"its id_var has shape {variance.shape}; expected ({count},)", source=path)
