"""What each vertex of a head is made of, by the names of its parts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from mien.heads.model import Head
from mien.heads.parts import MATERIALS

OPAQUE = ("skin", "mouth", "eyes")
"""Materials that share the look's base colour and its atlas."""


def material_of(part_name: str) -> str:
    """Material of a part by its name, also of parts that other people's heads name otherwise."""
    if part_name in MATERIALS:
        return MATERIALS[part_name]
    name = part_name.lower()
    if "socket" in name:
        return "skin"
    for fragment, material in (
        ("teeth", "mouth"), ("gum", "mouth"), ("tongue", "mouth"), ("mouth", "mouth"), ("cornea", "cornea"),
        ("lash", "hair"), ("brow", "hair"), ("hair", "hair"), ("eye", "eyes"),
    ):  # fmt: skip
        if fragment in name:
            return material
    return "skin"


def vertices_of(head: Head, *materials: str) -> Bool[np.ndarray, " vertices"]:
    """(V,) whether each vertex is of one of the materials."""
    named = np.array([material_of(name) in materials for name in head.part_names])
    return named[head.vertex_parts]
