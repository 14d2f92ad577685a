"""Focal lengths of pictures that were cut and scaled after their EXIF data were written."""

from __future__ import annotations

import math

import pytest
from PIL import Image

from mien.images.exif import FULL_FRAME_DIAGONAL_MM, FocalLengths, focal_lengths_of

FOCAL_PX = 38 / FULL_FRAME_DIAGONAL_MM * math.hypot(800, 600)
"""Of 38 mm in 800 × 600 pixels."""


def picture(size: tuple[int, int], *, equivalent: int, stated: tuple[int, int] | None) -> Image.Image:
    made = Image.new("RGB", size)
    folder = made.getexif().get_ifd(0x8769)
    folder[0xA405] = equivalent
    if stated is not None:
        folder[0xA002], folder[0xA003] = stated
    return made


def values(found: FocalLengths) -> tuple[float | None, float | None]:
    return found.whole_px, found.part_px


@pytest.mark.parametrize("stated", [None, (800, 600), (600, 800), (801, 600)])
def test_a_whole_picture(stated):
    found = focal_lengths_of(picture((800, 600), equivalent=38, stated=stated))
    assert values(found) == (pytest.approx(FOCAL_PX), None)
    assert found.uncut == (stated is not None)


def test_a_part_of_another_shape():
    found = focal_lengths_of(picture((200, 250), equivalent=38, stated=(800, 600)))
    assert values(found) == (None, pytest.approx(FOCAL_PX))


def test_a_part_of_the_same_shape_may_have_been_scaled():
    found = focal_lengths_of(picture((400, 300), equivalent=38, stated=(800, 600)))
    assert values(found) == (pytest.approx(FOCAL_PX / 2), pytest.approx(FOCAL_PX))


def test_an_enlarged_picture_is_no_part():
    found = focal_lengths_of(picture((1600, 1200), equivalent=38, stated=(800, 600)))
    assert values(found) == (pytest.approx(2 * FOCAL_PX), None)


@pytest.mark.parametrize("equivalent", [0, 1, 4, 2000, 65535])
@pytest.mark.parametrize("stated", [None, (1600, 1200)])
def test_lenses_that_nobody_has(equivalent, stated):
    assert focal_lengths_of(picture((800, 600), equivalent=equivalent, stated=stated)) == FocalLengths()
