"""How many threads to compute with on a machine that others use too.

Threads of one computation wait for each other at every layer. When another process holds one of their cores,
all of them wait for it: two threads on two busy cores were seen to be ten times slower than one.
"""

from __future__ import annotations

import os


def fitting_threads(*, used: int, most: int | None = None) -> int:
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
