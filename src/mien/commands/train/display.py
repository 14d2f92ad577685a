"""What the commands that train have in common: their needs, and a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import MissingExtraError

if TYPE_CHECKING:
    from mien.learning.trainer import TrainingProgress


def need_training() -> None:
    """Raise an error that says what to install if the packages for training are missing."""
    import importlib.util

    for module in ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError("training", extra="train", cause=module)


class Display:
    """A progress bar on stderr with loss and speed; validation figures appear as lines above it.

    Args:
        out: folder of the training, to say how an interrupted one goes on.
        samples: what a sample is called, for the speed.
    """

    def __init__(self, *, out: Path | None = None, samples: str = "pictures") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self.out, self.samples = out, samples
        self.console = Console(stderr=True)
        self.progress = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=self.console,
        )

    def __enter__(self) -> Display:
        self.task = self.progress.add_task("reading the first shards", total=1.0)
        self.progress.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.progress.stop()
        if error is KeyboardInterrupt and self.out is not None:
            from mien.learning.trainer import CHECKPOINT_NAME

            path = self.out / CHECKPOINT_NAME
            if path.exists():
                self.say(f"saved {path}; the same command with --resume goes on")

    def report(self, progress: TrainingProgress, *, title: str = "") -> None:
        """Take in where the training stands."""
        text = (
            f"{title}step {progress.step}  loss {progress.loss:.3f}  "
            f"{progress.samples_per_s:.0f} {self.samples}/s  {progress.store_size} faces"
        )
        self.progress.update(self.task, completed=progress.share, description=text)
        for name, figures in progress.figures.items():
            line = "  ".join(f"{key} {value:.4f}" for key, value in figures.items())
            self.say(f"{progress.elapsed_s / 60:5.1f} min  {name}: {line}")

    def say(self, text: str) -> None:
        """A line on stderr, above the bar."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
