"""Basel Face Model 2017 and 2019 (Gerig et al. 2018), statismo `.h5` files.

Millimetres, +y up, +z out of the face; the origin moves to the centre of the mean. Basis columns have unit
norm and are scaled by their standard deviations. The mean of the expression model is added to the mean
shape. Expression components are signed: each becomes two one-sided shapes (`one_sided_shapes`). No joints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError, MissingExtraError
from mien.heads.formats.plain import one_sided_shapes, plain_head
from mien.heads.model import Head

METRES_PER_UNIT = 0.001


def read_bfm(path: str | Path, *, identity_count: int = 100, expression_count: int = 50) -> Head:
    """A BFM file.

    Args:
        identity_count, expression_count: leading components that are kept; expression doubles (one-sided).

    Raises:
        MissingExtraError: h5py is not installed.
        InputError: the file is no BFM 2017 or 2019.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("BFM files", extra="formats", cause="h5py") from error
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            mean, identity = _model(file, "shape", identity_count)
            expression_mean, expression = _model(file, "expression", expression_count)
            cells = _dataset(file, "shape/representer/cells").astype(np.int64)
    except (OSError, KeyError) as error:
        raise InputError(
            "is no BFM 2017 or 2019 file (.h5 with shape/model, expression/model and shape/representer)",
            source=path,
        ) from error
    triangles = cells.T if cells.shape[0] == 3 else cells
    if len(mean) != len(expression_mean) or triangles.max() >= len(mean):
        raise InputError("its shape model, expression model and triangles do not match", source=path)
    mean_m = METRES_PER_UNIT * (mean + expression_mean)
    mean_m -= (mean_m.min(axis=0) + mean_m.max(axis=0)) / 2
    shapes_m, names = one_sided_shapes(METRES_PER_UNIT * expression, "bfm")
    return plain_head(
        "bfm",
        path.stem,
        mean_m=mean_m,
        triangles=triangles,
        identity_basis_m=METRES_PER_UNIT * identity,
        expression_basis_m=shapes_m,
        expression_names=names,
    )


def _model(file: Any, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (V, 3) and scaled components (K, V, 3) of one of the file's models."""
    mean = _dataset(file, f"{name}/model/mean").reshape(-1, 3)
    variance = _dataset(file, f"{name}/model/pcaVariance").reshape(-1)[:count]
    basis = _dataset(file, f"{name}/model/pcaBasis")[:, : len(variance)]
    scaled = (basis * np.sqrt(variance)).T
    return mean, scaled.reshape(-1, len(mean), 3)


def _dataset(file: Any, name: str) -> np.ndarray:
    return np.asarray(file[name][()], float)
