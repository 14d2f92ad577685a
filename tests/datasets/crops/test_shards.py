"""Reading shards: what was written comes back, new shards are found, bad ones are named."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from mien.datasets.crops.shards import FaceStore, mean_layout, read_shard
from mien.errors import InputError
from tests.datasets.crops.fake_faces import draw_face, write_shard


def test_shard_reads_back(tmp_path, layout):
    faces = [draw_face(np.random.default_rng(seed)) for seed in range(3)]
    write_shard(tmp_path / "shard-000000.tar", faces)
    shard = read_shard(tmp_path / "shard-000000.tar", layout)
    assert len(shard) == 3
    assert [detail["seed"] for detail in shard.details] == [0, 1, 2]
    for row, (picture, points_px) in enumerate(faces):
        face = shard.face(row)
        assert np.allclose(face.points_px, points_px, atol=1e-3)
        # RGB, not BGR, up to JPEG's losses
        assert np.abs(face.picture.astype(float) - picture).mean() < 4
        assert face.region.side_px == pytest.approx(4.4 * _rms(points_px[layout.face]), rel=1e-3)


def _rms(points_px):
    return np.sqrt(((points_px - points_px.mean(axis=0)) ** 2).sum(axis=1).mean())


def test_store_takes_in_new_shards_and_keeps_the_first_for_validation(tmp_path, shards, layout):
    (tmp_path / ".shard-000001.123.part.tar").write_bytes(b"still being written")
    shutil.copy(shards / "shard-000000.tar", tmp_path)
    store = FaceStore([tmp_path], layout)
    assert store.refresh() == 0
    held_out = FaceStore([tmp_path], layout, part="validation")
    assert held_out.refresh() == 16
    shutil.copy(shards / "shard-000001.tar", tmp_path)
    assert store.refresh() == 16
    assert store.refresh() == 0
    assert held_out.refresh() == 0
    assert np.array_equal(store[15].picture, store.shards[0].pictures[15])


def test_shards_that_are_done_out_of_order_keep_their_part(tmp_path, shards, layout):
    shutil.copy(shards / "shard-000001.tar", tmp_path)
    store, held_out = (FaceStore([tmp_path], layout, part=part) for part in ("training", "validation"))
    assert store.refresh() == 16
    assert held_out.refresh() == 0
    shutil.copy(shards / "shard-000000.tar", tmp_path)
    assert store.refresh() == 0
    assert held_out.refresh() == 16


def test_store_stops_at_its_cap(shards, layout):
    store = FaceStore([shards], layout, held_out=0, max_pictures=10)
    assert store.refresh() == 16  # whole shards only


def test_mean_layout_is_upright_and_central(shards, layout):
    store = FaceStore([shards], layout)
    store.refresh()
    mean = mean_layout(store)
    assert np.allclose(mean[layout.face].mean(axis=0), 0, atol=1e-6)
    assert mean[0, 1] < mean[9, 1]
    assert mean[0, 0] > 0 > mean[3, 0]


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_a_broken_shard_is_named(tmp_path, layout, content):
    (tmp_path / "shard-000000.tar").write_bytes(content)
    with pytest.raises(InputError, match=r"shard-000000\.tar.*mien synth"):
        read_shard(tmp_path / "shard-000000.tar", layout)


def test_a_missing_folder_is_named(tmp_path, layout):
    with pytest.raises(InputError, match="nowhere"):
        FaceStore([tmp_path / "nowhere"], layout).refresh()
