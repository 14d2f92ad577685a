"""Measuring landmarks on faces that are known exactly, with a landmarker whose errors are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.evaluation.landmarks.synthetic_faces import (
    EXACT_SET,
    DrawnPerson,
    ExactFace,
    by_group,
    figures,
    measure,
)
from mien.heads.library import load_head
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.types import Landmarks2D


@pytest.fixture(scope="module")
def faces():
    """Three heads, straight and turned, one with closed eyes; the picture itself does not matter."""
    head = load_head()
    made = []
    for yaw_deg, blink in ((0, 0.0), (20, 1.0), (80, 0.0)):
        parameters = replace(
            head.neutral(),
            root_rotation=np.array([0, np.radians(yaw_deg), 0]),
            root_translation_m=np.array([0, 0, -0.8]),
        )
        for name in ("eyeBlinkLeft", "eyeBlinkRight"):
            parameters.expression[head.expression_names.index(name)] = blink
        camera = Camera.from_focal(
            600.0, width_px=192, height_px=192, camera_from_world=np.diag([1.0, -1, -1, 1])
        )
        points_px = camera.project(head.vertices_m(parameters)[head.landmark_set(EXACT_SET).vertices])
        hidden = (np.arange(len(points_px)) % 2).astype(np.uint8)
        picture = np.full((192, 192, 3), 100, np.uint8)
        made.append(ExactFace(picture, points_px, hidden, parameters, camera, float(np.radians(yaw_deg))))
    return made


class _Known(Landmarker):
    """Answers with the exact points plus an error along x, σ twice as large where a point is hidden."""

    set_name = EXACT_SET  # pyright: ignore[reportAssignmentType]

    def __init__(self, faces, *, error_px: float, sigma_px: float, lost: float = 4.0):
        self.faces, self.error_px, self.sigma_px, self.lost = faces, error_px, sigma_px, lost
        self.calls = 0

    def __call__(self, image, max_faces=None):
        return []

    def track(self, image, previous):
        face = self.faces[self.calls]
        self.calls += 1
        if abs(face.yaw_rad) > self.lost:
            return None
        # the given points are the true ones, shifted as a whole
        exact_px = np.asarray(face.points_px, float)
        scale = np.linalg.norm(np.ptp(previous.points_px, axis=0)) / np.linalg.norm(np.ptp(exact_px, axis=0))
        margin_px = round(192 * scale) // 2
        points_px = (exact_px + 0.5) * scale - 0.5 + margin_px + [self.error_px, 0]
        return Landmarks2D(points_px, self.sigma_px * (1.0 + face.visibility), EXACT_SET, 1.0)


def test_known_errors_come_out(faces):
    result = figures(measure(faces, _Known(faces, error_px=1.0, sigma_px=2.0), size_px=100.0))
    assert result["faces"] == 3
    assert result["tracked"] == 1.0
    assert result["found"] == 0.0
    assert result["nme"] == pytest.approx(0.01, rel=1e-3)
    assert result["within_1_sigma"] == 1.0
    assert result["sigma_behind_head_ratio"] == pytest.approx(2.0)
    assert result["error_behind_head_ratio"] == pytest.approx(1.0)
    # a shift of the whole face changes no gap
    assert result["lid_gap_error"] == pytest.approx(0, abs=1e-6)
    assert result["lid_gap_slope"] == pytest.approx(1, abs=1e-6)
    assert result["closed_eyes"] == 2


def test_points_beyond_two_sigma_are_counted(faces):
    measured = measure(faces, _Known(faces, error_px=3.0, sigma_px=1.0), size_px=100.0)
    # 3 px are beyond 2σ of 1 px, and within 2σ of 2 px where hidden
    hidden = np.concatenate([face.visibility for face in measured]) == 1
    assert figures(measured)["within_2_sigma"] == pytest.approx(hidden.mean())


def test_lost_faces_count(faces):
    result = figures(measure(faces, _Known(faces, error_px=1.0, sigma_px=2.0, lost=1.0), size_px=60.0))
    assert result["tracked"] == pytest.approx(2 / 3)
    assert result["nme"] == pytest.approx(1 / 60, rel=1e-3)


def test_groups_of_people_are_told_apart(faces):
    """By skin, sex and age; strongly turned faces and people of whom nothing is known are left out."""
    people = (
        DrawnPerson(0.05, "female", "old"),
        DrawnPerson(0.3, "male", "old"),
        DrawnPerson(0.3, "male", "old"),
    )
    known = [replace(face, person=person) for face, person in zip(faces, people, strict=True)]
    measured = measure(known, _Known(known, error_px=2.0, sigma_px=2.0), size_px=60)
    groups = by_group(measured)
    assert {name: count for name, (count, _) in groups.items()} == {
        "skin 0.00–0.08": 1,
        "skin 0.26–1.00": 1,
        "female": 1,
        "male": 1,
        "old": 2,
    }
    assert groups["old"][1] == pytest.approx(np.mean([face.error for face in measured[:2]]))
    assert by_group(measure(faces, _Known(faces, error_px=2.0, sigma_px=2.0), size_px=60)) == {}
