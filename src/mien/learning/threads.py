"""How many threads to compute with on a machine that others use too.

Threads of one computation wait for each other at every layer. When another process holds one of their cores,
all of them wait for it: two threads on two busy cores were seen to be ten times slower than one.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOAD_S = 60.0
"""Over which the machine's load is averaged."""


def fitting_threads(*, used: float, most: int | None = None) -> int:
    """Threads that find a free core, at least one.

    Args:
        used: threads that this process has been computing with for the last minute.
        most: upper limit, if any.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = min(cores, most or cores)
    if not hasattr(os, "getloadavg"):
        return limit
    return threads_beside(others=os.getloadavg()[0] - used, cores=cores, limit=limit)


def threads_beside(*, others: float, cores: int, limit: int) -> int:
    """Threads beside a load of `others` running processes; up to 0.7 (the maker of batches) is let pass."""
    return max(1, min(limit, int(cores - max(0.0, others) + 0.7)))


class SharedCores:
    """Threads for pieces of work between which the process rests, such as pictures for a viewer.

    The machine's load is that of the last minute, of which some is this process's own: it is taken out.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            clock: seconds.
        """
        self._clock = clock
        self._own, self._at = 0.0, clock()
        self._most: int | None = None

    @property
    def own_load(self) -> float:
        """What of the machine's load is ours, as the machine averages it."""
        return self._own * math.exp(-(self._clock() - self._at) / LOAD_S)

    @contextmanager
    def working(self) -> Iterator[int]:
        """Within this block torch computes, in this Python thread, with as many threads as find a core; not
        with more than it would have used by itself."""
        import torch

        self._most = self._most or torch.get_num_threads()
        threads = fitting_threads(used=self.own_load, most=self._most)
        torch.set_num_threads(threads)
        began = self._clock()
        try:
            yield threads
        finally:
            before, share = self.own_load, 1 - math.exp(-(self._clock() - began) / LOAD_S)
            self._own, self._at = before + threads * share, self._clock()
