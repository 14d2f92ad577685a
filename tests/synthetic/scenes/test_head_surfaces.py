"""Textures and normals of the head's own surfaces in pictures."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.closest_points import closest_on_surface
from mien.geometry.normals import vertex_normals
from mien.head_building.brows import LAYERS_M
from mien.heads.library import load_head
from mien.synthetic.scenes.head_surfaces import CorneaNormals, DrapedBrows, drawing_uv
from mien.synthetic.scenes.label_maps import triangles_of

EYES = {"left_eye": 2, "right_eye": 3}
"""Parts and their joints."""


def members(name: str) -> np.ndarray:
    head = load_head()
    used = np.isin(np.arange(head.vertex_count), head.triangles)
    return np.flatnonzero(used & (head.vertex_parts == head.part_names.index(name)))


def test_eyes_are_textured_by_the_angle_from_the_line_of_sight():
    head = load_head()
    places = np.zeros((len(head.triangles), 3, 2))
    uv = drawing_uv(head, places)
    for eye, joint in EYES.items():
        chosen = np.isin(head.triangles[:, 0], members(eye))
        angle = 2 * np.pi * np.linalg.norm(uv[chosen] - 0.5, axis=2)
        away_m = head.mean_m[head.triangles[chosen]] - head.joints_mean_m[joint]
        across_m = np.linalg.norm(away_m[..., :2], axis=2)
        behind = (away_m[..., 2] < 0.0095) & (away_m[..., 2] > -0.0115)  # the white, but for its back pole
        expected = np.arctan2(across_m, away_m[..., 2])
        np.testing.assert_allclose(angle[behind], expected[behind], atol=0.03)
        front = away_m[..., 2] > 0.0099  # iris and pupil: as far out as seen from the front
        np.testing.assert_allclose(angle[front], across_m[front] / 0.0115, atol=0.02)


def test_skin_and_insides_take_the_skin_pictures_places():
    head = load_head()
    places = np.random.default_rng(0).random((len(head.triangles), 3, 2))
    uv = drawing_uv(head, places)
    for key in ("skin", "interior"):
        chosen = triangles_of(head, key)
        np.testing.assert_array_equal(uv[chosen], places[chosen])
    brows = triangles_of(head, "brows")
    np.testing.assert_array_equal(uv[brows], head.uv[head.uv_triangles][brows])


def test_irises_shine_as_the_corneas_before_them():
    head = load_head()
    normals = vertex_normals(head.mean_m, head.triangles)
    lent = CorneaNormals(head).lent(normals)
    np.testing.assert_allclose(np.linalg.norm(lent, axis=1), 1, atol=1e-9)
    changed = np.flatnonzero((lent != normals).any(axis=1))
    assert set(changed) <= {*members("left_eye"), *members("right_eye")}
    for eye, joint in EYES.items():
        own = np.intersect1d(changed, members(eye))
        away_m = head.mean_m[own] - head.joints_mean_m[joint]
        assert away_m[:, 2].min() > 0.009  # in front
        across_m = np.linalg.norm(away_m[:, :2], axis=1)
        # A cornea is a cap with a radius of curvature of about 8 mm, steeper than the ball of 12 mm.
        slope = np.linalg.norm(lent[own, :2], axis=1)
        inner = (across_m > 0.002) & (across_m < 0.005)
        np.testing.assert_allclose(slope[inner], across_m[inner] / 0.0080, atol=0.12)


@pytest.mark.parametrize("seed", [0, 1])
def test_draped_brows_lie_on_the_skin_of_unlikely_people(seed: int):
    head = load_head()
    rng = np.random.default_rng(seed)
    identity = 1.5 * rng.normal(size=head.identity_count)
    vertices_m = head.rest_vertices_m(identity, np.zeros(head.expression_count))
    placed_m = DrapedBrows(head).place(vertices_m, vertex_normals(vertices_m, head.triangles))
    brows, skin = members("brows"), head.triangles[triangles_of(head, "skin")]
    away_m = closest_on_surface(placed_m[brows], vertices_m, skin).distances_m
    assert away_m.max() < LAYERS_M[1] + 1e-5
    assert away_m.min() > 0.4 * LAYERS_M[0]
    others = np.delete(np.arange(head.vertex_count), brows)
    np.testing.assert_array_equal(placed_m[others], vertices_m[others])
    # and not far from where the head has them
    assert np.linalg.norm(placed_m - vertices_m, axis=1).max() < 0.008
