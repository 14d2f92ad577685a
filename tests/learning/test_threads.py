"""Threads: one on a busy machine, all on a free one."""

from __future__ import annotations

import pytest

from mien.learning.threads import fitting_threads, threads_beside


@pytest.mark.parametrize(
    ("others", "cores", "limit", "expected"),
    [(0.0, 2, 2, 2), (0.4, 2, 2, 2), (1.0, 2, 2, 1), (5.0, 2, 2, 1), (2.0, 16, 16, 14), (0.0, 16, 4, 4)],
)
def test_threads_leave_busy_cores_alone(others, cores, limit, expected):
    assert threads_beside(others=others, cores=cores, limit=limit) == expected


def test_there_is_always_a_thread():
    assert fitting_threads(used=0, most=1) == 1
    assert fitting_threads(used=10_000) >= 1
