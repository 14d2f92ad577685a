"""Bars of one colour around a picture are none of it."""

from __future__ import annotations

import numpy as np
import pytest

from mien.images.borders import Content, content_of


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.mark.parametrize("color", [0, 90, 255])
@pytest.mark.parametrize("sides", [(0, 0, 0, 0), (20, 20, 0, 0), (0, 0, 30, 30), (5, 9, 100, 0)])
def test_bars_are_left_out(picture, color, sides):
    top, bottom, left, right = sides
    barred = np.pad(picture, ((top, bottom), (left, right), (0, 0)), constant_values=color)
    noise = np.random.default_rng(1).integers(-2, 3, barred.shape)
    barred = np.clip(barred.astype(int) + noise, 0, 255).astype(np.uint8)
    assert content_of(barred) == Content(left, top, 80, 60)


def test_a_plain_picture_is_all_picture():
    assert content_of(np.zeros((40, 50, 3), np.uint8)) == Content(0, 0, 50, 40)


def test_an_edge_that_is_darker_on_one_side_is_picture(picture):
    picture[0] = np.linspace(0, 200, 80)[:, None]
    assert content_of(picture) == Content(0, 0, 80, 60)
