"""Other people and expressions from the same volume carry their landmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import Box
from mien.synthetic.volumes.other_faces import OtherFaces
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.box_sampling import LoadedVolume
from mien.training.landmarks_in_fields.warps import TpsWarp


@pytest.mark.parametrize("mirrored", [False, True])
def test_other_people_and_expressions_carry_their_landmarks(store: Path, mirrored: bool):
    volume = LoadedVolume.of(read_volume(store / "000002.npz"))
    here_m, rng = volume.source.landmarks_m, np.random.default_rng(4)
    others = OtherFaces(load_head())
    for _ in range(4):
        person_m = others.person_m(here_m, rng)
        moved_m = np.linalg.norm(person_m - here_m, axis=1).mean()
        assert 0.001 < moved_m < 0.012
        warp = TpsWarp.between(here_m, person_m, carried_m=person_m - here_m)
        target_m = person_m * [-1.0 if mirrored else 1.0, 1.0, 1.0]
        nose_m = target_m[27:36]  # of all landmarks these stand out most clearly from the surface around
        for shift_m, low, high in ((0.012, -0.01, 0.2), (-0.012, 0.8, 1.01)):
            box = Box(nose_m[3] + np.array([0, 0, shift_m]), 0.001, np.eye(3))
            seen = volume.sample(box, 2, level=1, mirrored=mirrored, change=warp)
            assert low < float(seen[3].mean()) < high
    drawn = np.stack([others.expression_m(volume.source, rng) - here_m for _ in range(20)])
    inner_lips, nose_bridge = drawn[:, 60:68], drawn[:, 27]
    assert np.abs(inner_lips).mean() > 3 * np.abs(nose_bridge).mean()
