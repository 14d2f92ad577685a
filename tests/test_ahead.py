"""Work done ahead: in order, bounded, with its errors where they belong, and over when the block is."""

from __future__ import annotations

import threading

import pytest

from mien.ahead import mapped_ahead, read_ahead
from mien.errors import InputError

WAIT_S = 20.0


def our_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("mien")]


def test_items_come_in_order():
    with read_ahead(range(100), most=3) as items:
        assert list(items) == list(range(100))
    with mapped_ahead(lambda item: 2 * item, range(100), threads=3, most=5) as results:
        assert list(results) == [2 * item for item in range(100)]
    assert not our_threads()


def test_items_are_read_before_they_are_asked_for_but_no_more_than_said():
    read, third = [], threading.Event()

    def source():
        for item in range(50):
            read.append(item)
            if item == 2:
                third.set()
            yield item

    with read_ahead(source(), most=3) as items:
        assert third.wait(WAIT_S)
        assert next(items) == 0
        assert len(read) <= 3 + 2  # the one that was taken, and the one that is being read
    assert len(read) <= 3 + 2
    assert not our_threads()


def test_no_more_is_begun_than_said():
    begun = []

    def source():
        for item in range(50):
            begun.append(item)
            yield item

    with mapped_ahead(str, source(), threads=2, most=4) as results:
        for number, result in enumerate(results):
            assert result == str(number)
            assert len(begun) <= number + 4


def test_several_are_worked_on_at_a_time():
    together = threading.Barrier(2, timeout=WAIT_S)
    with mapped_ahead(lambda _: together.wait(), range(2), threads=2) as results:
        assert sorted(results) == [0, 1]  # each waits for the other


def test_an_error_comes_where_its_item_would():
    def source():
        yield 1
        raise InputError("is damaged")

    with read_ahead(source()) as items:
        assert next(items) == 1
        with pytest.raises(InputError, match="damaged"):
            next(items)

    def work(item: int) -> int:
        if item == 3:
            raise InputError("cannot be drawn")
        return item

    with mapped_ahead(work, range(10)) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(InputError, match="cannot be drawn"):
            next(results)
    assert not our_threads()


@pytest.mark.parametrize(
    "reason", [KeyboardInterrupt(), InputError("is damaged")], ids=["interrupt", "error"]
)
def test_leaving_the_block_ends_the_threads(reason):
    def endless():
        while True:
            yield 0

    def interrupted():
        with read_ahead(endless()) as items, mapped_ahead(lambda item: item, items) as results:
            next(results)
            raise reason

    with pytest.raises(type(reason)):
        interrupted()
    assert not our_threads()
