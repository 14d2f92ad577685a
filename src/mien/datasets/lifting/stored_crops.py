"""What the files of posed views share: pictures as JPEG bytes one after the other, and rotations."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64, UInt8

from mien.reading.file_values import FileValues

_TURN_TOLERANCE = 1e-3
"""Of R Rᵀ, from what single precision rounds."""


def checked_pictures(
    values: FileValues, *, count: str
) -> tuple[UInt8[np.ndarray, " bytes"], Int64[np.ndarray, " starts"]]:
    """`jpeg` and `starts` of a file: picture n is `jpeg[starts[n]:starts[n + 1]]`.

    Args:
        count: name of the size that says how many pictures there are; known by now.

    Raises:
        InputError: they are not so.
    """
    jpeg = values.stored("jpeg", "bytes", np.uint8)
    starts = values.stored("starts", "starts", np.int64, low=0, high=len(jpeg))
    if len(starts) != values.sizes[count] + 1 or starts[0] != 0 or starts[-1] != len(jpeg):
        raise values.damaged(f"starts does not tell where {values.sizes[count]} pictures lie")
    if (np.diff(starts) <= 0).any():
        raise values.damaged("starts must ascend")
    return jpeg, starts


def check_rotations(values: FileValues, name: str, matrices: Float[np.ndarray, "n 3 3"]) -> None:
    """Demand that matrices turn and do nothing else.

    Raises:
        InputError: some scale, shear or mirror.
    """
    product = np.einsum("nij,nkj->nik", matrices, matrices, dtype=np.float64)
    off = np.abs(product - np.eye(3)).max(initial=0.0)
    if off > _TURN_TOLERANCE or (np.linalg.det(matrices.astype(np.float64)) < 0).any():
        raise values.damaged(f"{name} holds what is no rotation")
