"""A head in a field: photographs draw it to where they see it."""

from __future__ import annotations

import numpy as np
import pytest

from mien.fields.photographed_face import PhotographedFace
from mien.heads.library import load_head
from mien.landmarks_in_fields import head_in_field
from mien.landmarks_in_fields.head_in_field import FieldFit, FieldFitConfig, fit_field
from mien.landmarks_in_fields.photographs import Photographed
from mien.landmarks_in_fields.types import Landmarks3D
from tests.landmarks_in_fields.known_fields import head_field
from tests.landmarks_in_fields.test_photographs import camera_at, photographs


def error_mm(fitted: FieldFit, points_m: np.ndarray) -> float:
    head = load_head()
    own_m = head.vertices_m(fitted.parameters)[head.landmark_set("ict68").vertices]
    return 1000 * float(np.linalg.norm(own_m - points_m, axis=1).mean())


def test_the_head_follows_photographs(monkeypatch: pytest.MonkeyPatch):
    field, points_m = head_field()  # without looks: pictures of it say little
    found = Landmarks3D(points_m, 0.99, True, np.eye(3, 4), points_m, np.full(68, 0.003))
    config = FieldFitConfig(size_px=96)
    alone = fit_field(field, landmarks=found, config=config)
    open_m = points_m.copy()
    open_m[[57, 58, 56, 66, 67, 65, 8, 7, 9], 1] -= 0.006  # lower lip and chin
    told = Photographed(PhotographedFace(open_m, 9.0, 9))
    monkeypatch.setattr(head_in_field, "photographs_opinion", lambda *asked: told)
    shown = photographs([camera_at(azimuth) for azimuth in (0, 30, -30)])
    followed = fit_field(field, landmarks=found, images=shown, config=config)
    assert error_mm(followed, open_m) < 5
    assert error_mm(followed, open_m) < 0.5 * error_mm(alone, open_m)
