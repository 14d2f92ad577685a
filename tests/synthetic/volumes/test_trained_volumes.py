"""Volumes of trained fields lie where the field does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.evaluation.fields.volume_fields import volume_as_field
from mien.landmarks_in_fields.boxes import Box
from mien.landmarks_in_fields.canonical import clean_field
from mien.synthetic.volumes.head_volume import TRAINED
from mien.synthetic.volumes.head_volume import VOXEL_M as HEAD_VOXEL_M
from mien.synthetic.volumes.trained_volumes import sampled_grid
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.box_sampling import LoadedVolume


def test_a_field_is_sampled_where_it_is(store: Path):
    volume = read_volume(store / "000002.npz")
    rgba, low_m = sampled_grid(clean_field(volume_as_field(volume)))
    sampled = replace(volume, rgba=rgba, low_m=low_m, voxel_m=HEAD_VOXEL_M, kind=TRAINED)
    loaded, expected = LoadedVolume.of(sampled), LoadedVolume.of(volume)
    box = Box(volume.landmarks_m.mean(axis=0), 0.07, np.eye(3))
    seen, wanted = loaded.sample(box, 16, level=1), expected.sample(box, 16, level=1)
    assert float(((seen[3] > 0.5) == (wanted[3] > 0.5)).float().mean()) > 0.95
    both = (seen[3] > 0.9) & (wanted[3] > 0.9) & (wanted[:3].sum(dim=0) > 0.3) & (seen[:3].sum(dim=0) > 0.3)
    assert int(both.sum()) > 20
    assert float((seen[:3] - wanted[:3]).abs()[:, both].mean()) < 0.1
