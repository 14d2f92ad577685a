"""How a network is trained, whatever it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TrainingConfig:
    """How long, how fast and where a network is trained."""

    max_minutes: float = 50.0
    """Length of the training, minutes; the learning rate follows the share that has passed."""
    max_steps: int | None = None
    """Length in steps instead of minutes; then the same settings give the same network."""
    learning_rate: float | Literal["auto"] = 2e-3
    """Peak learning rate of AdamW; auto finds one with a range test first."""
    weight_decay: float = 0.05
    """Weight decay of AdamW."""
    warm_up: float = 0.03
    """Share of the training in which the learning rate rises."""
    final_rate: float = 0.005
    """Learning rate at the end over the peak."""
    largest_gradient: float = 5.0
    """Gradients longer than this are shortened to it."""
    average_decay: float = 0.998
    """Share that the running average of the weights keeps per step."""
    half_precision: bool = True
    """Compute convolutions in bfloat16."""
    threads: int | None = None
    """Torch's CPU threads; without a number, as many as find a free core, looked at again and again."""
    device: str = "cpu"
    """Where to train: cpu, cuda, or auto for a GPU where there is one."""
    checkpoint_minutes: float = 3.0
    """Minutes between checkpoints and validations."""
    log_steps: int = 10
    """Steps between lines of the log."""
    seed: int = 0
    """Seed of weights, batches and augmentation."""
