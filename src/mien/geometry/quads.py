"""Quads as triangles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Integer


def triangulated(faces: Integer[np.ndarray, "faces 4"]) -> Integer[np.ndarray, "triangles 3"]:
    """(T, 3) triangles of (F, 4) quads, among which triangles have -1 in the fourth column: the first of each
    face, then the second ones."""
    first = faces[:, :3]
    quad = faces[:, 3] >= 0
    second = faces[quad][:, [0, 2, 3]]
    return np.concatenate([first, second])
