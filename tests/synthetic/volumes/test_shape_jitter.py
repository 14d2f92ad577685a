"""Heads made into other people's by a smooth map."""

from __future__ import annotations

import numpy as np

from mien.heads.library import load_head
from mien.synthetic.volumes.shape_jitter import ShapeJitter


def test_jitter_makes_other_people_and_is_undone():
    head = load_head()
    face_m = head.mean_m[head.landmark_set("ict68").vertices]
    moved = []
    for seed in range(20):
        jitter = ShapeJitter.random(np.random.default_rng(seed), face_m.mean(axis=0))
        other_m = jitter.target_from_source(face_m)
        np.testing.assert_allclose(jitter.source_from_target(other_m), face_m, atol=1e-6)
        moved.append(np.linalg.norm(other_m - face_m, axis=1).mean())
    assert 0.001 < np.mean(moved) < 0.005
    assert max(moved) < 0.010
