"""Jitter measured on points and clips with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.tracking.still_faces import jitter_px, still_face_jitter, still_frames, still_portrait
from mien.fitting.context import Context
from mien.landmarks.types import Landmarks2D
from mien.synthetic.held_out_people.blink_scripts import blink_script, scripted_landmarks
from tests.toy_head import toy_head


def drifting(*, count: int = 60, speed_px: float = 0.1, noise_px: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    face = 40 * rng.normal(size=(30, 2)) + 200
    points_px = face + speed_px * np.arange(count)[:, None, None]
    return points_px + noise_px * rng.normal(size=points_px.shape)


def test_jitter_is_what_is_beyond_even_motion():
    everywhere = np.zeros(60, bool)
    everywhere[5:-5] = True
    assert jitter_px(drifting(speed_px=3.0), everywhere) == pytest.approx(0, abs=1e-9)
    # A change from frame to frame of white noise has twice its variance, in each of two directions; the mean
    # of seven takes out next to nothing.
    assert jitter_px(drifting(noise_px=0.5), everywhere) == pytest.approx(0.5 * 2, rel=0.05)


def test_still_frames_are_those_without_motion():
    points_px = drifting(noise_px=0.3)
    points_px[30:] += 4.0 * np.arange(30)[:, None, None]
    points_px[12] = np.nan
    still = still_frames(points_px)
    assert not still[32:].any()
    assert not still[10:15].any()
    assert still[20:23].any()
    assert not still_frames(points_px[:6]).any()


def test_a_still_portrait_differs_in_noise_alone():
    photo = np.full((40, 50, 3), 128, np.uint8)
    frames = still_portrait(photo, count=6)
    means = np.array([frame.mean() for frame in frames])
    assert np.abs(means - 128).max() < 1
    assert 1 < np.std(frames[0].astype(float) - frames[1]) < 15


class FromTruth:
    """Finds a face of the toy head, with fresh noise in every frame."""

    def __init__(self) -> None:
        self.face = scripted_landmarks(blink_script(toy_head(), count=1, seed=4), "toy")[0]
        self.rng = np.random.default_rng(0)

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        face = self.face
        return [replace(face, points_px=face.points_px + 0.5 * self.rng.normal(size=face.points_px.shape))]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        return self(image)[0]


def test_tracking_halves_the_jitter_of_a_still_face():
    picture = np.zeros((480, 640, 3), np.uint8)
    jitter = still_face_jitter([picture] * 40, context=Context(head=toy_head(), landmarker=FromTruth()))
    assert jitter.frames > 10
    assert jitter.landmarks_px == pytest.approx(1.0, rel=0.1)
    assert jitter.realtime_ratio < 0.5
    assert jitter.offline_ratio < 0.5


def test_no_still_face_is_an_input_error():
    picture = np.zeros((480, 640, 3), np.uint8)
    with pytest.raises(InputError, match="still"):
        still_face_jitter([picture] * 8, context=Context(head=toy_head(), landmarker=FromTruth()))
