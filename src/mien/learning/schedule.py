"""Learning rate over the course of a training, and the running average of its weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn


def learning_rate_share(progress: float, *, warm_up: float, final: float) -> float:
    """Share of the peak learning rate: a linear rise, then half a cosine down to `final`.

    Args:
        progress: share of the training that is done, in [0, 1].
        warm_up: share of the training in which the rate rises.
        final: share of the peak at the end.
    """
    if progress < warm_up:
        return max(progress / warm_up, 0.02)
    done = min(1.0, (progress - warm_up) / max(1e-9, 1 - warm_up))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))


class WeightAverage:
    """Exponential moving average of a network's weights and statistics, better than the last ones.

    Args:
        network: the network that is trained; a copy is kept.
        decay: share of the average that a step keeps, reached gradually.
    """

    def __init__(self, network: nn.Module, *, decay: float = 0.998) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the network's weights after a step."""
        self.updates += 1
        share = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        averaged, current = self.network.state_dict(), network.state_dict()
        floats = [name for name, value in averaged.items() if value.is_floating_point()]
        torch._foreach_lerp_([averaged[name] for name in floats], [current[name] for name in floats], share)
        for name in averaged.keys() - set(floats):
            averaged[name].copy_(current[name])


def parameter_groups(network: nn.Module, *, weight_decay: float) -> list[dict]:
    """Weight decay for matrices and kernels, none for biases and normalisations."""
    decayed = [value for value in network.parameters() if value.ndim > 1]
    plain = [value for value in network.parameters() if value.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
