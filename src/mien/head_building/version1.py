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
    """Least squares over places on the skin, with this head's prior.

    The mean heads lie up to some millimetres apart there, along the surface, since they were registered in
    different ways: what is compared is how people differ from them.

    Args:
        places: (N,) vertices of the head at the places of the table.

    Returns:
        the conversion, and the root mean square distance in millimetres that it leaves on random people of
        version 1.
    """
    with np.load(TABLE) as table:
        skin = table["places"][:, 0] == 0  # eyes and teeth are not the same things any more
        theirs_m = table["identity_mm"].astype(float)[:, skin] / 1000
    ours = head.identity_basis_m[:, places[skin]].reshape(head.identity_count, -1)
    theirs = theirs_m.reshape(len(theirs_m), -1)
    gram = ours @ ours.T + _NOISE_M**2 * np.eye(head.identity_count)
    matrix = np.linalg.solve(gram, ours @ theirs.T).T
    left_mm = 1000 * np.sqrt(((theirs - matrix @ ours) ** 2).sum() / int(skin.sum()))
    return Version1Conversion(matrix), float(left_mm)
