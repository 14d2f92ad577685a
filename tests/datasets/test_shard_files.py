"""What is in a shard."""

from __future__ import annotations

import numpy as np
import pytest

from mien.datasets.shard_files import read_samples
from mien.errors import InputError
from tests.datasets.crops.fake_faces import draw_face, write_shard


def test_a_sample_without_its_points_is_named(tmp_path):
    path = tmp_path / "shard-000000.tar"
    write_shard(path, [draw_face(np.random.default_rng(0))])
    assert set(read_samples(path, needed=("jpg", "points.npy"))) == {"000000"}
    with pytest.raises(InputError, match=r"000000 lacks 000000\.mask\.png.*mien synth"):
        read_samples(path, needed=("jpg", "mask.png"))
