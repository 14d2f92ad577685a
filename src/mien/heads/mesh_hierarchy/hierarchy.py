"""Coarser and coarser meshes of a landmark set with what a decoder needs to climb back up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from mien.heads.mesh_hierarchy.decimation import UpSampling, decimate, up_sampling
from mien.heads.mesh_hierarchy.spirals import spirals
from mien.heads.mesh_hierarchy.triangulation import LandmarkMesh


@dataclass(frozen=True, eq=False)
class MeshHierarchy:
    """Levels of a landmark mesh, from all landmarks to a few.

    Attributes:
        sizes: vertices of every level; the first is the landmark set.
        spirals: (V, S) for every level.
        up_samplings: from level k + 1 to level k.
    """

    sizes: tuple[int, ...]
    spirals: tuple[Int[np.ndarray, "_ length"], ...]
    up_samplings: tuple[UpSampling, ...]


def build_hierarchy(
    mesh: LandmarkMesh, *, spiral_length: int = 9, factor: int = 4, smallest: int = 16
) -> MeshHierarchy:
    """Decimate by `factor` while at least `smallest` vertices are left (Simic, section 3.3.2)."""
    points, triangles = mesh.points_m, mesh.triangles
    sizes, rings, ups = [len(mesh)], [spirals(points, triangles, length=spiral_length)], []
    while len(points) // factor >= smallest:
        coarse = decimate(points, triangles, count=len(points) // factor)
        if len(coarse.kept) == len(points):
            break
        ups.append(up_sampling(points, coarse))
        points, triangles = points[coarse.kept], coarse.triangles
        sizes.append(len(points))
        rings.append(spirals(points, triangles, length=spiral_length))
    return MeshHierarchy(tuple(sizes), tuple(rings), tuple(ups))
