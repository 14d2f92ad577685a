"""Cards in layers: nearer ones over farther ones, from both sides, behind nothing opaque."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.drawing.cards import draw_cards
from mien.geometry.rasterization import all_fragments, rasterize
from mien.looks.colors import linear_from_srgb
from tests.toy_head import toy_head

CAMERA = Camera.from_focal(100.0, width_px=40, height_px=40, camera_from_world=np.diag([1.0, -1, -1, 1]))


def sheets(*layers: tuple[float, bool]):
    """A head of square cards at depths, each with its own quarter of the picture; some seen from the back."""
    vertices, triangles, uv = [], [], []
    for number, (depth_m, back) in enumerate(layers):
        first = 4 * number
        vertices += [[x, y, -depth_m] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        halves = [[0, 1, 2], [0, 2, 3]]
        triangles += [[first + k for k in (half[::-1] if back else half)] for half in halves]
        uv += [[0.125 + 0.25 * number, 0.5]] * 4
    count = len(vertices)
    toy = replace(
        toy_head(),
        mean_m=np.array(vertices),
        triangles=np.array(triangles),
        identity_basis_m=np.zeros((1, count, 3)),
        expression_basis_m=np.zeros((0, count, 3)),
        expression_names=(),
        joints_identity_m=np.zeros((1, 4, 3)),
        skinning_weights=np.zeros((count, 4)),
        mirror_vertices=np.arange(count),
        identity_mixture=None,
        uv=np.array(uv),
        uv_triangles=np.array(triangles),
        part_names=("hair",),
        vertex_parts=np.zeros(count, int),
    )
    return toy, np.array(vertices)


def drawn(head, vertices_m, cards, farthest_m=np.inf):
    image = np.zeros((40, 40, 3), np.uint8)
    shade = np.ones((len(vertices_m), 3))
    draw_cards(image, head, vertices_m, CAMERA, cards, shade=shade, farthest_m=np.full((40, 40), farthest_m))
    return linear_from_srgb(image)


def quarters(*colors: tuple[int, int, int, int]) -> np.ndarray:
    return np.repeat(np.array(colors, np.uint8)[None], 4, axis=0).repeat(8, axis=1)


@pytest.fixture
def cards():
    return quarters((255, 0, 0, 255), (0, 255, 0, 127), (0, 0, 255, 255), (0, 0, 0, 0))


def test_the_nearer_covers_the_farther(cards):
    far_first = drawn(*sheets((2.0, False), (1.0, False), (3.0, False)), cards)
    np.testing.assert_allclose(far_first[20, 20], [0.502, 0.498, 0], atol=0.01)  # green over red, blue hidden
    near_first = drawn(*sheets((1.0, False), (2.0, False), (3.0, False)), cards)
    np.testing.assert_allclose(near_first[20, 20], [1, 0, 0], atol=0.01)


def test_backs_are_seen_too(cards):
    shown = drawn(*sheets((2.0, True), (1.0, True), (3.0, False)), cards)
    np.testing.assert_allclose(shown[20, 20], [0.502, 0.498, 0], atol=0.01)


def test_nothing_is_seen_behind_what_is_opaque(cards):
    assert drawn(*sheets((2.0, False)), cards, farthest_m=1.9).max() == 0
    assert drawn(*sheets((2.0, False)), cards, farthest_m=2.1).max() == 1


def test_fragments_hold_what_a_rasteriser_sees():
    rng = np.random.default_rng(0)
    points_px, depth_m = rng.uniform(0, 30, (24, 2)), rng.uniform(1, 2, 24)
    triangles = rng.permuted(np.tile(np.arange(24), (12, 1)), axis=1)[:, :3]
    found = all_fragments(points_px, depth_m, triangles, farthest_m=np.full((30, 30), np.inf))
    both_ways = np.concatenate([triangles, triangles[:, ::-1]])
    raster = rasterize(points_px, depth_m, both_ways, width_px=30, height_px=30)
    nearest = np.full(900, -1)
    order = np.argsort(found.nearness)
    nearest[found.pixels[order]] = found.triangles[order]
    expected = raster.triangle.ravel()
    np.testing.assert_array_equal(nearest, np.where(expected >= 0, expected % 12, -1))
