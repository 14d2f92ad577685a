"""How identities of version 1 of the head go over to this one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.heads.model import Head
from mien.heads.version1 import Version1Conversion

TABLE = Path(__file__).parent / "data" / "version1.npz"
"""Version 1's landmarks: their places on MakeHuman's base mesh, their mean and how identity moved them."""
_NOISE_M = 0.001
"""How well the places of both heads are the same place."""


def conversion_from_version1(head: Head, places: np.ndarray) -> tuple[Version1Conversion, float]:
    """Least squares over the places, with this head's prior.

    Args:
        places: (N,) vertices of the head at the places of the table.

    Returns:
        the conversion, and the root mean square distance in millimetres that it leaves on random people of
        version 1.
    """
    with np.load(TABLE) as table:
        old_mean_m = table["mean_m"].astype(float)
        old_identity_m = table["identity_mm"].astype(float) / 1000
    ours = head.identity_basis_m[:, places].reshape(head.identity_count, -1)
    gram = ours @ ours.T + _NOISE_M**2 * np.eye(head.identity_count)
    theirs = old_identity_m.reshape(len(old_identity_m), -1)
    apart = (old_mean_m - head.mean_m[places]).reshape(-1)
    matrix = np.linalg.solve(gram, ours @ theirs.T).T
    offset = np.linalg.solve(gram, ours @ apart)
    left = theirs - matrix @ ours
    left_mm = 1000 * np.sqrt(((left**2).sum() + ((apart - offset @ ours) ** 2).sum()) / len(places))
    return Version1Conversion(matrix, offset), float(left_mm)
