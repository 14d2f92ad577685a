"""Makes predicted standard deviations fit the errors on people whom the networks did not learn from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from mien.evaluation.fields.volume_fields import volume_as_field
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.landmarks_in_fields.network_files import NetworkPair
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.synthetic.volumes.head_volume import TRAINED, HeadVolume
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.volume_sampler import is_held_out

WITHIN_ONE = 0.6827
"""Share of Gaussian errors within one standard deviation."""


def held_out_trained_volumes(folders: Sequence[Path]) -> Iterable[HeadVolume]:
    """Volumes of trained fields that no training uses."""
    for path in sorted(path for folder in folders for path in folder.glob("[0-9]*.npz")):
        if is_held_out(path):
            volume = read_volume(path)
            if volume.kind == TRAINED:
                yield volume


def spread_factor(networks: NetworkPair, volumes: Iterable[HeadVolume]) -> float:
    """What predicted standard deviations are to be multiplied by so that 68.3 % of the errors lie within one;
    NaN where the networks predict none or there are no volumes."""
    landmarker = FieldLandmarker(
        networks, SearchConfig(upright=True, min_confidence=0.0, second_opinion=None)
    )
    in_sigmas = []
    for volume in volumes:
        found = landmarker(volume_as_field(volume))
        in_sigmas.append(np.abs(found.points_m - volume.landmarks_m) / found.sigma_m[:, None])
    return float(np.quantile(in_sigmas, WITHIN_ONE)) if in_sigmas else math.nan


def scale_spread(network: FieldLandmarkNetwork, factor: float) -> None:
    """Multiply the standard deviations that a network predicts, in place."""
    last = network.spread.layers[-1]
    assert isinstance(last, nn.Linear)
    last.bias.data += math.log(factor)
