"""Cuts are seen in bright and in dark pictures; motion and flashes are none."""

from __future__ import annotations

import numpy as np
import pytest

from mien.images.cuts import CutDetector


def scene(seed: int, level: float = 1.0) -> np.ndarray:
    blocks = np.random.default_rng(seed).uniform(0, 200, (9, 16, 3))
    return (level * np.kron(blocks, np.ones((30, 30, 1)))).astype(np.uint8)


@pytest.mark.parametrize("level", [1.0, 0.15])
def test_another_scene_is_a_cut(level):
    cuts = CutDetector()
    assert [cuts(scene(0, level)), cuts(scene(0, level)), cuts(scene(1, level))] == [False, False, True]


def test_pan_flash_and_noise_are_no_cuts():
    rng = np.random.default_rng(0)
    cuts = CutDetector()
    cuts(scene(0))
    assert not cuts(np.roll(scene(0), 6, axis=1))
    assert not cuts(np.clip(np.roll(scene(0), 6, axis=1).astype(int) + 40, 0, 255).astype(np.uint8))
    black = CutDetector()
    noisy = [rng.integers(0, 3, (270, 480, 3)).astype(np.uint8) for _ in range(2)]
    assert not any(black(picture) for picture in noisy)


def test_another_size_is_a_cut():
    cuts = CutDetector()
    cuts(scene(0))
    assert cuts(scene(0)[:135])
