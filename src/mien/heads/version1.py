"""Parameters of the built-in head's version 1 (6,378 vertices) as those of the head that mien ships now.

What was fitted with version 1 stays readable: identity goes over by a linear map that brings the heads'
surfaces together at 753 places, expressions by their names, and gaze, which version 1 left to the joints
alone, stays with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

NAME, FIRST_NUMBER = "mien-head", "1"


@dataclass(frozen=True, eq=False)
class Version1Conversion:
    """Identity of version 1 → identity of this version: `identity @ matrix`; the means are the same person.

    Attributes:
        matrix: (100, I).
    """

    matrix: Float[np.ndarray, "old new"]

    def identity(self, old: Float[np.ndarray, "*rows old"]) -> Float[np.ndarray, "*rows new"]:
        """Weights of the same person, rows for rows."""
        return old @ self.matrix


def is_version1(head_name: str, head_version: str) -> bool:
    """Whether parameters are of version 1 of the built-in head."""
    return head_name == NAME and head_version.partition(".")[0] == FIRST_NUMBER


@lru_cache(maxsize=1)
def version1_conversion() -> Version1Conversion:
    """The conversion that comes with the built-in head.

    Raises:
        InputError: the built-in head's file is damaged.
    """
    from mien.heads.library import read_built_in_arrays

    (matrix,) = read_built_in_arrays("version1_matrix")
    return Version1Conversion(matrix.astype(np.float64))


def converted_document(document: dict[str, Any]) -> dict[str, Any]:
    """A saved fit's or track's plain data with the parameters of this version.

    Args:
        document: with `identity`, `expression` (its last axis as `expression_names`), `joint_rotations`.
    """
    from mien.heads.gaze import shape_turns
    from mien.heads.library import load_head

    head = load_head()
    names = list(document["expression_names"])
    old = np.asarray(document["expression"], float)
    expression = np.zeros((*old.shape[:-1], head.expression_count))
    for column, name in enumerate(names):
        if name in head.expression_names:
            expression[..., head.expression_names.index(name)] = old[..., column]
    joints = np.array(document["joint_rotations"], float)
    # Version 1's eyeLook shapes moved the lids alone; what they turn the eyes by now is taken off the joints.
    joints[..., 2:, :] -= shape_turns(expression, head.expression_names)
    return {
        **document,
        "identity": version1_conversion().identity(np.asarray(document["identity"], float)),
        "expression": expression,
        "expression_names": list(head.expression_names),
        "joint_rotations": joints,
        "head_version": head.version,
    }
