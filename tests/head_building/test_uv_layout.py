"""The skin's texture layout: one island, symmetric, nothing flipped, the face larger than the rest."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.head_building.flattening import signed_areas
from mien.head_building.mesh_disks import boundary_loops, fill_holes, polygon_edges, split_quads
from mien.head_building.texture_atlas import SKIN_TILE, TILES, in_tile, place_in_atlas
from mien.head_building.uv_layout import (
    EYE_SOCKETS,
    MOUTH_INTERIOR,
    SKIN,
    SkinLayout,
    feature_density,
    lay_out_skin,
)
from tests.head_building.cube_head import CubeHead, cube_head

FEATURES_M = np.array([[0.035, 0.02, 0.09], [-0.035, 0.02, 0.09], [0.0, -0.04, 0.09]])


@pytest.fixture(scope="module")
def head() -> CubeHead:
    return cube_head()


@pytest.fixture(scope="module")
def layout(head: CubeHead) -> SkinLayout:
    density = feature_density(head.vertices_m, FEATURES_M)
    return lay_out_skin(head.vertices_m, head.quads, head.mirror, labels=head.labels, density=density)


def test_no_triangle_is_flipped(layout: SkinLayout):
    triangles, _ = split_quads(layout.uv_quads)
    assert (layout.uv_quads >= 0).all()
    assert (signed_areas(layout.uv, triangles) > 0).all()
    assert (signed_areas(layout.uv, split_quads(np.roll(layout.uv_quads, 1, axis=1))[0]) > 0).all()


def test_islands_are_those_of_the_labels(head: CubeHead, layout: SkinLayout):
    island = layout.islands[layout.uv_quads]
    assert (island == island[:, :1]).all()
    left = head.vertices_m[head.quads, 0].mean(axis=1) > 0
    for label, expected in ((SKIN, {0}), (MOUTH_INTERIOR, {1})):
        assert set(island[head.labels == label, 0]) == expected
    assert set(island[(head.labels == EYE_SOCKETS) & left, 0]) == {2}
    assert set(island[(head.labels == EYE_SOCKETS) & ~left, 0]) == {3}


def test_symmetric_and_upright(head: CubeHead, layout: SkinLayout):
    vertex_uv = {}
    for face, uvs in zip(head.quads, layout.uv_quads, strict=True):
        for vertex, uv in zip(face, uvs, strict=True):
            vertex_uv.setdefault((int(vertex), int(layout.islands[uv])), set()).add(int(uv))
    swap = [0, 1, 3, 2]
    cut = 0
    for (vertex, island), uvs in vertex_uv.items():
        here = sorted(layout.uv[list(uvs)].tolist())
        there = sorted(
            (layout.uv[list(vertex_uv[int(head.mirror[vertex]), swap[island]])] * [-1, 1]).tolist()
        )
        np.testing.assert_allclose(here, there, atol=1e-12)
        cut += len(uvs) - 1
    assert cut == 12  # from the neck's border up the back to one before the crown, which is shared
    front = np.flatnonzero((head.labels == SKIN) & (head.vertices_m[head.quads, 2] > 0.05).all(axis=1))
    middle = layout.uv[layout.uv_quads[front]].mean(axis=1)
    place = head.vertices_m[head.quads[front]].mean(axis=1)
    assert np.corrcoef(middle[:, 0], place[:, 0])[0, 1] > 0.9
    assert np.corrcoef(middle[:, 1], place[:, 1])[0, 1] > 0.9


def test_one_island_that_does_not_cover_itself(head: CubeHead, layout: SkinLayout):
    """Its area is that within its outline less the openings, so no texel is used twice."""
    skin = layout.uv_quads[head.labels == SKIN]

    def area(loop: np.ndarray) -> float:
        x, y = layout.uv[loop].T
        return float(0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))

    loops = boundary_loops(skin)
    assert len(loops) == 4  # outline, eyes, mouth
    assert area(loops[0]) > 0
    triangles, _ = split_quads(skin)
    assert signed_areas(layout.uv, triangles).sum() == pytest.approx(sum(map(area, loops)))


def test_features_get_more_room(head: CubeHead, layout: SkinLayout):
    triangles, face = split_quads(head.quads)
    flat, _ = split_quads(layout.uv_quads)
    a, b, c = (head.vertices_m[triangles[:, k]] for k in range(3))
    lengths = np.sqrt(signed_areas(layout.uv, flat) / (np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2))
    middle = (a + b + c) / 3
    skin = head.labels[face] == SKIN
    near = skin & (np.linalg.norm(middle[:, None] - FEATURES_M, axis=2).min(axis=1) < 0.03)
    assert np.median(lengths[near]) > 1.7 * np.median(lengths[skin & (middle[:, 2] < 0)])


def test_atlas(layout: SkinLayout):
    uv = place_in_atlas(layout)
    assert uv.min() >= 0
    assert uv.max() <= 1
    skin = uv[layout.islands == 0]
    assert skin[:, 0].min() + skin[:, 0].max() == pytest.approx(1)
    assert skin[:, 1].max() == pytest.approx(SKIN_TILE[3])
    left, bottom, right, top = TILES["mouth_interior"]
    mouth = uv[layout.islands == 1]
    assert mouth[:, 0].min() >= left - 1e-9
    assert mouth[:, 0].max() <= right + 1e-9
    assert mouth[:, 1].min() >= bottom - 1e-9
    assert mouth[:, 1].max() <= top + 1e-9
    np.testing.assert_allclose(in_tile(np.array([[0.0, 0.0], [1.0, 1.0]]), "tongue").ravel(), TILES["tongue"])


def test_tiles_lie_apart():
    boxes = list(TILES.values())
    for i, (left, bottom, right, top) in enumerate(boxes):
        assert 0 < left < right < 1
        assert 0 < bottom < top < 1
        for other in boxes[i + 1 :]:
            gap = max(other[0] - right, left - other[2], other[1] - top, bottom - other[3])
            assert gap >= 4 / 1024


def test_faces_across_the_midline_are_refused(head: CubeHead):
    odd = cube_head(cells=7)
    with pytest.raises(InputError, match="midline"):
        lay_out_skin(
            odd.vertices_m, odd.quads, odd.mirror,
            labels=np.full(len(odd.quads), SKIN), density=np.ones(len(odd.vertices_m)),
        )  # fmt: skip


def test_holes_are_filled_outward(head: CubeHead):
    skin = head.quads[head.labels == SKIN]
    neck = boundary_loops(skin)[0]
    disk = fill_holes(skin, len(head.vertices_m), outer=neck[:1])
    assert len(disk.centres) == 3
    edges = {tuple(edge) for edge in polygon_edges(disk.quads).tolist()}
    assert len(edges) == len(polygon_edges(disk.quads))
    assert {(b, a) for a, b in edges} - edges == {
        (int(b), int(a)) for a, b in zip(neck, np.roll(neck, -1), strict=True)
    }
