"""Lists of the vertices of a mesh that stand for iBUG's 68 points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int

from mien.errors import InputError
from mien.reading.regular_files import read_text


def vertex_list(path: Path, vertex_count: int) -> Int[np.ndarray, " 68"]:
    """68 vertex numbers of a mesh, separated by commas or spaces.

    Raises:
        InputError: the file holds something else.
    """
    try:
        vertices = np.array(read_text(path).replace(",", " ").strip("[] \n").split(), dtype=int)
    except (OverflowError, ValueError) as error:
        raise InputError("is not a list of vertex numbers", source=path) from error
    if vertices.shape != (68,) or vertices.min() < 0 or vertices.max() >= vertex_count:
        raise InputError(
            f"expected 68 vertex numbers from 0 to {vertex_count - 1}, got {len(vertices)}", source=path
        )
    return vertices
