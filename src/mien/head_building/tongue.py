"""The tongue: the one that MakeHuman's base mesh carries among its helpers (CC0), which its targets move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer
from scipy.spatial import KDTree

from mien.errors import InputError
from mien.head_building.makehuman import METRES_PER_UNIT, ObjMesh, Proxy
from mien.head_building.part_mesh import PartMesh, part_index
from mien.head_building.texture_atlas import in_tile

_GROUP = "helper-tongue"


@dataclass(frozen=True, eq=False)
class TongueMesh:
    """The tongue and where it comes from.

    Attributes:
        mesh: 226 vertices, closed, quads throughout; metres in MakeHuman's frame, for the base mesh it was
            built from; texture coordinates in the atlas.
        base_vertices: (V,) the base mesh's vertex of each, so that every target that has vertices of the
            tongue (`jawOpen`, `tongueOut`, the visemes, faces of other people) moves it.
    """

    mesh: PartMesh
    base_vertices: Integer[np.ndarray, " vertices"]

    def place(self, base_vertices_units: Float[np.ndarray, "base 3"]) -> Float[np.ndarray, "vertices 3"]:
        """Vertices in metres for a base mesh (decimetres) of any person and expression."""
        return base_vertices_units[self.base_vertices] * METRES_PER_UNIT


def build_tongue(base: ObjMesh, proxy: Proxy, mean_units: Float[np.ndarray, "base 3"]) -> TongueMesh:
    """The tongue of a base mesh.

    Args:
        base: MakeHuman's base mesh; proxy: its "tongue/tongue01/tongue01.mhclo", whose texture coordinates
            are taken; mean_units: the base mesh's vertices (decimetres) for the mean person at rest.

    Raises:
        InputError: proxy and base mesh have another tongue each, or it is not symmetric.
    """
    faces = base.faces[base.face_groups == _GROUP]
    own = np.unique(faces)
    quads = np.searchsorted(own, faces)
    if not np.array_equal(quads, proxy.mesh.faces):
        raise InputError("is not the tongue of the base mesh's helpers", source=proxy.name)
    vertices = mean_units[own] * METRES_PER_UNIT
    mirror = np.array(KDTree(vertices).query(vertices * [-1, 1, 1])[1])
    gap = np.abs(vertices[mirror] - vertices * [-1, 1, 1]).max()
    if gap > 1e-6 or not np.array_equal(mirror[mirror], np.arange(len(own))):
        raise InputError("the tongue is not symmetric in this base mesh", source=proxy.name)
    symmetric = (vertices + vertices[mirror] * [-1, 1, 1]) / 2
    return TongueMesh(
        mesh=PartMesh(
            vertices=symmetric,
            quads=quads,
            uv=in_tile(proxy.mesh.uv, "tongue"),
            uv_quads=proxy.mesh.face_uv,
            parts=np.full(len(own), part_index("tongue")),
            mirror=mirror,
        ),
        base_vertices=own,
    )
