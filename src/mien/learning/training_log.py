"""The log of a training: a line of JSON now and then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mien.files import write_text
from mien.reading.regular_files import read_bytes

LOG_NAME = "log.jsonl"
MAX_BYTES = 1_000_000_000


@dataclass(frozen=True)
class LogLine:
    """Where a training stands.

    Attributes:
        step: steps done.
        share: share of the training that is over, in [0, 1].
        elapsed_s: training time, seconds.
        losses: mean of each part of the loss since the last line; "loss" is what is descended.
        learning_rate: of the last step.
        samples_per_s: speed since the last line.
        facts: what else the training tells, for example how many faces its batches are drawn from.
        figures: validation figures by what they were measured on, where they are new; else empty.
    """

    step: int
    share: float
    elapsed_s: float
    losses: Mapping[str, float]
    learning_rate: float
    samples_per_s: float
    facts: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def as_json(self) -> str:
        values = {
            **self.losses,
            "step": self.step,
            "share": self.share,
            "elapsed_s": self.elapsed_s,
            "learning_rate": self.learning_rate,
            "samples_per_s": self.samples_per_s,
            **self.facts,
        }
        return json.dumps(values | ({"figures": self.figures} if self.figures else {}))


class TrainingLog:
    """`log.jsonl` in a training's folder; without a folder, nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / LOG_NAME

    def write(self, line: LogLine) -> None:
        """Append a line."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line.as_json() + "\n")

    def go_back_to(self, step: int) -> None:
        """Take away what was written after a step: a killed training goes on from an older checkpoint."""
        if self._path is None or not self._path.exists():
            return
        lines = read_bytes(self._path, limit_bytes=MAX_BYTES).decode(errors="replace").splitlines()
        write_text(self._path, "".join(f"{line}\n" for line in lines if _step_of(line) <= step))


def _step_of(line: str) -> float:
    """Infinite for the half line of a killed training."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return float("inf")
