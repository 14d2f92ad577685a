"""The feeder: the same batches from another process, and what it says where there are none."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mien.datasets.crops.batches import CropDataset
from mien.datasets.crops.feeder import FeederConfig, _wait_for_faces, feed
from mien.errors import InputError

INLINE = FeederConfig(processes=0, wait_s=0.0)


def at(dataset: CropDataset, folder) -> CropDataset:
    """The same of another folder."""
    return replace(dataset, config=replace(dataset.config, data=(folder,)))


def test_batches_from_another_process_are_the_same(dataset: CropDataset):
    here, beside = feed(dataset, INLINE, first_step=5), feed(dataset, FeederConfig(ring=2), first_step=5)
    try:
        for _ in range(4):  # more than the ring holds
            expected, got = next(here), next(beside)
            assert np.array_equal(expected.crops, got.crops)
            assert np.array_equal(expected.points, got.points)
            assert np.array_equal(expected.presence, got.presence)
            assert expected.store_size == got.store_size == 16
            del got
    finally:
        here.close()
        beside.close()


def test_several_processes_take_turns_with_folders_of_their_own(dataset, shards, tmp_path):
    folders = []
    for number in range(2):
        folders.append(tmp_path / f"part{number}")
        folders[-1].mkdir()
    shutil.copy(shards / "shard-000001.tar", folders[0])
    shutil.copy(shards / "shard-000001.tar", folders[1])
    shutil.copy(shards / "shard-000001.tar", folders[1] / "shard-000002.tar")
    both = replace(dataset, config=replace(dataset.config, data=tuple(folders)))
    with contextlib.closing(feed(both, FeederConfig(processes=2, ring=2), first_step=3)) as batches:
        sizes = []
        for step in range(3, 7):
            got = next(batches)
            sizes.append(got.store_size)
            with contextlib.closing(feed(at(dataset, folders[step % 2]), INLINE, first_step=step)) as alone:
                expected = next(alone)
            assert np.array_equal(expected.crops, got.crops), step
            assert np.array_equal(expected.points, got.points), step
            del got
    assert sizes == [32, 16, 32, 16]


def test_without_shards_the_feeder_says_what_to_do(dataset, tmp_path):
    for options in (INLINE, FeederConfig(wait_s=0.0)):
        batches = feed(at(dataset, tmp_path), options)
        with pytest.raises(InputError, match="mien synth"):
            next(batches)


@pytest.mark.parametrize("processes", [0, 1])
def test_a_folder_in_which_nobody_draws_is_not_waited_for(dataset, tmp_path, processes):
    (tmp_path / "notes.txt").write_text("no shards\n")
    batches = feed(at(dataset, tmp_path), FeederConfig(processes=processes, wait_s=600.0))
    with pytest.raises(InputError, match="mien synth"):
        next(batches)


def test_who_waits_for_faces_ends_with_the_training(dataset, tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"count": 160, "format_version": 2}))
    store = at(dataset, tmp_path).open_store()
    asked = iter([False, True])
    _wait_for_faces(store, FeederConfig(wait_s=600.0), unwanted=lambda: next(asked))
    assert not len(store)


def test_a_folder_that_is_complete_without_training_shards_is_not_waited_for(dataset, shards, tmp_path):
    shutil.copy(shards / "shard-000000.tar", tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"count": 16, "format_version": 2}))
    batches = feed(at(dataset, tmp_path), FeederConfig(processes=0, wait_s=600.0))
    with pytest.raises(InputError, match="draw more"):
        next(batches)
