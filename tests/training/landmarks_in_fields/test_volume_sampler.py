"""Volumes in memory, people kept apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mien.synthetic.volumes.head_volume import TRAINED
from mien.synthetic.volumes.volume_store import read_volume, write_volume
from mien.training.landmarks_in_fields.volume_sampler import VolumeSampler


def test_samplers_tell_volumes_of_trained_fields_and_keep_people_apart(store: Path, tmp_path: Path):
    volume = read_volume(store / "000001.npz")
    for person, take in ((25, 0), (25, 1), (26, 0)):
        write_volume(tmp_path / f"{person:06d}-{take}.npz", replace(volume, kind=TRAINED))
    volumes = VolumeSampler([store, tmp_path], levels=VolumeSampler.levels_of("coarse"))
    assert volumes.counts() == {"analytic": 3, "trained": 1}
    assert set(volumes.volumes[0].levels) == {4}
    held_out = VolumeSampler([store, tmp_path], validation=True)
    assert held_out.counts() == {"analytic": 1, "trained": 2}
    write_volume(tmp_path / "000027-3.npz", volume)
    volumes.refresh()
    assert volumes.counts() == {"analytic": 4, "trained": 1}
