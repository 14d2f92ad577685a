"""What descends: a network's parameters under AdamW, and perhaps a running average of its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from mien.learning.config import TrainingConfig
from mien.learning.weight_average import WeightAverage

BETAS = (0.9, 0.99)


class Learner:
    """Takes steps down a loss.

    Args:
        network: what is learned.
        groups: the groups of parameters as torch wants them, each with its peak learning rate "lr" and its
            "weight_decay"; asked again by `restart`.
        average_decay: of the running average of the weights; None keeps none.
        largest_gradient: gradients longer than this are shortened to it, and steps with broken ones left out;
            None takes gradients as they are.
        fused: torch's fused kernels; their results differ in the last bits.

    Attributes:
        network, optimiser, average: see above.
    """

    def __init__(
        self,
        network: nn.Module,
        groups: Callable[[], list[dict[str, Any]]],
        *,
        average_decay: float | None = None,
        largest_gradient: float | None = None,
        fused: bool = False,
    ) -> None:
        self.network = network
        self.average = None if average_decay is None else WeightAverage(network, decay=average_decay)
        self._groups, self._largest_gradient, self._fused = groups, largest_gradient, fused
        self.restart()

    def restart(self) -> None:
        """A new optimiser, where parameters were replaced by others."""
        groups = [{**group, "peak": group["lr"]} for group in self._groups()]
        self.optimiser = torch.optim.AdamW(groups, betas=BETAS, fused=True if self._fused else None)

    @property
    def learning_rate(self) -> float:
        """Of the first group, at present."""
        return self.optimiser.param_groups[0]["lr"]

    def set_rate(self, share: float) -> None:
        """Set every group's learning rate to a share of its peak."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * share

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a loss."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self._largest_gradient is not None:
            parameters = [value for group in self.optimiser.param_groups for value in group["params"]]
            norm = nn.utils.clip_grad_norm_(parameters, self._largest_gradient)
            if not torch.isfinite(norm):  # one broken batch must not spoil the weights
                return
        self.optimiser.step()
        if self.average is not None:
            self.average.update(self.network)

    def state(self) -> dict[str, Any]:
        """State dictionaries for a checkpoint."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        if self.average is not None:
            state["average"] = self.average.network.state_dict()
            state["average_updates"] = self.average.updates
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`; the network must have its shape already."""
        self.network.load_state_dict(state["network"])
        if self.average is not None:
            self.average.network.load_state_dict(state["average"])
            self.average.updates = state["average_updates"]
        self.optimiser.load_state_dict(state["optimiser"])


def network_learner(
    network: nn.Module,
    config: TrainingConfig,
    *,
    own_parameters: Iterable[nn.Parameter] = (),
) -> Learner:
    """A network under AdamW as a `TrainingConfig` says.

    Weight decay is for matrices and kernels; biases, normalisations and `own_parameters`, those of the loss,
    have none.
    """
    assert config.learning_rate != "auto", "the range test must have been made"
    rate, own = config.learning_rate, list(own_parameters)
    decayed = [value for value in network.parameters() if value.ndim > 1]
    plain = [value for value in network.parameters() if value.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "lr": rate, "weight_decay": config.weight_decay},
        {"params": plain, "lr": rate, "weight_decay": 0.0},
    ]
    if own:
        groups.append({"params": own, "lr": rate, "weight_decay": 0.0})
    return Learner(
        network,
        lambda: groups,
        average_decay=config.average_decay,
        largest_gradient=config.largest_gradient,
    )
