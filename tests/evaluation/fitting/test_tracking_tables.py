"""Tables of following a face through time."""

from __future__ import annotations

import numpy as np

from mien.evaluation.fitting.tracking_tables import blinks_table, jitter_table
from mien.evaluation.tracking.blinks import BlinkAmplitude
from mien.evaluation.tracking.still_faces import StillFaceJitter


def test_jitter():
    text = jitter_table({"clip": StillFaceJitter(80, 0.6, 0.5, 0.2, 0.1)}).markdown()
    assert "| clip | 80 | 0.600 | 0.500 | 0.200 | 0.100 | 40 % |" in text


def test_blinks():
    shares = np.array([0.8, 1.0])
    blinks = BlinkAmplitude(shares, shares + 0.05, shares + 0.1, np.array([0.0, 1.0]))
    table = blinks_table({"clip": blinks})
    assert table.data["clips"]["clip"]["lag_frames"] == 0.5
    assert "| clip | 2 | 100 % | 90 % (80 %) | 95 % (85 %) | 90 % | 0.5 |" in table.markdown()
