"""sRGB tables and skin tones."""

from __future__ import annotations

import numpy as np
import pytest

from mien.looks.colors import linear_from_srgb, srgb_from_linear
from mien.looks.skin_tones import split_tone_and_light, tone_of


def test_srgb_survives_the_way_to_linear_light_and_back():
    values = np.arange(256, dtype=np.uint8)
    difference = srgb_from_linear(linear_from_srgb(values)).astype(int) - values
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("level", [0.05, 0.12, 0.3, 0.38])
def test_skin_in_plain_light_keeps_its_tone(level):
    tone, light = split_tone_and_light(0.9 * tone_of(level))
    np.testing.assert_allclose(tone * light, 0.9 * tone_of(level))
    assert np.abs(np.log(tone / tone_of(level))).max() < 0.15


def test_whites_of_the_eyes_tell_dim_light_from_dark_skin():
    dim = np.full(3, 0.35)
    seen = dim * tone_of(0.35)
    unaided, _ = split_tone_and_light(seen)
    aided, _ = split_tone_and_light(seen, dim)
    wrong_before = np.abs(np.log(unaided / tone_of(0.35))).max()
    assert np.abs(np.log(aided / tone_of(0.35))).max() < 0.7 * wrong_before


def test_coloured_light_is_taken_for_light():
    blue = np.array([0.8, 0.9, 1.2])
    tone, light = split_tone_and_light(blue * tone_of(0.3))
    assert light[2] / light[0] > 1.1
    assert tone[2] < tone[1] < tone[0]
