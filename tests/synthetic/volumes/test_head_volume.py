"""Surfaces become solid volumes; open mouths are filled as trained fields fill them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.landmarks_in_fields.boxes import Box
from mien.synthetic.volumes.head_volume import with_dark_mouth
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.box_sampling import LoadedVolume
from tests.synthetic.volumes.plain_volumes import VOXEL_M


def test_volumes_are_solid_and_their_surface_is_where_the_mesh_is(store: Path):
    volume = read_volume(store / "000001.npz")
    occupancy = volume.rgba[..., 3].astype(float) / 255
    litres = occupancy.sum() * VOXEL_M**3 * 1000
    assert 2.5 < litres < 7
    assert occupancy.shape == volume.rgba.shape[:3]
    assert (volume.rgba[..., :3].max(axis=3) <= volume.rgba[..., 3].astype(int) + 1).all()
    # the tip of the nose: half a voxel outside is empty, one and a half voxels inside is full
    loaded, tip_m = LoadedVolume.of(volume), volume.landmarks_m[30]
    for shift_m, low, high in ((0.008, -0.01, 0.15), (-0.012, 0.85, 1.01)):
        box = Box(tip_m + np.array([0, 0, shift_m]), 1e-4, np.eye(3))
        assert low < float(loaded.sample(box, 1, level=1)[3, 0, 0, 0]) < high


def test_open_mouths_are_filled_behind_the_lips_and_closed_ones_are_left_alone(store: Path):
    rng = np.random.default_rng(0)
    volume = read_volume(store / "000000.npz")
    lips_m = volume.landmarks_m[60:68]
    shut = replace(
        volume, landmarks_m=np.concatenate([volume.landmarks_m[:60], lips_m[[0, 1, 1, 1, 4, 1, 1, 1]]])
    )
    assert with_dark_mouth(shut, rng) is shut
    wide = volume.landmarks_m.copy()
    wide[[61, 62, 63], 1] += 0.015
    wide[[65, 66, 67], 1] -= 0.015
    hollow = volume.rgba.copy()
    low, high = (
        np.floor((wide[60:68].min(axis=0) - volume.low_m) / VOXEL_M).astype(int),
        np.ceil((wide[60:68].max(axis=0) - volume.low_m) / VOXEL_M).astype(int),
    )
    hollow[low[0] : high[0], low[1] : high[1]] = 0
    filled = with_dark_mouth(replace(volume, rgba=hollow, landmarks_m=wide), rng).rgba
    middle = ((wide[60:68].mean(axis=0) - volume.low_m) / VOXEL_M).astype(int)
    column = filled[middle[0], middle[1]]
    assert (column[middle[2] - 6 : middle[2] - 3, 3] == 255).all()
    assert (column[middle[2] - 6 : middle[2] - 3, :3] < 60).all()
    assert (column[middle[2] + 1 :, 3] == 0).all()
