"""Tracks of whole videos, with a landmarker that knows the truth."""

from __future__ import annotations

import numpy as np
import pytest

from mien.cameras import PICTURE_CAMERA_FROM_WORLD
from mien.errors import FitError, InputError
from mien.fitting.context import Context
from mien.tracking.video import track_video
from tests.tracking.sequences import FakeLandmarker, sequence


def test_track_of_a_video(head, camera):
    frames, truths = sequence(head, camera, count=40, turn=0.4, lost=(5, 6, 30))
    landmarker = FakeLandmarker(frames)
    told = []
    track = track_video(
        landmarker.pictures(),
        context=Context(head=head, landmarker=landmarker),
        report=told.append,
        frames_per_second=30.0,
    )
    assert len(track) == 40
    assert [progress.done for progress in told] == list(range(41))
    assert {progress.total for progress in told} == {None}
    lost = np.flatnonzero(~track.tracked)
    assert set(lost) >= {5, 6, 30}
    assert len(lost) <= 5
    np.testing.assert_array_equal(track.expression[6], track.expression[4])
    assert np.isnan(track.points_px[5]).all()
    assert np.isfinite(track.points_px[track.tracked]).all()
    np.testing.assert_allclose(np.diff(track.times_s), 1 / 30)
    # One identity for all frames, and a good one: the head turned.
    rest = np.zeros(head.expression_count)
    shape_mm = 1000 * (
        head.rest_vertices_m(track.identity, rest) - head.rest_vertices_m(truths[0].identity, rest)
    )
    assert np.linalg.norm(shape_mm - shape_mm.mean(axis=0), axis=1).mean() < 2.0
    turned = np.array([truth.root_rotation[1] for truth in truths])
    assert np.abs(track.root_rotation[track.tracked, 1] - turned[track.tracked]).max() < 0.06


def test_a_track_stops_where_it_is_told_to(head, camera):
    frames, _ = sequence(head, camera, count=8)
    landmarker, told = FakeLandmarker(frames), []
    context = Context(head=head, landmarker=landmarker)
    track = track_video(list(landmarker.pictures()), context=context, max_frames=3, report=told.append)
    assert len(track) == 3
    assert (told[-1].done, told[-1].total) == (3, 3)


def test_frames_of_a_track(head, camera):
    frames, _ = sequence(head, camera, count=4, lost=(2,))
    landmarker = FakeLandmarker(frames)
    track = track_video(landmarker.pictures(), context=Context(head=head, landmarker=landmarker))
    first, lost = track.frame(0), track.frame(2)
    assert first.tracked
    assert (first.time_s, first.camera, first.head_name) == (0.0, track.camera, head.name)
    np.testing.assert_array_equal(first.parameters.expression, track.expression[0])
    np.testing.assert_array_equal(first.landmarks.points_px, track.points_px[0])
    assert (lost.tracked, lost.landmarks) == (False, None)
    with pytest.raises(FitError, match=r"lost at 0\.08 s"):
        lost.head_fit(head)


def test_video_without_a_face_is_all_lost(head):
    landmarker = FakeLandmarker([None] * 6)
    track = track_video(landmarker.pictures(), context=Context(head=head, landmarker=landmarker))
    assert not track.tracked.any()
    assert len(track.expression) == 6
    np.testing.assert_array_equal(track.camera.camera_from_world, PICTURE_CAMERA_FROM_WORLD)


def test_video_without_frames_is_an_input_error(head):
    with pytest.raises(InputError, match="no frames"):
        track_video([], context=Context(head=head, landmarker=FakeLandmarker([])))
