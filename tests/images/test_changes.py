"""Something that has come into a picture, and what is known to move."""

from __future__ import annotations

import numpy as np
import pytest

from mien.images.changes import ChangesElsewhere


@pytest.fixture
def room() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(60, 200, size=(12, 16, 1)).repeat(40, 0).repeat(40, 1).repeat(3, 2).astype(np.uint8)


def noisy(image: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(scale=5, size=image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def with_square(image: np.ndarray, left: int, top: int, size: int) -> np.ndarray:
    out = image.copy()
    out[top : top + size, left : left + size] ^= 128
    return out


def test_noise_is_no_change(room):
    changes = ChangesElsewhere()
    assert changes(room, [])  # nothing was looked at yet
    changes.remember(noisy(room, 1))
    assert not changes(noisy(room, 2), [])


def test_what_comes_in_is_told_from_what_is_known_to_move(room):
    changes = ChangesElsewhere()
    changes.remember(noisy(room, 1))
    moved = noisy(with_square(room, 300, 200, 48), 2)
    assert changes(moved, [])
    assert not changes(moved, [(280, 180, 370, 270)])
    assert changes(noisy(with_square(moved, 40, 60, 48), 3), [(280, 180, 370, 270)])
