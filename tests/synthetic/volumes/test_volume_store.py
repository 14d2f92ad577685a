"""A store of volumes on disk: written once, read back, and what is said of other files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.progress import Progress
from mien.synthetic.volumes import volume_store
from mien.synthetic.volumes.volume_store import (
    LeakedVolumeError,
    make_volume_store,
    read_volume,
    write_volume,
)
from tests.synthetic.volumes.plain_volumes import plain_volume


def test_a_volume_comes_back(tmp_path: Path):
    volume = plain_volume(5)
    write_volume(tmp_path / "000005.npz", volume)
    loaded = read_volume(tmp_path / "000005.npz")
    for name in ("rgba", "low_m", "landmarks_m", "expression"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(volume, name))
    assert (loaded.name, loaded.kind, loaded.voxel_m) == (volume.name, volume.kind, volume.voxel_m)
    (tmp_path / "other.npz").write_bytes(b"no")
    with pytest.raises(InputError, match="not a volume of mien train field-landmarks volumes"):
        read_volume(tmp_path / "other.npz")


def test_what_is_there_is_kept_and_what_leaked_is_left_out(tmp_path: Path, monkeypatch):
    volume, asked = plain_volume(0), []

    class Maker:
        def __init__(self, studio: object) -> None:
            pass

        def make(self, seed: int):
            asked.append(seed)
            if seed == 11:
                raise LeakedVolumeError("the surface has a hole")
            return volume

    monkeypatch.setattr(volume_store, "VolumeMaker", Maker)
    monkeypatch.setattr(volume_store, "PosedStudio", lambda *_, **__: None)
    write_volume(tmp_path / "000010.npz", volume)
    seen: list[Progress] = []
    made = make_volume_store(tmp_path, tmp_path, first_seed=10, count=3, report=seen.append)
    assert made == 1
    assert asked == [11, 12]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000010.npz", "000012.npz"]
    assert seen[-1].share == 1
