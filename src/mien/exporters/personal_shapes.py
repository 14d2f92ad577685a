"""Expression shapes that differ from person to person, as exports need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from mien.heads.model import Head

Changes = Mapping[int, Float[np.ndarray, "vertices 3"]]
"""What is added to some expression shapes for a person, by the shape's index, metres."""


def _personal(head: Head) -> tuple[Any, ...]:
    return getattr(head, "personal_shapes", ())  # heads whose shapes are the same for everyone have none


def personal_changes(head: Head, identity: Float[np.ndarray, " identity"]) -> Changes:
    """What of the head's shapes is the person's own."""
    changes = {}
    for personal in _personal(head):
        change_m = np.zeros((head.vertex_count, 3))
        change_m[personal.vertices] = personal.change_m(identity)
        changes[personal.shape] = change_m
    return changes


def differing(head: Head) -> Bool[np.ndarray, "expression vertices"]:
    """Where a shape is not the same for everyone."""
    found = np.zeros(head.expression_basis_m.shape[:2], bool)
    for personal in _personal(head):
        found[personal.shape, personal.vertices] = True
    return found


def movable(head: Head) -> Bool[np.ndarray, "expression vertices"]:
    """Which vertices a shape may move, whoever the person is."""
    found = differing(head)
    found |= (head.expression_basis_m != 0).any(axis=2)
    return found
