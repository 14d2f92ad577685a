"""Basel Face Model 2017 and 2019 (Gerig et al. 2018), statismo `.h5` files.

Millimetres, +y up, +z out of the face; the origin moves to the centre of the mean. Basis columns have unit
norm and are scaled by their standard deviations. The mean of the expression model is added to the mean
shape. Expression components are signed: each becomes two one-sided shapes (`one_sided_shapes`). No joints.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mien.errors import InputError, MissingExtraError
from mien.heads.formats.plain import one_sided_shapes, plain_head
from mien.heads.model import Head
from mien.reading.file_values import FileValues
from mien.reading.in_child import run_in_child
from mien.reading.npy import read_npy

METRES_PER_UNIT = 0.001
_CELLS = "shape/representer/cells"
_VECTORS = tuple(
    f"{model}/model/{part}" for model in ("shape", "expression") for part in ("mean", "pcaVariance")
)
_NAMES = (*_VECTORS, "shape/model/pcaBasis", "expression/model/pcaBasis", _CELLS)
_NO_BFM = "is no BFM 2017 or 2019 file (.h5 with shape/model, expression/model and shape/representer)"


def read_bfm(path: str | Path, *, identity_count: int = 100, expression_count: int = 50) -> Head:
    """A BFM file.

    Args:
        identity_count, expression_count: leading components that are kept; expression doubles (one-sided).

    Raises:
        MissingExtraError: h5py is not installed.
        InputError: the file is no BFM 2017 or 2019.
    """
    if find_spec("h5py") is None:
        raise MissingExtraError("BFM files", extra="formats", cause="h5py")
    path = Path(path)
    values = FileValues(_arrays(path), source=path, remedy="get the model again")
    mean, identity = _model(values, "shape", identity_count)
    expression_mean, expression = _model(values, "expression", expression_count)
    cells = values.array(_CELLS, "a b", kind="integer", low=0, high=len(mean) - 1)
    triangles = cells.T if cells.shape[0] == 3 else cells
    if len(mean) != len(expression_mean) or triangles.shape[1] != 3:
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


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The file's arrays, read in a process of their own."""
    with TemporaryDirectory() as folder:
        run_in_child("mien.heads.formats.hdf5_arrays", [str(path.resolve()), folder, *_NAMES],
                     source=path, what=_NO_BFM)  # fmt: skip
        arrays = {name: read_npy(Path(folder) / f"{index}.npy") for index, name in enumerate(_NAMES)}
    # Some files hold vectors as columns.
    return {name: values.reshape(-1) if name in _VECTORS else values for name, values in arrays.items()}


def _model(values: FileValues, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (V, 3) and scaled components (K, V, 3) of one of the file's models."""
    mean = _flat(values, f"{name}/model/mean")
    variance = _flat(values, f"{name}/model/pcaVariance")[:count]
    basis = values.array(f"{name}/model/pcaBasis", f"numbers_of_{name} {name}", low=-1e6, high=1e6)[
        :, : len(variance)
    ]
    if len(mean) != len(basis) or len(mean) % 3 or basis.shape[1] != len(variance) or (variance < 0).any():
        raise values.damaged(f"its {name} model's mean, basis and variances do not match")
    scaled = (basis * np.sqrt(variance)).T
    return mean.reshape(-1, 3), scaled.reshape(-1, len(mean) // 3, 3)


def _flat(values: FileValues, name: str) -> np.ndarray:
    """A vector; some files hold it as a column."""
    return values.array(name, f"size_of_{name}", low=-1e12, high=1e12)
