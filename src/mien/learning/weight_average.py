"""The running average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


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
