"""Work for which only the newest request counts: those that wait are dropped, those begun are left off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Request = TypeVar("Request")
Result = TypeVar("Result")


class _Ticket(Generic[Request, Result]):
    def __init__(self, request: Request) -> None:
        self.request = request
        self.done = threading.Event()
        self.result: Result | None = None
        self.error: Exception | None = None


class NewestWins(Generic[Request, Result]):
    """One background thread that works on the newest request.

    Args:
        work: given the request, and a function that says whether a newer one has come; None when it left off.
    """

    def __init__(self, work: Callable[[Request, Callable[[], bool]], Result | None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._waiting: _Ticket[Request, Result] | None = None
        self._newest: _Ticket[Request, Result] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="newest-wins", daemon=True)
        self._thread.start()

    def result(self, request: Request) -> Result | None:
        """Wait for the result; None as soon as a newer request has come.

        Raises:
            Exception: what the work raised.
        """
        ticket: _Ticket[Request, Result] = _Ticket(request)
        with self._changed:
            if self._closed:
                return None
            if self._waiting is not None:
                self._waiting.done.set()
            self._waiting = self._newest = ticket
            self._changed.notify()
        ticket.done.wait()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    def close(self) -> None:
        """End the thread; who waits gets None."""
        with self._changed:
            self._closed, self._newest = True, None
            if self._waiting is not None:
                self._waiting.done.set()
                self._waiting = None
            self._changed.notify()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting is not None)
                if self._closed:
                    return
                ticket, self._waiting = self._waiting, None
            assert ticket is not None
            self._work_on(ticket)

    def _work_on(self, ticket: _Ticket[Request, Result]) -> None:
        try:
            ticket.result = self._work(ticket.request, lambda: self._newest is not ticket)
        except Exception as error:
            ticket.error = error
        ticket.done.set()
