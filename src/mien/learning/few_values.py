"""A few values that are found on one picture, while everything else stays as it was learned."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class FewValues:
    """Takes steps of Adam down a loss; values that it does not depend on stay.

    Args:
        values: leaves that require gradients.
        rate: learning rate.
    """

    def __init__(self, values: Sequence[Tensor], *, rate: float) -> None:
        self._values = list(values)
        self._optimiser = torch.optim.Adam(self._values, lr=rate)

    def set_rate(self, rate: float) -> None:
        """Another learning rate from now on."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate

    def descend(self, loss: Tensor) -> None:
        """One step. Only these values get gradients, whatever else the loss depends on."""
        gradients = torch.autograd.grad(loss, self._values, allow_unused=True)
        for value, gradient in zip(self._values, gradients, strict=True):
            value.grad = torch.zeros_like(value) if gradient is None else gradient
        self._optimiser.step()
