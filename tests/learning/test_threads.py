"""Threads: one on a busy machine, all on a free one."""

from __future__ import annotations

import pytest

from mien.learning import threads as module
from mien.learning.threads import SharedCores, fitting_threads, threads_beside


@pytest.mark.parametrize(
    ("others", "cores", "limit", "expected"),
    [(0.0, 2, 2, 2), (0.4, 2, 2, 2), (1.0, 2, 2, 1), (5.0, 2, 2, 1), (2.0, 16, 16, 14), (0.0, 16, 4, 4)],
)
def test_threads_leave_busy_cores_alone(others, cores, limit, expected):
    assert threads_beside(others=others, cores=cores, limit=limit) == expected


def test_there_is_always_a_thread():
    assert fitting_threads(used=0, most=1) == 1
    assert fitting_threads(used=10_000) >= 1


def test_own_work_is_no_load_of_others(monkeypatch):
    """As the machine averages it: work is counted while it lasts, and fades in the minutes after."""
    torch = pytest.importorskip("torch", reason="threads are torch's")
    before = torch.get_num_threads()
    now, asked = [0.0], []

    def four(*, used: float, most: int | None) -> int:
        asked.append((used, most))
        return 4

    monkeypatch.setattr(module, "fitting_threads", four)
    cores = SharedCores(clock=lambda: now[0])
    try:
        with cores.working() as threads:
            assert threads == torch.get_num_threads() == 4
            now[0] += 600.0
        assert cores.own_load == pytest.approx(4.0, rel=1e-3)
        now[0] += 60.0
        assert cores.own_load == pytest.approx(4.0 / 2.71828, rel=1e-2)
        now[0] += 600.0
        with cores.working():
            now[0] += 1.0
        assert cores.own_load == pytest.approx(4 / 60, rel=0.05)
        assert [most for _, most in asked] == [before, before]
        assert asked[1][0] == pytest.approx(0.0, abs=1e-3)
    finally:
        torch.set_num_threads(before)
