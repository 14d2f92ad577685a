"""What a trainer needs to know of the thing that is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from mien.learning.checkpoints import Checkpoint
from mien.learning.learner import Learner
from mien.learning.schedule import Schedule

BatchT = TypeVar("BatchT")


@dataclass(frozen=True)
class TrainingState:
    """What a training keeps in a checkpoint besides its `Learner`'s state.

    Attributes:
        settings: its options by name, for the record.
        plain: as JSON can hold it.
        tensors: state dictionaries and tensors.
    """

    settings: dict[str, Any]
    plain: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Any] = field(default_factory=dict)


class Training(ABC, Generic[BatchT]):
    """One thing that is learned: a `Trainer` asks it for the loss of each batch and descends.

    Attributes:
        kind: name of this kind of training in checkpoints.
        learner: parameters, optimiser and running average.
        schedule: length and learning rate.
        batch_size: samples in a step.
    """

    kind: ClassVar[str]
    learner: Learner
    schedule: Schedule
    batch_size: int

    @abstractmethod
    def losses(self, batch: BatchT) -> dict[str, Tensor]:
        """Scalars to log; "loss" is the one to descend."""

    @abstractmethod
    def state(self) -> TrainingState:
        """What a checkpoint has to hold besides the learner's state."""

    def load_state(self, checkpoint: Checkpoint) -> None:
        """Take up `state`; afterwards the learner's state fits its network."""

    def prepare(self, step: int, elapsed_s: float) -> None:
        """What is to be done before the step that comes after `step` others."""

    def after_step(self, step: int) -> None:
        """What is to be done once `step` steps are done."""

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        """Numbers worth telling besides the mean losses since they were last told."""
        return {}

    def validate(self) -> dict[str, dict[str, float]]:
        """Figures by kind of held-out sample; empty when there are none (yet)."""
        return {}
