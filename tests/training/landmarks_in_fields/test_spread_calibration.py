"""Predicted standard deviations are made to fit the errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.landmarks_in_fields.config import FieldNetworkConfig, FineNetworkConfig
from mien.landmarks_in_fields.network_files import NetworkPair
from mien.synthetic.volumes.head_volume import TRAINED
from mien.synthetic.volumes.volume_store import read_volume, write_volume
from mien.training.landmarks_in_fields.spread_calibration import (
    held_out_trained_volumes,
    scale_spread,
    spread_factor,
)
from mien.training.landmarks_in_fields.training import new_network


def test_spread_is_made_to_fit_the_errors_on_held_out_trained_volumes(store: Path, tmp_path: Path):
    volume = replace(read_volume(store / "000001.npz"), kind=TRAINED)
    write_volume(tmp_path / "000025.npz", volume)
    write_volume(tmp_path / "000026.npz", volume)  # not held out
    write_volume(tmp_path / "000050.npz", replace(volume, kind="basic"))
    kept = list(held_out_trained_volumes([tmp_path]))
    assert len(kept) == 1
    torch.manual_seed(0)
    networks = NetworkPair(
        new_network(FieldNetworkConfig(size=8, width=4, features=32)),
        new_network(FineNetworkConfig(size=8, width=4, features=32)),
    )
    factor = spread_factor(networks, kept)
    assert factor > 0
    scale_spread(networks.fine, factor)
    assert spread_factor(networks, kept) == pytest.approx(1.0, rel=1e-3)
    assert np.isnan(spread_factor(networks, []))
