"""Textured heads: the right texel at the right pixel, under the right light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.drawing.textured import draw_look, draw_look_sheet, turned
from mien.fitting.results import HeadFit
from mien.heads.library import load_head
from mien.heads.look import HeadLook
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.looks.atlas import atlas_of
from mien.looks.illumination import Illumination


@pytest.fixture(scope="module")
def built_in():
    return load_head()


@pytest.fixture(scope="module")
def placed(built_in):
    return replace(built_in.neutral(), root_translation_m=np.array([0.0, 0.0, -0.8]))


@pytest.fixture(scope="module")
def picture_camera():
    return Camera.from_focal(500.0, width_px=240, height_px=240, camera_from_world=np.diag([1.0, -1, -1, 1]))


def test_texels_appear_where_their_place_is(built_in, placed, picture_camera):
    """A texture that holds the surface's own x and y comes back as x and y of the pixels."""
    atlas = atlas_of(built_in, 512)
    low, high = built_in.mean_m.min(axis=0), built_in.mean_m.max(axis=0)
    place = (atlas.interpolate(built_in.mean_m) - low) / (high - low)
    look = HeadLook(np.round(255 * np.clip(place, 0, 1)).astype(np.uint8))
    image = np.zeros((240, 240, 3), np.uint8)
    drawn = draw_look(image, built_in, placed, picture_camera, look, light=Illumination.uniform())
    landmarks = built_in.landmark_set("ibug68").vertices[27:36]  # on the nose
    points_px = picture_camera.project(built_in.vertices_m(placed)[landmarks])
    for (column, row), place_m in zip(
        np.round(points_px).astype(int), built_in.mean_m[landmarks], strict=True
    ):
        found_m = low[:2] + drawn[row, column, :2] / 255 * (high - low)[:2]
        assert np.linalg.norm(found_m - place_m[:2]) < 0.005


def test_light_from_the_left_brightens_the_left(built_in, placed, picture_camera):
    coefficients = np.zeros((9, 3))
    coefficients[0], coefficients[1] = 0.6, 0.3
    look = HeadLook(np.full((64, 64, 3), 150, np.uint8))
    image = np.zeros((240, 240, 3), np.uint8)
    light = Illumination(coefficients, np.full(3, 0.6))
    drawn = draw_look(image, built_in, placed, picture_camera, look, light=light).astype(float)
    assert drawn[:, 120:].sum() > 1.1 * drawn[:, :120].sum()  # the subject's left is at the right


def test_turning_keeps_the_head_in_its_place(built_in, placed):
    seen = turned(built_in, placed, 0.5)
    joint = built_in.joints_m(placed.identity)[1]
    from mien.geometry.rotations import matrix_from_rotation_vector

    def world(parameters):
        return matrix_from_rotation_vector(parameters.root_rotation) @ joint + parameters.root_translation_m

    np.testing.assert_allclose(world(seen), world(placed), atol=1e-9)
    nose = built_in.landmark_set("ibug68").vertices[30]
    assert built_in.vertices_m(seen)[nose, 0] > built_in.vertices_m(placed)[nose, 0] + 0.02


def test_a_sheet_has_its_panels(built_in, placed, picture_camera):
    vertices = built_in.landmark_set("ibug68").vertices
    points_px = picture_camera.project(built_in.vertices_m(placed)[vertices])
    fit = HeadFit(
        parameters=placed,
        camera=picture_camera,
        landmarks=Landmarks2D(points_px, np.ones(68), "ibug68"),
        residuals_px=np.zeros((68, 2)),
        status=Status.CONVERGED,
        iterations=1,
        cost_history=(),
        head_name=built_in.name,
        head_version=built_in.version,
    )
    image = np.full((240, 240, 3), 200, np.uint8)
    look = HeadLook(np.full((64, 64, 3), 100, np.uint8))
    two = draw_look_sheet(image, built_in, fit, look, yaws_rad=(), panel_px=90)
    four = draw_look_sheet(image, built_in, fit, look, yaws_rad=(-0.5, 0.5), panel_px=90)
    assert two.shape[0] == four.shape[0] == 90
    panel = (two.shape[1] - 6) // 2
    assert four.shape[1] == 4 * panel + 18
    assert (two[:, :panel] == 200).all()  # the picture itself
    assert not (two[:, panel + 6 :] == 200).all()
