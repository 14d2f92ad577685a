"""Only the newest request counts."""

from __future__ import annotations

import threading

import pytest

from mien.viewer.newest_wins import NewestWins


def test_what_waits_is_dropped_and_what_is_begun_left_off():
    begun, done = threading.Event(), []

    def work(request, left_off):
        if request == "first":
            begun.set()
            while not left_off():
                pass
            return None
        done.append(request)
        return request.upper()

    newest, results = NewestWins(work), {}

    def ask(request):
        results[request] = newest.result(request)

    first = threading.Thread(target=ask, args=("first",))
    first.start()
    assert begun.wait(10)
    ask("second")
    first.join(10)
    assert results == {"first": None, "second": "SECOND"}
    assert done == ["second"]
    newest.close()
    assert newest.result("third") is None


def test_of_many_that_wait_the_last_is_worked_on():
    hold, begun, worked = threading.Event(), threading.Event(), []

    def work(request, left_off):
        worked.append(request)
        begun.set()
        hold.wait(10)
        return request

    newest, results = NewestWins(work), {}
    threads = []
    for request in range(4):
        thread = threading.Thread(target=lambda each=request: results.update({each: newest.result(each)}))
        threads.append(thread)
        thread.start()
        if request == 0:
            assert begun.wait(10)
        else:
            while newest._newest is None or newest._newest.request != request:
                pass
    hold.set()
    for thread in threads:
        thread.join(10)
    assert worked == [0, 3]
    assert results == {0: 0, 1: None, 2: None, 3: 3}
    newest.close()


def test_errors_reach_who_asked():
    def work(request, left_off):
        raise ValueError("no such picture")

    newest = NewestWins(work)
    with pytest.raises(ValueError, match="no such picture"):
        newest.result("x")
    newest.close()
