"""Levels of the search pyramid: sizes, and the way back to the picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mien.landmarks.pyramid import STRIDE_PX, PyramidConfig, levels, scales, shrunk
from mien.landmarks.region import Region


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 40), (111, 138), (640, 480), (5472, 3648)])
def test_scales_fall_and_are_bounded(width, height):
    config = PyramidConfig()
    chosen = scales(width, height, config)
    assert all(np.isclose(b / a, config.factor) for a, b in pairwise(chosen))
    assert chosen[0] <= config.finest_scale
    assert chosen[0] ** 2 * width * height <= config.max_pixels * 1.001
    if len(chosen) > 1:
        assert chosen[-1] * min(width, height) >= config.shortest_side_px
    assert chosen[-1] * config.factor * min(width, height) < config.shortest_side_px


def test_every_size_from_small_to_the_whole_picture_falls_into_the_networks_range():
    chosen = scales(1280, 720, PyramidConfig())
    for side_px in np.geomspace(64, 1.8 * 720, 40):
        assert any(34 <= side_px * scale <= 94 for scale in chosen), side_px


@pytest.mark.parametrize("shape", [(100, 141), (333, 250), (16, 16)])
def test_levels_map_back_onto_the_picture(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    target_px = np.array([shape[1] * 0.7, shape[0] * 0.4])
    spot = np.exp(-((columns - target_px[0]) ** 2 + (rows - target_px[1]) ** 2) / (2 * (shape[0] / 12) ** 2))
    image = np.repeat(np.uint8(255 * spot)[..., None], 3, axis=2)
    config = PyramidConfig()
    for level in levels(image, config):
        assert level.image.shape[0] % STRIDE_PX == level.image.shape[1] % STRIDE_PX == 0
        grey = level.image[..., 0].astype(float)
        y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
        found = Region(np.array([(grey * x).sum(), (grey * y).sum()]) / grey.sum(), 10.0, 0.3)
        back = level.to_picture(found)
        assert np.allclose(back.center_px, target_px, atol=0.6)
        assert back.roll_rad == 0.3
        assert back.side_px == pytest.approx(10 / level.scale.mean(), rel=0.02)


@pytest.mark.parametrize("size", [(300, 200), (180, 120), (181, 120), (90, 60)])
def test_shrinking_keeps_means_and_places(size):
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (10, 15, 3), np.uint8)
    picture = np.kron(coarse, np.ones((40, 40, 1), np.uint8)).astype(np.uint8)
    small = shrunk(picture, size)
    assert small.shape == (size[1], size[0], 3)
    assert np.allclose(small.mean(axis=(0, 1)), picture.mean(axis=(0, 1)), atol=1)
    for row in range(10):
        for column in range(15):
            place = round((row + 0.5) * size[1] / 10 - 0.5), round((column + 0.5) * size[0] / 15 - 0.5)
            assert np.abs(small[place].astype(int) - coarse[row, column]).max() <= 2
