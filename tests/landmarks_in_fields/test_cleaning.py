"""Solid and hollow, clean and foggy fields give the same volumes, in any unit; boxes and axes are right."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.errors import ShapeError
from mien.fields.grid_field import GridField
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.landmarks_in_fields.boxes import Box, BoxSizes, fine_boxes, relative_places
from mien.landmarks_in_fields.canonical import CleaningConfig, clean_field, sealed_depth
from mien.landmarks_in_fields.coarse_search import cube_rotations, turned_volume
from tests.landmarks_in_fields.known_fields import BlobField, MovedField

CONFIG = CleaningConfig(voxels=40)
BOX = Box(np.array([0.03, 0.0, 0.0]), 0.16, np.eye(3))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize(
    "other",
    [BlobField(thickness_m=0.03), BlobField(fog=3.0), BlobField(floater=True)],
    ids=["hollow", "foggy", "floater"],
)
def test_all_kinds_of_fields_look_alike(other):
    solid, cleaned = clean_field(BlobField(), CONFIG), clean_field(other, CONFIG)
    assert overlap(solid.solid, cleaned.solid) == 1.0
    torch.testing.assert_close(cleaned.overview(BOX, 12)[3], solid.overview(BOX, 12)[3])
    torch.testing.assert_close(cleaned.detail(BOX, 12)[3], solid.detail(BOX, 12)[3], atol=0.26, rtol=0)
    assert (cleaned.detail(BOX, 12)[3] - solid.detail(BOX, 12)[3]).abs().mean() < 0.01


def test_a_shell_with_small_holes_has_an_inside():
    x, y, z = np.mgrid[:60, :60, :60] - 30.0
    radius = np.sqrt(x**2 + y**2 + z**2)
    shell = (radius < 20) & (radius > 17)
    holes = shell & (np.hypot(x, y) > 1.5) & (np.hypot(y - 8, z) > 1.5)  # two pin holes
    depth = sealed_depth(holes, reach=3)
    np.testing.assert_array_equal(depth[radius > 21] <= 0, True)
    inside = radius < 19
    np.testing.assert_allclose(depth[inside], 20 - radius[inside], atol=1.6)
    wide = shell & (np.hypot(x, y) > 7)  # nothing wide is sealed: the flood runs in
    assert (sealed_depth(wide, reach=3)[radius < 8] <= 0).all()


def test_without_cleaning_a_hollow_field_is_hollow_and_floaters_stay():
    plain = CleaningConfig(voxels=40, clean=False)
    solid = clean_field(BlobField(), CONFIG)
    assert overlap(solid.solid, clean_field(BlobField(thickness_m=0.03), plain).solid) < 0.9
    assert clean_field(BlobField(floater=True), plain).solid.sum() > solid.solid.sum() + 5


@pytest.mark.parametrize("unit", [1000.0, 20.0, 0.05])
def test_the_unit_of_length_does_not_matter(unit):
    metres, other = clean_field(BlobField(), CONFIG), clean_field(BlobField(unit=unit), CONFIG)
    assert overlap(metres.solid, other.solid) > 0.995
    assert other.radius_m == pytest.approx(metres.radius_m * unit, rel=2e-3)
    box = Box(BOX.centre_m * unit, BOX.half_side_m * unit, BOX.field_from_box)
    assert (metres.detail(BOX, 12) - other.detail(box, 12)).abs().mean() < 2e-3


def test_axes_of_volumes_are_x_y_z_and_colors_are_where_they_belong():
    clean = clean_field(BlobField(), CleaningConfig(voxels=40, skin=9.0))
    for volume in (clean.overview(BOX, 16), clean.detail(BOX, 16)):
        x = int((0.12 - BOX.centre_m[0]) / BOX.half_side_m * 8 + 8)  # the small ball
        y = int(0.05 / BOX.half_side_m * 8 + 8)
        assert (x, y) == (12, 10)
        assert volume[3, 13, 10, 8] > 0.9
        assert volume[3, 10, 13, 8] < 0.1
        assert volume[0, x + 1, y + 1, 8] > 0.5  # red beyond x = 0.08
        assert volume[0, 2, 8, 8] == 0
        green = volume[1].sum(dim=(0, 2))
        assert green[9:].sum() > 20 * green[:7].sum()
        blue = volume[2].sum(dim=(0, 1))
        assert blue[9:].sum() > 20 * blue[:7].sum()


def test_inner_colors_are_cleared_and_colors_never_exceed_occupancy():
    clean = clean_field(BlobField(), CleaningConfig(voxels=40, skin=0.1))
    for volume in (clean.overview(BOX, 16), clean.detail(BOX, 16)):
        centre = int((0 - BOX.centre_m[0]) / BOX.half_side_m * 8 + 8)
        assert volume[3, centre, 8, 8] == 1
        assert (volume[:3, centre, 7:9, 7:9] < 1e-6).all()
        assert (volume[:3] <= volume[3:] + 1e-5).all()


def test_a_cube_turned_24_ways_is_what_turned_boxes_see():
    clean = clean_field(BlobField(), CONFIG)
    seen = clean.overview(BOX, 10)
    turns = cube_rotations()
    assert len({turn.tobytes() for turn in turns}) == 24
    for turn in turns:
        box = Box(BOX.centre_m, BOX.half_side_m, turn)
        torch.testing.assert_close(turned_volume(seen, turn), clean.overview(box, 10), atol=1e-5, rtol=0)


def test_a_moved_field_is_seen_alike_by_a_moved_box():
    turn = matrix_from_rotation_vector(np.array([0.3, -0.5, 0.2]))
    moved = MovedField(BlobField(), turn, 3.0, (1.0, -2.0, 0.5))
    here, there = (
        clean_field(BlobField(), CONFIG),
        clean_field(moved, CleaningConfig(voxels=56, reference=90)),
    )
    box = Box(3.0 * turn @ BOX.centre_m + [1.0, -2.0, 0.5], 3.0 * BOX.half_side_m, turn)
    assert (here.detail(BOX, 12)[3] - there.detail(box, 12)[3]).abs().mean() < 0.02
    np.testing.assert_allclose(there.centre_m, 3 * turn @ here.centre_m + [1.0, -2.0, 0.5], atol=0.02)


def test_boxes_turn_points_there_and_back():
    box = Box(np.array([1.0, 2.0, 3.0]), 0.5, matrix_from_rotation_vector(np.array([0.1, 0.7, -0.3])))
    points = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(box.from_field(box.to_field(points)), points, atol=1e-12)
    grid = box.from_field(box.grid_m(3)).reshape(3, 3, 3, 3)
    np.testing.assert_allclose(grid[2, 0, 1], [2 / 3, -2 / 3, 0], atol=1e-12)


def test_fine_boxes_follow_the_head():
    rng = np.random.default_rng(1)
    points, turn = rng.normal(size=(68, 3)) * 0.04, matrix_from_rotation_vector(np.array([0.2, 0.4, 0.1]))
    moved = 2.5 * points @ turn.T + [1, 2, 3]
    for box, other in zip(
        fine_boxes(points, np.eye(3), BoxSizes()), fine_boxes(moved, turn, BoxSizes()), strict=True
    ):
        np.testing.assert_allclose(other.centre_m, 2.5 * turn @ box.centre_m + [1, 2, 3], atol=1e-12)
        assert other.half_side_m == pytest.approx(2.5 * box.half_side_m)


def test_places_tell_where_points_of_a_box_lie_in_the_first():
    rng = np.random.default_rng(2)
    boxes = fine_boxes(rng.normal(size=(68, 3)) * 0.04, np.eye(3), BoxSizes())
    places, points = relative_places(boxes), rng.normal(size=(5, 3))
    for box, place in zip(boxes, places, strict=True):
        np.testing.assert_allclose(boxes[0].from_field(box.to_field(points)), place[:3] + place[3] * points)


def test_empty_fields_have_no_centre():
    empty = GridField(np.zeros((8, 8, 8, 4), np.float32), np.array([[0.0, 0, 0], [1, 1, 1]]))
    assert np.isnan(clean_field(empty, CONFIG).radius_m)


def test_grids_of_another_shape_are_refused():
    with pytest.raises(ShapeError):
        GridField(np.zeros((8, 8, 8, 3), np.float32), np.array([[0.0, 0, 0], [1, 1, 1]]))
