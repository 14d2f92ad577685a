"""Processes that draw: all shards come, in any number of processes; deaths cost a shard, errors are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mien.errors import MienError
from mien.synthetic.scenes.drawing_workers import TRIES, Draw, ShardJob, draw_shards


@dataclass(frozen=True)
class Begin:
    """Writes shards of text; dies or fails at some pictures, dies at `once` only the first time."""

    folder: Path
    once: int = -1
    always: int = -1
    fails: int = -1

    def __call__(self) -> Draw:
        def draw(job: ShardJob) -> Iterator[None]:
            text = ""
            for index in range(job.first, job.first + job.count):
                mark = self.folder / f"died-{index}"
                if index == self.always or (index == self.once and not mark.exists()):
                    mark.touch()
                    os._exit(11)
                if index == self.fails:
                    raise ValueError("no such hair")
                text += f"{index} "
                yield
            job.path.write_text(text)

        return draw


def jobs_in(folder: Path) -> list[ShardJob]:
    return [ShardJob(folder / f"shard-{k}", 3 * k, 3) for k in range(3)]


def test_a_process_that_dies_costs_its_shard_only(tmp_path: Path):
    reported: list[int] = []
    begin = Begin(tmp_path, once=4, always=8)
    lost = draw_shards(jobs_in(tmp_path), begin, workers=2, more=reported.append)
    assert [job.path.name for job in lost] == ["shard-2"]
    assert (tmp_path / "shard-0").read_text() == "0 1 2 "
    assert (tmp_path / "shard-1").read_text() == "3 4 5 "  # by a fresh process
    assert not (tmp_path / "shard-2").exists()
    assert sum(reported) == 6  # pictures of half shards are taken back
    assert reported.count(-1) == 1
    assert reported.count(-2) == TRIES


def test_an_error_is_passed_on(tmp_path: Path):
    with pytest.raises(MienError, match="ValueError: no such hair"):
        draw_shards(jobs_in(tmp_path), Begin(tmp_path, fails=1), workers=1, more=lambda _: None)


def test_nothing_to_do_starts_nothing(tmp_path: Path):
    assert draw_shards([], Begin(tmp_path), workers=4, more=pytest.fail) == []
