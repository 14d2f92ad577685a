"""Edits that no face can take are refused by name, before anything is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads.library import load_head

pytest.importorskip("torch")

from mien.morphable_fields.driver_files import landmarks_of_json
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.operations import LandmarkMove, edit_face, interpolate_faces


@pytest.fixture(scope="module")
def face() -> MorphableFace:
    head = load_head()
    nothing = np.zeros(head.identity_count), np.zeros(head.expression_count), np.zeros((68, 3))
    return MorphableFace(np.full((8, 8, 3), 120, np.uint8), *nothing)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e9, -2.0])
def test_weights(face: MorphableFace, weight: float):
    with pytest.raises(InputError, match="jawOpen"):
        edit_face(face, weights={"jawOpen": weight})


@pytest.mark.parametrize(
    ("by_mm", "radius_mm"), [((np.nan, 0, 0), 1.0), ((0, 1, 0), np.nan), ((0, 1, 0), -1.0)]
)
def test_moves(by_mm: tuple[float, float, float], radius_mm: float):
    with pytest.raises(InputError, match="finite ways and a radius"):
        LandmarkMove("mouth", by_mm, radius_mm=radius_mm)


@pytest.mark.parametrize("share", [float("nan"), 7.0, -3.0])
def test_shares(face: MorphableFace, share: float):
    with pytest.raises(InputError, match="share: must be 0"):
        interpolate_faces(face, face, share)


def test_a_file_without_landmarks_says_what_was_expected(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"faces": []}')
    with pytest.raises(InputError, match="holds no landmarks to follow"):
        landmarks_of_json(path)
