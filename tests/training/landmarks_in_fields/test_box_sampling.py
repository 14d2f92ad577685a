"""Boxes cut from volumes, with their landmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mien.geometry.rotations import random_rotation
from mien.landmarks_in_fields.boxes import Box
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.box_sampling import LoadedVolume


def test_boxes_of_a_turned_volume_carry_their_landmarks(store: Path):
    volume = LoadedVolume.of(read_volume(store / "000002.npz"))
    rng = np.random.default_rng(0)
    turn = random_rotation(rng, largest_rad=1.0)
    box = Box(np.array([0.0, 0.0, 0.02]), 0.2, turn)
    # a voxel's middle may lie off the surface: its neighbours count too
    seen = torch.nn.functional.max_pool3d(volume.sample(box, 32, level=1)[None], 3, 1, 1)[0]
    points = box.from_field(volume.source.landmarks_m)
    index = np.floor((points + 1) / 2 * 32).astype(int)
    occupied = seen[3, index[:, 0], index[:, 1], index[:, 2]]
    assert float((occupied > 0.02).float().mean()) > 0.95  # landmarks lie on the surface
    left = points[volume.source.landmarks_m[:, 0] > 0.02]
    index = np.floor((left + 1) / 2 * 32).astype(int)
    colors = seen[:3, index[:, 0], index[:, 1], index[:, 2]]
    assert float((colors[0] >= colors[1]).float().mean()) > 0.9  # red: the subject's left


def test_mirrored_boxes_swap_the_sides(store: Path):
    volume = LoadedVolume.of(read_volume(store / "000003.npz"))
    box = Box(np.array([0.0, 0.0, 0.02]), 0.2, np.eye(3))
    plain = volume.sample(box, 16, level=2)
    torch.testing.assert_close(volume.sample(box, 16, level=2, mirrored=True), plain.flip(1))


def test_what_lies_in_front_can_be_cut_away(store: Path):
    volume = LoadedVolume.of(read_volume(store / "000001.npz"))
    box = Box(np.array([0.0, 0.0, 0.05]), 0.1, np.eye(3))
    whole = volume.sample(box, 20, level=1)[3]
    cut = volume.sample(box, 20, level=1, face_cut=FaceCut(0.05))[3]
    torch.testing.assert_close(cut[..., :9], whole[..., :9])
    assert cut[..., 11:].max() == 0
    assert whole[..., 11:].max() > 0.9
