"""Where a read-out starts: frames, means and spreads of its inputs and labels."""

from __future__ import annotations

import torch
from torch import Tensor

from mien.datasets.encoded_crops import EncodedCrops
from mien.datasets.encoders import CROP_PX
from mien.training.read_out.network import AtPlaces, ReadOut, split_features

_MOST = 20_000
_AT_ONCE = 2000
_SMALLEST = 1e-3
"""Inputs that vary less than this do not count."""


@torch.no_grad()
def standardise(network: ReadOut, crops: EncodedCrops) -> None:
    """Set the buffers of a fresh read-out from training crops."""
    present = crops.presence > 0.5
    chosen = crops.rows(present.nonzero()[0][:_MOST])
    points = torch.from_numpy(chosen.points)
    first = points[:, : network.config.first_points, :2]
    first = first - first.mean(1, keepdim=True)
    shape = first[0] / first[0].square().sum(1).mean().sqrt()
    for _ in range(4):
        network.reference.copy_(shape)
        own, _, _ = network.aligned(points)
        shape = own[:, : network.config.first_points, :2].mean(0)
        shape = shape - shape.mean(0)
        shape = shape / shape.square().sum(1).mean().sqrt()
    network.reference.copy_(shape)
    own, factor, centre = network.aligned(points)
    flat, at_places = split_features(torch.from_numpy(chosen.features), network.config.groups)
    inputs = torch.cat([own.flatten(1), *(part.float() for part in flat)], 1)
    _spread(inputs, network.input_mean, network.input_scale)
    for places, seen in zip(network.places, at_places, strict=bool(network.config.place)):
        assert isinstance(places, AtPlaces)
        for columns in torch.arange(seen.shape[1]).split(_AT_ONCE):
            part = slice(int(columns[0]), int(columns[-1]) + 1)
            _spread(seen[:, part].float(), places.mean[part], places.scale[part])
    labels_px = (torch.from_numpy(chosen.labels) + 1) * (CROP_PX / 2) - centre[:, None]
    x, y = labels_px[..., 0], labels_px[..., 1]
    real, imaginary = factor[:, None, 0], factor[:, None, 1]
    labels = torch.stack([x * real - y * imaginary, x * imaginary + y * real], -1)
    network.label_mean.copy_(labels.median(0).values)
    network.label_scale.copy_((labels - network.label_mean).abs().mean() * 1.25)


def _spread(inputs: Tensor, mean: Tensor, scale: Tensor) -> None:
    """Fill in columns' means and by what they are multiplied."""
    mean.copy_(inputs.mean(0))
    spread = inputs.std(0)
    scale.copy_(torch.where(spread > _SMALLEST, 1 / spread.clamp(min=_SMALLEST), 0))
