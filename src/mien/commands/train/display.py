"""What the commands that train have in common: their needs, and what is shown meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.commands.display import note, progress_bar
from mien.errors import MissingExtraError
from mien.progress import Progress, ProgressReport


def need_training(*modules: str) -> None:
    """Raise an error that says what to install if packages for training are missing.

    Args:
        modules: what is needed; torch and transformers unless said otherwise.
    """
    import importlib.util

    for module in modules or ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError("trainings", extra="train", cause=module)


@contextmanager
def training_bar(label: str, *, out: Path | None = None, quiet: bool = False) -> Iterator[ProgressReport]:
    """A bar on stderr with losses and speed; validation figures appear as lines above it.

    Args:
        label: shown until the first report.
        out: folder of the training, to say how an interrupted one goes on.
        quiet: show nothing.
    """
    from mien.learning.trainer import CHECKPOINT_NAME, VALIDATED

    with progress_bar(label, quiet=quiet) as bar:

        def report(progress: Progress) -> None:
            if progress.label != VALIDATED:
                bar(progress)
            elif not quiet:
                for line in validation_lines(progress):
                    note(line)

        try:
            yield report
        except KeyboardInterrupt:
            if out is not None and (out / CHECKPOINT_NAME).exists():
                note(f"saved {out / CHECKPOINT_NAME}; the same command with --resume goes on")
            raise


def validation_lines(progress: Progress) -> list[str]:
    """A line for each kind of held-out sample: "12.0 min  plain: nme_face 0.0123  …"."""
    kinds: dict[str, list[str]] = {}
    for name, value in progress.figures.items():
        kind, _, figure = name.rpartition("/")
        if kind:
            kinds.setdefault(kind, []).append(f"{figure} {value:.4f}")
    minutes = progress.figures["minutes"]
    return [f"{minutes:5.1f} min  {kind}: {'  '.join(figures)}" for kind, figures in kinds.items()]
