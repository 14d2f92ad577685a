"""The rasteriser against brute force, and its handling of orientation, depth and shared edges."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.rasterization import rasterize


def _brute_force(points_px, depth_m, triangles, width_px, height_px):
    nearest, winner = np.zeros((height_px, width_px)), np.full((height_px, width_px), -1)
    rows, columns = np.mgrid[:height_px, :width_px]
    for index, triangle in enumerate(triangles):
        (ax, ay), (bx, by), (cx, cy) = points_px[triangle]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:
            continue
        b = ((columns - ax) * (cy - ay) - (rows - ay) * (cx - ax)) / area
        c = ((rows - ay) * (bx - ax) - (columns - ax) * (by - ay)) / area
        inside = (b >= 0) & (c >= 0) & (b + c <= 1)
        za, zb, zc = 1 / depth_m[triangle]
        nearness = (1 - b - c) * za + b * zb + c * zc
        front = inside & (nearness > nearest)
        nearest[front], winner[front] = nearness[front], index
    return winner


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_brute_force(seed):
    rng = np.random.default_rng(seed)
    points_px = rng.uniform(-20, 90, (60, 2))  # irrational corners: no centre lies on an edge
    depth_m = rng.uniform(0.5, 2, 60)
    triangles = rng.permutation(60).reshape(-1, 3)
    raster = rasterize(points_px, depth_m, triangles, width_px=70, height_px=50)
    np.testing.assert_array_equal(raster.triangle, _brute_force(points_px, depth_m, triangles, 70, 50))


def test_interpolation_reproduces_the_pixels_own_position():
    rng = np.random.default_rng(3)
    points_px, triangles = rng.uniform(0, 60, (30, 2)), rng.permutation(30).reshape(-1, 3)
    raster = rasterize(points_px, np.ones(30), triangles, width_px=60, height_px=60)
    expected_px = np.stack([raster.columns, raster.rows], axis=1)
    np.testing.assert_allclose(raster.interpolate(points_px, triangles), expected_px, atol=1e-8)


def test_a_square_of_two_triangles_covers_each_pixel_once():
    # corners on pixel centres: the left and upper edges belong to the square, the others to its neighbours
    points_px = np.array([[2.0, 2], [6, 2], [6, 6], [2, 6]])
    triangles = np.array([[0, 2, 1], [0, 3, 2]])
    raster = rasterize(points_px, np.ones(4), triangles, width_px=10, height_px=10)
    covered = np.zeros((10, 10), bool)
    covered[2:6, 2:6] = True
    np.testing.assert_array_equal(raster.triangle >= 0, covered)


def test_back_faces_and_points_behind_the_camera_are_left_out():
    points_px, triangle = np.array([[1.0, 1], [8, 1], [1, 8]]), np.array([[0, 2, 1]])
    size = {"width_px": 10, "height_px": 10}
    assert (rasterize(points_px, np.ones(3), triangle, **size).triangle >= 0).any()
    assert not (rasterize(points_px, np.ones(3), triangle[:, ::-1], **size).triangle >= 0).any()
    assert not (rasterize(points_px, np.array([1.0, 1, -1]), triangle, **size).triangle >= 0).any()
    points_px[1] = np.nan
    assert not (rasterize(points_px, np.ones(3), triangle, **size).triangle >= 0).any()
    assert not (rasterize(points_px, np.ones(3), triangle[:0], **size).triangle >= 0).any()
