"""The search network's code for regions, its peaks, and non-maximum suppression."""

from __future__ import annotations

import numpy as np
import pytest

from mien.landmarks.candidates import Candidate, cell_center_px, decode, encode, overlap, suppress
from mien.landmarks.region import Region


def _candidate(x, y, side, score):
    return Candidate(Region(np.array([float(x), float(y)]), float(side)), score)


def test_decode_inverts_encode():
    region = Region(np.array([37.2, 91.9]), 71.3, -0.9)
    logits = np.full((16, 12), -6.0)
    geometry = np.zeros((5, 16, 12))
    logits[11, 4] = 3.0
    geometry[:, 11, 4] = encode(region, 11, 4)
    (found,) = decode(logits, geometry, min_score=0.5)
    assert np.allclose(found.region.center_px, region.center_px)
    assert found.region.side_px == pytest.approx(region.side_px)
    assert found.region.roll_rad == pytest.approx(region.roll_rad)
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.0)))


def test_cell_centres_are_pixel_centres_of_8_by_8_blocks():
    assert np.allclose(cell_center_px(0, 0), [3.5, 3.5])
    assert np.allclose(cell_center_px(2, 5), [43.5, 19.5])


def test_only_local_peaks_above_the_threshold_count():
    logits = np.full((8, 8), -5.0)
    logits[2, 2], logits[2, 3], logits[7, 7], logits[0, 6] = 2.0, 1.5, 0.5, -1.0
    geometry = np.zeros((5, 8, 8))
    geometry[3] = 1
    found = decode(logits, geometry, min_score=0.5)
    assert [tuple(each.region.center_px) for each in found] == [(19.5, 19.5), (59.5, 59.5)]


def test_overlap_of_known_squares():
    one = Region(np.array([10.0, 10.0]), 20.0)
    assert overlap(one, one) == pytest.approx(1)
    assert overlap(one, Region(np.array([20.0, 10.0]), 20.0)) == pytest.approx(1 / 3)
    assert overlap(one, Region(np.array([10.0, 10.0]), 10.0)) == pytest.approx(0.25)
    assert overlap(one, Region(np.array([60.0, 10.0]), 20.0)) == 0


def test_suppression_keeps_the_best_of_each_face():
    best, twin = _candidate(100, 100, 50, 0.9), _candidate(104, 98, 60, 0.8)
    inside, neighbour = _candidate(100, 90, 20, 0.7), _candidate(140, 100, 50, 0.6)
    assert suppress([neighbour, twin, best, inside]) == [best, neighbour]
    assert suppress([]) == []
