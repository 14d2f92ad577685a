"""Work done ahead in threads: reading, drawing and writing overlap where libraries let go of Python's lock.

What is ahead is bounded, so that memory does not grow; order stays; an error of a thread is raised where its
item would have come; and leaving the block ends the threads, whatever the reason.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def read_ahead(items: Iterable[Item], *, most: int = 4) -> Iterator[Iterator[Item]]:
    """The items, taken in a thread of their own before they are asked for.

        with read_ahead(video) as frames:
            for frame in frames: …

    Args:
        items: used by no one else until the block ends.
        most: items that may wait to be taken.
    """
    ahead = _Ahead(items, most)
    try:
        yield iter(ahead)
    finally:
        ahead.stop()


@contextmanager
def mapped_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int = 2, most: int = 4
) -> Iterator[Iterator[Result]]:
    """`work` of every item in the items' order, several at a time.

    Args:
        work: called from several threads.
        items: taken in the thread that takes the results.
        threads: that work.
        most: items that may be begun and not yet taken.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="mien") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            yield _mapped(pool, work, iter(items), waiting, most)
        finally:
            for future in waiting:
                future.cancel()


def _mapped(
    pool: ThreadPoolExecutor,
    work: Callable[[Item], Result],
    items: Iterator[Item],
    waiting: deque[Future[Result]],
    most: int,
) -> Iterator[Result]:
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class _Ahead(Generic[Item]):
    """A thread that takes items, and a queue of what it took."""

    def __init__(self, items: Iterable[Item], most: int) -> None:
        self._items, self._most = items, most
        self._changed = threading.Condition()
        self._taken: deque[Item] = deque()
        self._error: BaseException | None = None
        self._over = self._stopped = False
        # A daemon: a process that ends for another reason does not wait for it.
        self._thread = threading.Thread(target=self._take, name="mien ahead", daemon=True)
        self._thread.start()

    def _take(self) -> None:
        try:
            for item in self._items:
                with self._changed:
                    self._taken.append(item)
                    self._changed.notify_all()
                    while len(self._taken) >= self._most and not self._stopped:
                        self._changed.wait()
                    if self._stopped:
                        return
        except BaseException as error:  # raised where the next item is asked for
            self._error = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        while True:
            with self._changed:
                while not self._taken and not self._over:
                    self._changed.wait()
                if not self._taken:
                    break
                item = self._taken.popleft()
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the thread, after the item that it is at."""
        with self._changed:
            self._stopped = True
            self._taken.clear()
            self._changed.notify_all()
        self._thread.join()
