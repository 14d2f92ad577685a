"""Lash cards: from the lids' margins forwards, and down with a lid that shuts."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import ShapeError
from mien.head_building.card_pictures import CARD_TILES
from mien.head_building.lashes import LashesMesh, LidMargins, build_lashes
from tests.head_building.part_checks import assert_manifold, assert_symmetric

RADIUS_M = 0.0125
LENGTH = 11


def lids(upper_rad: float = 0.35, lower_rad: float = -0.3) -> np.ndarray:
    """Lids of both eyes as lines on a ball: margins and lines 4 mm further away, left eye first."""
    turn = np.linspace(-1.1, 1.1, LENGTH)
    closing = np.cos(turn * np.pi / 2.2)  # corners stay

    def line(rise_rad: float, radius_m: float) -> np.ndarray:
        up = rise_rad * closing
        flat = np.stack([np.sin(turn), np.sin(up), np.cos(turn) * np.cos(up)], axis=1)
        return radius_m * flat + [0.03, 0.0, 0.1]

    margin_upper, margin_lower = line(upper_rad, RADIUS_M), line(lower_rad, RADIUS_M)
    left = np.concatenate(
        [
            margin_upper,
            margin_upper + [0, 0.004, 0.0005],
            margin_lower,
            margin_lower - [0, 0.004, 0.0005],
        ]
    )
    return np.concatenate([left, left * [-1, 1, 1]])


MIRROR = np.roll(np.arange(8 * LENGTH), 4 * LENGTH)
MARGINS = LidMargins(*np.arange(4 * LENGTH).reshape(4, LENGTH))


@pytest.fixture(scope="module")
def lashes() -> LashesMesh:
    return build_lashes(lids(), MIRROR, MARGINS)


def upper_left(lashes: LashesMesh) -> np.ndarray:
    """(columns, rows) vertices of the left upper lid's strip."""
    return np.arange(17 * 4).reshape(17, 4)


def test_symmetric_strips(lashes: LashesMesh):
    assert_manifold(lashes.mesh.quads)
    assert_symmetric(lashes.mesh)
    assert len(lashes.mesh.vertices) == 214
    v = lashes.mesh.uv[:, 1]
    assert v.max() == pytest.approx(CARD_TILES["upper_lashes"][3])
    assert v.min() == pytest.approx(CARD_TILES["lower_lashes"][1])


def test_roots_lie_on_the_margin_and_tips_in_front(lashes: LashesMesh):
    strip = lashes.mesh.vertices[upper_left(lashes)]
    margin = lids()[:LENGTH]
    steps = np.linspace(0, LENGTH - 1, 2001)
    fine = np.stack([np.interp(steps, np.arange(LENGTH), margin[:, c]) for c in range(3)], axis=1)
    gap = np.linalg.norm(strip[:, 0][:, None] - fine[None], axis=2).min(axis=1)
    assert gap.max() < 1e-4
    assert (strip[:, -1, 2] > strip[:, 0, 2]).all()
    lengths = np.linalg.norm(np.diff(strip, axis=1), axis=2).sum(axis=1)
    assert lengths.min() > 0.007
    assert lengths.max() < 0.012
    middle = strip[8]
    assert middle[-1, 1] > middle[0, 1] + 0.002  # open eyes: they curl up


def test_they_follow_the_skin(lashes: LashesMesh):
    np.testing.assert_allclose(lashes.binding.place(lids()), lashes.mesh.vertices, atol=1e-12)
    moved = lashes.binding.place(lids() + [0.01, -0.02, 0.03])
    np.testing.assert_allclose(moved, lashes.mesh.vertices + [0.01, -0.02, 0.03], atol=1e-12)


def test_a_shut_lid_points_its_lashes_down(lashes: LashesMesh):
    shut = lids(upper_rad=-0.28)
    placed = lashes.binding.place(shut)
    strip = placed[upper_left(lashes)]
    before = lashes.mesh.vertices[upper_left(lashes)]
    assert strip[8, -1, 1] < strip[8, 0, 1]
    assert before[8, -1, 1] > before[8, 0, 1]
    np.testing.assert_allclose(
        np.linalg.norm(strip - strip[:, :1], axis=2),
        np.linalg.norm(before - before[:, :1], axis=2),
        atol=1e-9,
    )  # turned, not bent
    np.testing.assert_allclose(placed[lashes.mesh.mirror], placed * [-1, 1, 1], atol=1e-12)


def test_a_margin_of_three_vertices_is_refused():
    few = LidMargins(*(part[:3] for part in np.arange(4 * LENGTH).reshape(4, LENGTH)))
    with pytest.raises(ShapeError, match="margin"):
        build_lashes(lids(), MIRROR, few)
