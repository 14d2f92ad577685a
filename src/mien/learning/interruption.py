"""Ctrl-C between steps: a step that has begun is finished, so that what is saved then is a whole state."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Within it, Ctrl-C raises `KeyboardInterrupt` at once between steps, and after the step in one.

    A second Ctrl-C in the same step does not wait. Outside of the main thread, where signals do not arrive,
    and where Ctrl-C is handled by somebody else, everything stays as it is.

    Attributes:
        in_step: a step has begun and was not finished.
    """

    def __init__(self) -> None:
        self.in_step = False
        self._asked = False
        self._handles = False

    def __enter__(self) -> Interruption:
        self._handles = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._handles:
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handles:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextmanager
    def step(self) -> Iterator[None]:
        """What is done within is one step."""
        self.in_step = True
        yield
        self.in_step = False
        if self._asked:
            raise KeyboardInterrupt

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        if not self.in_step or self._asked:
            raise KeyboardInterrupt
        self._asked = True
