"""Both rows of teeth with their gums, and where they go in a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

from mien.geometry.alignment import Similarity, align_rigid, align_similarity
from mien.head_building.dental_arch import LOWER_ARCH, UPPER_ARCH
from mien.head_building.gums import build_gums
from mien.head_building.makehuman import METRES_PER_UNIT, ObjMesh
from mien.head_building.part_mesh import PartMesh, joined, part_index
from mien.head_building.teeth import build_teeth

BEHIND_STOMION_M = (0.0, -0.0026, -0.0094)
"""From the stomion (where closed lips meet, in the middle) to the biting edge of the upper central incisors,
in a head whose teeth have their own size: the edge lies a little below, the lips' thickness behind."""

MAKEHUMAN_SCALE = 0.90
"""Of the teeth in MakeHuman's mean head, which is smaller than people are."""

_MAKEHUMAN_STOMION_M = (0.0, 0.6630, 0.1490)
_HELPERS = {"upper": "helper-upper-teeth", "lower": "helper-lower-teeth"}


@dataclass(frozen=True, eq=False)
class Dentition:
    """Teeth and gums.

    Attributes:
        mesh: metres in the dentition's frame (see `dental_arch`), texture coordinates in the atlas.
        lower: (V,) what moves with the jaw; the rest is rigid with the head.
        upper_edges, lower_edges: (14,) vertex in the middle of each crown's biting edge, from the subject's
            left on.
    """

    mesh: PartMesh
    lower: Bool[np.ndarray, " vertices"]
    upper_edges: Integer[np.ndarray, " teeth"]
    lower_edges: Integer[np.ndarray, " teeth"]

    def placed(
        self, stomion_m: Float[np.ndarray, " 3"], *, scale: float = 1.0
    ) -> Float[np.ndarray, "vertices 3"]:
        """Vertices in a head at rest, lips closed.

        Args:
            stomion_m: where the closed lips meet in the middle, in front; the head frame's axes.
            scale: of the teeth; 1 for an adult head in true size.
        """
        return stomion_m + scale * (self.mesh.vertices + BEHIND_STOMION_M)


def build_dentition() -> Dentition:
    """28 teeth and two gums: 1,560 vertices, quads throughout."""
    upper, lower = build_teeth(UPPER_ARCH), build_teeth(LOWER_ARCH)
    mesh = joined([upper.mesh, lower.mesh, build_gums(UPPER_ARCH), build_gums(LOWER_ARCH)])
    below = [part_index("lower_teeth"), part_index("lower_gums")]
    return Dentition(
        mesh=mesh,
        lower=np.isin(mesh.parts, below),
        upper_edges=upper.edge_middles,
        lower_edges=lower.edge_middles + len(upper.mesh.vertices),
    )


def out_of_makehuman(
    points_m: Float[np.ndarray, "*n 3"], stomion_m: Float[np.ndarray, " 3"], *, scale: float = 1.0
) -> Float[np.ndarray, "*n 3"]:
    """Places in the mouth of MakeHuman's mean head (its tongue's, for example) in another head at rest, where
    they lie to teeth `placed` at the same stomion and scale as they did before. Displacements grow by
    scale / MAKEHUMAN_SCALE."""
    return stomion_m + scale / MAKEHUMAN_SCALE * (points_m - _MAKEHUMAN_STOMION_M)


class MakeHumanMouth:
    """Where a dentition goes in any person of MakeHuman: it follows the base mesh's own helper teeth, each
    row as a whole, so that teeth keep their shape."""

    def __init__(self, base: ObjMesh, mean_units: Float[np.ndarray, "base 3"]) -> None:
        """
        Args:
            base: MakeHuman's base mesh; mean_units: its vertices (decimetres) for the mean person at rest,
                all ancestries and sexes in equal parts.
        """
        self._mean = mean_units
        self._rows = {
            row: np.unique(base.faces[base.face_groups == group]) for row, group in _HELPERS.items()
        }

    def place(
        self, dentition: Dentition, base_vertices_units: Float[np.ndarray, "base 3"]
    ) -> Float[np.ndarray, "vertices 3"]:
        """Vertices in metres, for the base mesh (decimetres) of a person, whatever the expression."""
        vertices_m = dentition.placed(np.array(_MAKEHUMAN_STOMION_M), scale=MAKEHUMAN_SCALE)
        for row, members in (("upper", ~dentition.lower), ("lower", dentition.lower)):
            helper = self._rows[row]
            motion = align_similarity(self._mean[helper], base_vertices_units[helper])
            vertices_m[members] = motion.apply(vertices_m[members] / METRES_PER_UNIT) * METRES_PER_UNIT
        return vertices_m

    def jaw_motion(
        self, before_units: Float[np.ndarray, "base 3"], after_units: Float[np.ndarray, "base 3"]
    ) -> Similarity:
        """The rigid motion of the lower row from one base mesh to another, in metres."""
        helper = self._rows["lower"]
        return align_rigid(before_units[helper] * METRES_PER_UNIT, after_units[helper] * METRES_PER_UNIT)
