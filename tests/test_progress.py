"""One report for all long work."""

from __future__ import annotations

import pytest

from mien.progress import Progress, reported


def test_items_come_with_a_report_before_the_first_and_after_each():
    seen: list[Progress] = []
    taken = [(item, len(seen)) for item in reported("abc", seen.append, label="letters")]
    assert taken == [("a", 1), ("b", 2), ("c", 3)]
    assert [progress.done for progress in seen] == [0, 1, 2, 3]
    assert {(progress.total, progress.label) for progress in seen} == {(3, "letters")}


def test_items_that_nobody_counted_have_no_total():
    seen: list[Progress] = []
    assert list(reported(iter("ab"), seen.append)) == ["a", "b"]
    assert [progress.share for progress in seen] == [None, None, None]


@pytest.mark.parametrize(
    ("done", "total", "share"), [(1, 4, 0.25), (5, 4, 1.0), (0, 0, 1.0), (3, None, None)]
)
def test_share(done, total, share):
    assert Progress(done, total).share == share
