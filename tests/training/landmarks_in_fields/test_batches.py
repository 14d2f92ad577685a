"""Batches: mostly heads, boxes where the coarse network looks, and what is no head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.landmarks_in_fields.config import FieldNetworkConfig
from mien.training.landmarks_in_fields import batches
from mien.training.landmarks_in_fields.batches import BatchMaker
from mien.training.landmarks_in_fields.training import new_network
from mien.training.landmarks_in_fields.volume_sampler import VolumeSampler


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_batches_have_their_shapes_and_are_mostly_heads(store: Path, stage):
    maker = BatchMaker(VolumeSampler([store]), stage=stage, size=8, fresh=1.0, warp=0.5)
    drawn = [maker.draw(6, seed) for seed in range(8)]
    for batch in drawn:
        assert batch.volumes.shape == (6, 1 if stage == "coarse" else 4, 4, 8, 8, 8)
        assert float(batch.volumes.min()) >= 0
        assert float(batch.volumes.max()) <= 1
        heads = batch.is_head > 0
        assert batch.landmarks[heads].abs().max() < 1.3
    shares = [float(batch.is_head.mean()) for batch in drawn]
    assert 0.5 < np.mean(shares) <= 1
    again = BatchMaker(VolumeSampler([store]), stage=stage, size=8, fresh=1.0, warp=0.5).draw(6, 0)
    torch.testing.assert_close(again.volumes, drawn[0].volumes)


def test_fine_boxes_are_cut_where_the_coarse_network_puts_the_landmarks(store: Path, monkeypatch):
    monkeypatch.setattr(batches, "FROM_COARSE", 1.0)
    monkeypatch.setattr(batches, "FARTHEST_COARSE_M", 0.1)
    torch.manual_seed(0)
    coarse = new_network(
        FieldNetworkConfig(size=8, width=4, features=32)
    ).eval()  # says "a usual head" of anything
    maker = BatchMaker(VolumeSampler([store]), stage="fine", size=8, coarse=coarse, augment=False)
    near = maker.draw(4, 0)
    monkeypatch.setattr(batches, "FARTHEST_COARSE_M", 0.0)  # every prediction is too far off: drawn errors
    far = BatchMaker(VolumeSampler([store]), stage="fine", size=8, coarse=coarse, augment=False).draw(4, 0)
    assert near.landmarks.abs().max() < 2.5
    assert not torch.allclose(near.half_side_m, far.half_side_m)
    plain = BatchMaker(VolumeSampler([store]), stage="fine", size=8).draw(4, 0)
    assert plain.volumes.shape == near.volumes.shape


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_objects_and_heads_without_a_face_are_no_heads(store: Path, monkeypatch, stage):
    monkeypatch.setattr(batches, "OBJECTS", 0.5)
    monkeypatch.setattr(batches, "FACELESS", 1.0)
    batch = BatchMaker(VolumeSampler([store]), stage=stage, size=8).draw(6, 0)
    assert not batch.is_head.any()
    assert (batch.volumes[:, 0, 3].amax(dim=(1, 2, 3)) > 0.5).all()  # something is there
    assert batch.places.shape == (6, 1 if stage == "coarse" else 4, 4)
