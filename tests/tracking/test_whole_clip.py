"""All frames of a clip at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import FitError, InputError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import HeadTrack
from mien.tracking.video import track_video
from mien.tracking.whole_clip import solve_whole
from tests.tracking.sequences import FakeLandmarker, sequence


@pytest.fixture
def clip(head, camera):
    frames, truths = sequence(head, camera, count=40, noise_px=0.5, turn=0.4, blink=[(9, 0.8)], lost=(0, 20))
    landmarker = FakeLandmarker(frames)
    context = Context(head=head, landmarker=landmarker)
    track = track_video(landmarker.pictures(), camera=camera, context=context)
    return track, truths, context


def face_error_m(head, track: HeadTrack, truths) -> float:
    """RMS distance of the posed heads' vertices from the true ones, on frames that were seen."""
    errors = [
        head.vertices_m(track.parameters(row)) - head.vertices_m(truths[row])
        for row in np.flatnonzero(track.tracked).tolist()
    ]
    return float(np.sqrt(np.mean(np.square(errors))))


def test_a_clip_is_solved_nearer_the_truth(head, camera, clip):
    track, truths, context = clip
    solved = solve_whole(track, camera=CameraPrior.known(camera), context=context)
    assert face_error_m(head, solved, truths) < face_error_m(head, track, truths)
    identity_error = np.linalg.norm(solved.identity - truths[0].identity)
    assert identity_error < np.linalg.norm(track.identity - truths[0].identity) + 0.02
    np.testing.assert_array_equal(solved.tracked, track.tracked)
    np.testing.assert_array_equal(solved.expression[20], solved.expression[19])
    first = int(np.argmax(solved.tracked))
    assert first > 0
    np.testing.assert_array_equal(solved.expression[0], solved.expression[first])


def test_an_unknown_focal_length_is_found(camera, clip):
    track, _, context = clip
    off = camera.intrinsics.copy()
    off[:2, :2] *= 1.15
    started = replace(track, camera=replace(camera, intrinsics=off))
    solved = solve_whole(started, context=context)
    error = abs(np.log(solved.camera.focal_px / camera.focal_px))
    assert error < 0.9 * abs(np.log(1.15))


def test_frames_can_be_held_together(clip, camera):
    track, _, context = clip
    loose = solve_whole(track, camera=CameraPrior.known(camera), context=context)
    config = replace(context.config, still_vertices_std_m=0.0005)
    firm = solve_whole(track, camera=CameraPrior.known(camera), context=replace(context, config=config))

    def jitter(one: HeadTrack) -> float:
        return float(np.abs(np.diff(one.root_translation_m[1:20], n=2, axis=0)).mean())

    assert jitter(firm) < 0.8 * jitter(loose)


def test_refusals(clip, monkeypatch):
    track, _, context = clip
    with pytest.raises(FitError, match="no face"):
        solve_whole(replace(track, tracked=np.zeros(len(track), bool)), context=context)
    with pytest.raises(InputError, match="FLAME"):
        solve_whole(replace(track, head_name="FLAME"), context=context)
    monkeypatch.setattr("mien.tracking.whole_clip.MOST_FRAMES", 10)
    with pytest.raises(InputError, match="max_frames"):
        solve_whole(track, context=context)
