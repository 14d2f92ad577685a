"""Where a lifting network on frozen encoders starts: frames, means and spreads of its inputs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mien.training.lifting.encoders import FRAME_VALUES, FrozenEncoder
from mien.training.lifting.network import LiftingNetwork

_MOST = 8000
_SMALLEST = 1e-3
"""Inputs that vary less than this do not count."""
_UPRIGHT_TURNS = 4


@torch.no_grad()
def standardise(
    network: LiftingNetwork, points: np.ndarray, features: np.ndarray, distance_m: np.ndarray | None
) -> None:
    """Set the buffers of a fresh network.

    Args:
        points: (N, P, 3) and features (N, F): what the encoders said.
        distance_m: (N,) of the heads from the crops' cameras, where they are known.
    """
    encoder = network.encoder
    assert isinstance(encoder, FrozenEncoder)
    chosen = np.linspace(0, len(points) - 1, min(_MOST, len(points))).astype(int)
    seen = torch.from_numpy(points[chosen])
    told = torch.from_numpy(features[chosen]).float()
    first = seen[:, : encoder.config.first_points, :2]
    encoder.reference.copy_(_unit(first[0]))
    for _ in range(_UPRIGHT_TURNS):
        raw, roll, _, _ = encoder.raw(seen, told)
        own = raw[:, : encoder.frame - FRAME_VALUES].reshape(len(seen), encoder.config.points, -1)
        shape = _unit(own[:, : encoder.config.first_points, :2].mean(0))
        # crops show faces upright on average: their mean roll is the reference's own
        encoder.reference.copy_(_turned(shape, roll.mean(0)))
    raw, _, size, _ = encoder.raw(seen, told)
    encoder.input_mean.copy_(raw.mean(0))
    spread = raw.std(0)
    encoder.input_scale.copy_(torch.where(spread > _SMALLEST, 1 / spread.clamp(min=_SMALLEST), 0))
    if distance_m is not None:
        known = torch.from_numpy(np.asarray(distance_m[chosen], np.float32))
        network.usual_distance_m.copy_(torch.exp((known.log() + size).mean()))
    else:
        # without cameras: as far as makes the template as large as the encoder sees faces
        spread_m = float(network.template_m.std(0)[:2].square().sum().sqrt())
        network.usual_distance_m.fill_(2 * network.config.focal * spread_m)


def _unit(shape: Tensor) -> Tensor:
    shape = shape - shape.mean(0)
    return shape / shape.square().sum(1).mean().sqrt()


def _turned(shape: Tensor, roll: Tensor) -> Tensor:
    cosine, sine = (roll / roll.norm().clamp(min=1e-6)).unbind()
    x, y = shape.unbind(1)
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], 1)
