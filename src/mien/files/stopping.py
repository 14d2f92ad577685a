"""A process that is asked to end cleans up first, as it does after Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Stopped(KeyboardInterrupt):
    """The process was asked to end (SIGTERM) or its terminal was closed (SIGHUP).

    Attributes:
        signal_number: by which signal.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"signal {signal_number}")
        self.signal_number = signal_number


@contextmanager
def stopped_cleanly() -> Iterator[None]:
    """Within this block, SIGTERM and SIGHUP raise `Stopped` where the program is, so that every `with` and
    `finally` does its part: temporary files go, checkpoints are written, as after Ctrl-C.

    Signals that somebody else handles or ignores (`nohup`) are left alone, and so are all outside the main
    thread."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) in (
                signal.SIG_DFL,
                signal.default_int_handler,
            ):
                before[number] = signal.signal(number, stop)
    _ASKED.clear()
    try:
        yield
    except Exception as error:
        # A compiled module that is being imported passes on what the handler raised as an ImportError.
        if before and _ASKED:
            raise _reason(_ASKED[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(number: int, frame: FrameType | None) -> None:
    """The handler: raises `Stopped`, or `KeyboardInterrupt` after Ctrl-C."""
    _ASKED.append(number)
    if number != signal.SIGINT:
        signal.signal(number, signal.SIG_IGN)  # once is enough: cleaning up is not to be interrupted
    raise _reason(number)


def stop_asked() -> bool:
    """Whether a signal has come within `stopped_cleanly`, so that an error may be what became of it."""
    return bool(_ASKED)


_ASKED: list[int] = []
"""Signals that have come, whatever became of what was raised for them."""


def _reason(number: int) -> KeyboardInterrupt:
    return KeyboardInterrupt() if number == signal.SIGINT else Stopped(number)
