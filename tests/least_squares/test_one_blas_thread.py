"""The limit holds inside, for everyone, and leaves nothing behind."""

from __future__ import annotations

import threading

import pytest
import scipy.linalg  # noqa: F401  (its BLAS must be there to be counted)
from threadpoolctl import threadpool_info, threadpool_limits

from mien.least_squares.one_blas_thread import one_blas_thread


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if set(blas_threads()) != {2}:
            pytest.skip("this machine's BLAS cannot be told to use two threads")
        yield


def test_one_thread_inside_and_the_old_number_after(two_threads: None):
    assert set(one_blas_thread(blas_threads)()) == {1}
    assert set(blas_threads()) == {2}


def test_restored_after_an_error(two_threads: None):
    @one_blas_thread
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert set(blas_threads()) == {2}


def test_nested_calls_limit_until_the_outer_one_returns(two_threads: None):
    @one_blas_thread
    def outer() -> list[int]:
        one_blas_thread(blas_threads)()
        return blas_threads()

    assert set(outer()) == {1}
    assert set(blas_threads()) == {2}


def test_overlapping_calls_of_two_threads_restore_the_number(two_threads: None):
    """First in, first out: with a plain save and restore the second would put back the limit itself."""
    second_is_in, first_is_out = threading.Event(), threading.Event()

    @one_blas_thread
    def second() -> list[int]:
        second_is_in.set()
        assert first_is_out.wait(10)
        return blas_threads()

    seen: list[list[int]] = []
    thread = threading.Thread(target=lambda: seen.append(second()))

    @one_blas_thread
    def first() -> None:
        thread.start()
        assert second_is_in.wait(10)

    first()
    first_is_out.set()
    thread.join(10)
    assert set(seen[0]) == {1}
    assert set(blas_threads()) == {2}
