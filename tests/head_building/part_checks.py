"""What holds of every part's mesh."""

from __future__ import annotations

import numpy as np

from mien.head_building.flattening import signed_areas
from mien.head_building.mesh_disks import polygon_edges, split_quads
from mien.head_building.part_mesh import PartMesh


def assert_manifold(quads: np.ndarray) -> None:
    """No directed edge twice: at most two faces an edge, and all wound alike."""
    edges = polygon_edges(quads)
    assert len(np.unique(edges, axis=0)) == len(edges)


def assert_closed(quads: np.ndarray) -> None:
    edges = polygon_edges(quads)
    known = set(map(tuple, edges.tolist()))
    assert all((b, a) in known for a, b in known)


def assert_symmetric(mesh: PartMesh, *, atol: float = 1e-12) -> None:
    """Vertices are those of the partners mirrored, and so are the faces, wound the other way."""
    everyone = np.arange(len(mesh.vertices))
    np.testing.assert_array_equal(mesh.mirror[mesh.mirror], everyone)
    np.testing.assert_allclose(mesh.vertices[mesh.mirror], mesh.vertices * [-1, 1, 1], atol=atol)
    edges = {tuple(edge) for edge in polygon_edges(mesh.quads).tolist()}
    assert {(int(mesh.mirror[b]), int(mesh.mirror[a])) for a, b in edges} == edges


def volume(vertices: np.ndarray, quads: np.ndarray) -> float:
    """Signed: positive when the faces of a closed mesh look outwards."""
    corners = vertices[split_quads(quads)[0]]
    return float(np.einsum("tc,tc->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))) / 6


def uv_areas(mesh: PartMesh) -> np.ndarray:
    return signed_areas(mesh.uv, split_quads(mesh.uv_quads)[0])


def face_normals(mesh: PartMesh) -> tuple[np.ndarray, np.ndarray]:
    """Middle and unit normal of every triangle."""
    corners = mesh.vertices[split_quads(mesh.quads)[0]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return corners.mean(axis=1), normals / np.linalg.norm(normals, axis=1, keepdims=True)
