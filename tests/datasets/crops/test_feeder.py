"""The feeder: the same batches from another process, and what it says where there are none."""

from __future__ import annotations

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
