"""Ctrl-C and SIGTERM between steps: a step that has begun is finished, so that a whole state is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from mien.files.stopping import Stopped, stop


class Interruption:
    """Within it, Ctrl-C raises `KeyboardInterrupt` at once between steps, and after the step in one; and so
    do signals that `mien.files.stopped_cleanly` turns into one.

    A second one in the same step does not wait. Outside of the main thread, where signals do not arrive,
    and where Ctrl-C is handled by somebody else, everything stays as it is.

    Attributes:
        in_step: a step has begun and was not finished.
    """

    def __init__(self) -> None:
        self.in_step = False
        self._asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if handler in (signal.default_int_handler, stop):
                    self._before[number] = handler
                    signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def step(self) -> Iterator[None]:
        """What is done within is one step."""
        self.in_step = True
        yield
        self.in_step = False
        if self._asked is not None:
            self._raise(self._asked)

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        if not self.in_step or self._asked is not None:
            self._raise(signal_number)
        self._asked = signal_number

    def _raise(self, signal_number: int) -> None:
        if signal_number == signal.SIGINT:
            raise KeyboardInterrupt
        raise Stopped(signal_number)
