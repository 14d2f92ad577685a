"""Regions: exact inverses, the roll's sign, antialiased crops in the pixel-centre convention."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.landmarks.region import Region, region_around

REGIONS = [
    Region(np.array([63.5, 40.0]), 80.0, 0.0),
    Region(np.array([10.0, 90.25]), 33.3, 0.7),
    Region(np.array([200.0, -5.0]), 500.0, -2.4),
]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("size", [1, 64, 128])
def test_to_picture_inverts_to_crop(region, size):
    points_px = np.random.default_rng(0).normal(100, 80, (50, 2))
    assert np.allclose(region.to_picture(region.to_crop(points_px, size), size), points_px, atol=1e-9)
    assert np.allclose(region.network_to_picture(region.picture_to_network(points_px)), points_px, atol=1e-9)


def test_network_corners_are_the_outer_edges_of_the_crop():
    region = REGIONS[1]
    edges_crop_px = region.to_crop(region.network_to_picture(np.array([[-1.0, -1.0], [1.0, 1.0]])), 128)
    assert np.allclose(edges_crop_px, [[-0.5, -0.5], [127.5, 127.5]])


def test_whole_picture_region_is_the_identity():
    region = Region(np.array([31.5, 31.5]), 64.0)
    points_px = np.array([[0.0, 0.0], [63.0, 5.0]])
    assert np.allclose(region.to_crop(points_px, 64), points_px)
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(region.crop(image, 64), image)


def test_positive_roll_turns_up_clockwise():
    region = Region(np.array([50.0, 50.0]), 20.0, np.pi / 2)
    # clockwise by a quarter turn, up becomes the picture's right
    assert np.allclose(region.network_to_picture(np.array([0.0, -1.0])), [60.0, 50.0])


def test_rolled_face_is_upright_in_the_crop():
    image = np.zeros((101, 101, 3), np.uint8)
    image[48:53, 78:83] = (255, 0, 0)  # what lies to the right of the centre …
    crop = Region(np.array([50.0, 50.0]), 80.0, np.pi / 2).crop(image, 40)
    rows, columns = np.nonzero(crop[..., 0] > 128)
    assert rows.mean() < 10  # … is at the top of the crop
    assert abs(columns.mean() - 19.5) < 1
    assert not crop[..., 1:].any()


@pytest.mark.parametrize("side_px", [64.0, 100.0, 150.0, 300.0, 777.0])
@pytest.mark.parametrize("roll_rad", [0.0, 0.6])
def test_crop_shows_things_where_to_crop_says(side_px, roll_rad):
    """A soft spot far from the centre lands where its coordinates are mapped to, whatever the shrinking."""
    rows, columns = np.mgrid[:900, :901]
    region = Region(np.array([450.3, 441.7]), side_px, roll_rad)
    spot_px = region.network_to_picture(np.array([0.55, -0.4]))
    width_px = side_px / 20
    spot = np.exp(-((columns - spot_px[0]) ** 2 + (rows - spot_px[1]) ** 2) / (2 * width_px**2))
    image = np.repeat(np.uint8(np.rint(255 * spot))[..., None], 3, axis=2)
    crop = region.crop(image, 64)[..., 0].astype(float)
    crop_rows, crop_columns = np.mgrid[:64, :64]
    found = np.array([(crop * crop_columns).sum(), (crop * crop_rows).sum()]) / crop.sum()
    assert np.allclose(found, region.to_crop(spot_px, 64), atol=0.06)


def test_shrinking_averages_instead_of_skipping():
    rows, columns = np.mgrid[:600, :600]
    checkers = np.uint8(255 * ((rows + columns) % 2))
    crop = Region(np.array([299.5, 299.5]), 400.0, 0.3).crop(np.repeat(checkers[..., None], 3, 2), 64)
    assert np.all(np.abs(crop.astype(int) - 127) < 20)


@pytest.mark.parametrize("size", [4, 20, 60])
def test_colors_are_kept_and_edges_go_on_outside(size: int):
    image = np.full((40, 40, 3), (200, 100, 50), np.uint8)
    image[:, :20] = (20, 30, 40)
    crop = Region(np.array([19.5, 19.5]), 80.0).crop(image, size)
    assert np.array_equal(crop[size // 2, -1], (200, 100, 50))
    assert np.array_equal(crop[size // 2, 0], (20, 30, 40))
    for far_px, color in ((1e4, (200, 100, 50)), (-1e4, (20, 30, 40))):
        assert (Region(np.array([far_px, far_px]), 900.0).crop(image, size) == color).all()


def test_region_around_points():
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle_px = np.array([30.0, 70.0]) + 10 * np.column_stack([np.cos(angles), np.sin(angles)])
    region = region_around(circle_px, up_px=np.array([1.0, -1.0]))
    assert np.allclose(region.center_px, [30, 70])
    assert region.side_px == pytest.approx(44)
    assert region.roll_rad == pytest.approx(np.pi / 4)


def test_scaled_picture_keeps_the_edges_aligned():
    region = Region(np.array([9.5, 9.5]), 20.0, 0.2).in_scaled_picture(0.5)
    assert np.allclose(region.center_px, [4.5, 4.5])
    assert region.side_px == 10


def test_impossible_regions_are_refused():
    with pytest.raises(InputError):
        Region(np.array([0.0, 0.0]), -1.0)
    with pytest.raises(InputError):
        region_around(np.full((3, 2), np.nan), up_px=np.array([0.0, -1.0]))
