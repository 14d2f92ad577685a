"""Re-triangulation of a curved symmetric sheet with a texture seam across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mien.head_building.remesh import Remeshed, remesh_symmetric

HALF_COLUMNS, ROWS, SEAM_ROW = 7, 12, 6


@dataclass(frozen=True)
class Sheet:
    """A grid of (2 · HALF_COLUMNS + 1) × (ROWS + 1) vertices; texture jumps by 3 at the seam."""

    vertices: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    uv_triangles: np.ndarray
    mirror: np.ndarray
    uv_mirror: np.ndarray


def sheet() -> Sheet:
    columns = 2 * HALF_COLUMNS + 1
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(0, 1, ROWS + 1))
    vertices = np.stack([x, y, 0.2 * (1 - x**2) + 0.1 * y**2], axis=-1).reshape(-1, 3)
    lower = vertices[:, :2]
    uv = np.concatenate([lower, lower + [3, 0]])
    index = np.arange(len(vertices)).reshape(ROWS + 1, columns)
    quads = []
    for row in range(ROWS):
        for column in range(HALF_COLUMNS, columns - 1):
            a, b = index[row, column], index[row, column + 1]
            quads.append([a, b, index[row + 1, column + 1], index[row + 1, column]])
    quads_array = np.array(quads)
    above = np.repeat(np.arange(ROWS) >= SEAM_ROW, HALF_COLUMNS)
    uv_quads = quads_array + above[:, None] * len(vertices)
    mirror = index[:, ::-1].reshape(-1)
    return Sheet(
        vertices=vertices,
        uv=uv,
        triangles=np.concatenate([quads_array[:, [0, 1, 2]], quads_array[:, [0, 2, 3]]]),
        uv_triangles=np.concatenate([uv_quads[:, [0, 1, 2]], uv_quads[:, [0, 2, 3]]]),
        mirror=mirror,
        uv_mirror=np.concatenate([mirror, mirror + len(vertices)]),
    )


@pytest.fixture(scope="module")
def base() -> Sheet:
    return sheet()


@pytest.fixture(scope="module")
def mesh(base: Sheet) -> Remeshed:
    return remesh_symmetric(
        base.triangles,
        base.uv_triangles,
        base.vertices,
        mirror=base.mirror,
        uv_mirror=base.uv_mirror,
        uv_count=len(base.uv),
        edge_length=np.full(len(base.vertices), 0.3),
        half_vertices=80,
    )


def directed_edges(triangles: np.ndarray) -> np.ndarray:
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def test_it_is_coarser_and_uses_every_vertex(mesh: Remeshed):
    count = mesh.from_base.shape[0]
    assert 60 < count <= 160
    assert np.array_equal(np.unique(mesh.triangles), np.arange(count))


def test_it_is_an_oriented_manifold_sheet(mesh: Remeshed):
    edges = directed_edges(mesh.triangles)
    assert len(np.unique(edges, axis=0)) == len(edges)
    undirected, counts = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    assert counts.max() == 2
    # Euler's formula for a disc: one piece without holes
    assert mesh.from_base.shape[0] - len(undirected) + len(mesh.triangles) == 1


def test_vertices_are_shares_of_at_most_two_base_vertices(mesh: Remeshed):
    for matrix in (mesh.from_base, mesh.uv_from_base):
        np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1)
        assert np.diff(matrix.indptr).max() <= 2
        assert matrix.data.min() > 0


def test_partners_mirror(mesh: Remeshed, base: Sheet):
    ours = mesh.from_base @ base.vertices
    mirror = mesh.mirror_vertices
    np.testing.assert_array_equal(mirror[mirror], np.arange(len(mirror)))
    np.testing.assert_allclose(ours[mirror], ours * [-1, 1, 1], atol=1e-12)
    np.testing.assert_array_equal(np.abs(ours[:, 0]) < 1e-12, mirror == np.arange(len(mirror)))
    reflected = {tuple(sorted(t)) for t in mirror[mesh.triangles].tolist()}
    assert reflected == {tuple(sorted(t)) for t in mesh.triangles.tolist()}


def test_no_triangle_is_flipped_or_lost(mesh: Remeshed, base: Sheet):
    corners = (mesh.from_base @ base.vertices)[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] > 0).all()
    # seen from the front the sheet still fills its rectangle, except that its four corners may be cut
    assert 1.9 < normals[:, 2].sum() / 2 <= 2.0 + 1e-9


def test_seam_runs_from_side_to_side(mesh: Remeshed, base: Sheet):
    ours = mesh.from_base @ base.vertices
    edges = np.unique(np.sort(directed_edges(mesh.triangles), axis=1), axis=0)
    on_seam = (np.abs(ours[edges][..., 1] - SEAM_ROW / ROWS) < 1e-12).all(axis=1)
    assert np.abs(np.diff(ours[edges[on_seam]][..., 0], axis=1)).sum() == pytest.approx(2.0)


def test_texture_is_kept_on_both_sides_of_the_seam(mesh: Remeshed, base: Sheet):
    place = (mesh.from_base @ base.vertices)[mesh.triangles][..., :2]
    uv = (mesh.uv_from_base @ base.uv)[mesh.uv_triangles]
    above = place[..., 1].mean(axis=1) > SEAM_ROW / ROWS
    np.testing.assert_allclose(uv, place + np.array([3, 0]) * above[:, None, None], atol=1e-12)
    # and so no triangle lies across it
    height = place[..., 1] - SEAM_ROW / ROWS
    assert (height[above] > -1e-12).all()
    assert (height[~above] < 1e-12).all()


def test_a_finer_wish_gives_a_finer_place(base: Sheet):
    wish = np.where(base.vertices[:, 1] < 0.5, 0.08, 0.4)
    mesh = remesh_symmetric(
        base.triangles,
        base.uv_triangles,
        base.vertices,
        mirror=base.mirror,
        uv_mirror=base.uv_mirror,
        uv_count=len(base.uv),
        edge_length=wish,
        half_vertices=10,
    )
    ours = mesh.from_base @ base.vertices
    assert (ours[:, 1] < 0.5).sum() > 3 * (ours[:, 1] > 0.5).sum()
