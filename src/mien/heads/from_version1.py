"""Saved fits and tracks of the built-in head's version 1 as those of this version."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from mien.heads.gaze import shape_turns
from mien.heads.library import load_head, read_built_in_array
from mien.heads.version1 import Version1Conversion

NAME, FIRST_NUMBER = "mien-head", "1"


def is_version1(head_name: str, head_version: str) -> bool:
    """Whether parameters are of version 1 of the built-in head."""
    return head_name == NAME and head_version.partition(".")[0] == FIRST_NUMBER


@lru_cache(maxsize=1)
def version1_conversion() -> Version1Conversion:
    """The conversion that comes with the built-in head.

    Raises:
        InputError: the built-in head's file is damaged.
    """
    matrix = read_built_in_array("version1_matrix", "old new")
    return Version1Conversion(matrix)


def converted_document(document: dict[str, Any]) -> dict[str, Any]:
    """A saved fit's or track's plain data with the parameters of this version.

    Args:
        document: with `identity`, `expression` (its last axis as `expression_names`), `joint_rotations`.
    """
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
