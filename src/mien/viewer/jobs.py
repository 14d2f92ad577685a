"""One long task in the background, and how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.errors import InputError, MienError
from mien.progress import Progress, ProgressReport


@dataclass(frozen=True)
class JobState:
    """How a task stands.

    Attributes:
        running: whether it goes on.
        share: of it that is done, in [0, 1].
        files: that it wrote; error: what went wrong, or empty.
    """

    running: bool = False
    share: float = 0.0
    files: tuple[str, ...] = ()
    error: str = ""


class BackgroundJob:
    """Runs one task at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = JobState()

    @property
    def state(self) -> JobState:
        """How the last task stands."""
        with self._lock:
            return self._state

    def start(self, work: Callable[[ProgressReport], Sequence[Path]]) -> JobState:
        """Begin.

        Args:
            work: reports how far it is, and returns the files that it wrote.

        Raises:
            InputError: the last task goes on still.
        """
        with self._lock:
            if self._state.running:
                raise InputError("the last recording is not finished yet; wait for it")
            self._state = JobState(running=True)
        threading.Thread(target=self._run, args=(work,), name="job", daemon=True).start()
        return self.state

    def _run(self, work: Callable[[ProgressReport], Sequence[Path]]) -> None:
        def report(progress: Progress) -> None:
            self._set(JobState(running=True, share=progress.share or 0.0))

        try:
            files = work(report)
        except MienError as error:
            self._set(JobState(error=str(error)))
        except Exception as error:
            self._set(JobState(error=f"unexpected {type(error).__name__}: {error}"))
        else:
            self._set(JobState(share=1.0, files=tuple(str(path) for path in files)))

    def _set(self, state: JobState) -> None:
        with self._lock:
            self._state = state
