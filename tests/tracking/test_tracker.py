"""The live tracker on synthetic sequences with a landmarker that knows the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mien
from mien.cameras import Camera
from mien.errors import FitError, InputError
from mien.exporters.saved import read_fit
from mien.fitting.arkit_weights import arkit_weights
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.heads.library import load_head
from mien.least_squares.solution import Status
from mien.tracking.config import TrackerConfig
from mien.tracking.tracker import Tracker
from mien.tracking.video import track_video
from tests.fitting.scenes import exact_landmarks
from tests.tracking.sequences import IMAGE, FakeLandmarker, sequence


def run_tracker(head, frames, *, camera=None, **options):
    landmarker = FakeLandmarker(frames)
    context = Context(head=head, landmarker=landmarker)
    tracker = Tracker(context, camera=camera, config=TrackerConfig(**options))
    results = [tracker.update(image, index / 25) for index, image in enumerate(landmarker.pictures())]
    return tracker, landmarker, results


def test_still_face_is_still(head, camera):
    frames, _ = sequence(head, camera)
    _, _, results = run_tracker(head, frames)
    vertices = head.landmark_set("toy").vertices
    fitted_px = np.array(
        [result.camera.project(head.vertices_m(result.parameters)[vertices]) for result in results]
    )[10:]
    seen_px = np.array([landmarks.points_px for landmarks in frames])[10:]

    def jitter(points):
        return np.sqrt((np.diff(points, axis=0) ** 2).mean())

    assert jitter(fitted_px) < 0.35 * jitter(seen_px)
    assert all(result.tracked for result in results)


def test_quick_blink_keeps_its_amplitude(head, camera):
    frames, _ = sequence(head, camera, blink={15: 0.5, 16: 1.0, 17: 0.5})
    tracker, landmarker, results = run_tracker(head, frames)
    context = Context(head=head, landmarker=landmarker)
    # The same frame by itself, for a person who is known: what the priors leave of a blink.
    alone = fit_landmarks(frames[16], tracker.camera, identity=tracker.identity, context=context)
    track = track_video(landmarker.pictures(), context=context)
    for blinks in (
        [result.parameters.expression[0] for result in results],
        list(track.expression[:, 0]),
    ):
        rest = np.median(blinks[8:13])
        assert blinks[16] - rest > 0.9 * (alone.parameters.expression[0] - rest)
        assert blinks[21] - rest < 0.1


def test_lost_frames_are_marked_and_found_again(head, camera):
    frames, truths = sequence(head, camera, count=24, lost=range(10, 15))
    _, landmarker, results = run_tracker(head, frames, search_every=2)
    assert [result.tracked for result in results[:10]] == [True] * 10
    assert [result.status for result in results[10:15]] == [Status.LOST] * 5
    assert all(result.tracked for result in results[16:])
    assert landmarker.searches <= 5
    error = np.linalg.norm(results[-1].parameters.root_rotation - truths[-1].root_rotation)
    assert error < 0.05


def test_a_cut_starts_anew(head, camera):
    frames, _ = sequence(head, camera, count=12)
    landmarker = FakeLandmarker(frames)
    tracker = Tracker(Context(head=head, landmarker=landmarker))
    rng = np.random.default_rng(0)
    scenes = [rng.integers(0, 256, size=IMAGE.shape, dtype=np.uint8) for _ in range(2)]
    scenes = [np.kron(scene[:6, :8], np.ones((80, 80, 1), np.uint8)) for scene in scenes]
    results = []
    for index in range(12):
        landmarker.index = index
        results.append(tracker.update(scenes[index // 6], index / 25))
    assert [result.cut for result in results] == [index == 6 for index in range(12)]
    assert landmarker.searches == 2
    assert all(result.tracked for result in results)


def test_what_is_known_of_the_camera(head, camera):
    frames, _ = sequence(head, camera, count=6)
    known, _, _ = run_tracker(head, frames, camera=camera)
    near, _, results = run_tracker(head, frames, camera=CameraPrior.near(1000.0, width_px=640, height_px=480))
    free, _, _ = run_tracker(head, frames)
    assert known.camera is camera
    assert near.camera.focal_px == pytest.approx(1000.0, rel=0.1)
    assert abs(np.log(free.camera.focal_px / 800)) < abs(np.log(near.camera.focal_px / 800))
    assert results[-1].camera is near.camera


def test_nothing_is_known_before_the_first_picture(head):
    tracker = Tracker(Context(head=head, landmarker=FakeLandmarker([None])))
    assert tracker.camera is None
    assert tracker.identity is None
    frame = tracker.update(IMAGE, 0.0)
    assert (frame.status, frame.landmarks, frame.raw_landmarks) == (Status.LOST, None, None)
    assert tracker.camera.focal_px == 800
    assert tracker.identity is None


def test_a_landmarker_that_cannot_follow_is_refused(head):
    with pytest.raises(InputError, match="track"):
        Tracker(Context(head=head, landmarker=lambda image: []))


def test_a_frame_is_a_fit(head, camera):
    frames, _ = sequence(head, camera, count=4)
    _, _, results = run_tracker(head, frames)
    frame = results[-1]
    fit = frame.head_fit(head)
    assert fit.parameters is frame.parameters
    assert (fit.status, fit.head_name, fit.head_version) == (frame.status, head.name, head.version)
    assert fit.landmarks is frame.landmarks
    np.testing.assert_array_equal(frame.raw_landmarks.points_px, frames[-1].points_px)
    assert np.abs(frame.landmarks.points_px - frames[-1].points_px).max() > 0  # averaged over time
    assert np.sqrt((fit.residuals_px**2).mean()) < 0.5
    with pytest.raises(InputError, match="pass the head"):
        frame.head_fit()


@pytest.mark.parametrize("suffix", [".glb", ".obj", ".json", ".npz", ".csv"])
def test_a_frame_can_be_exported(head, camera, tmp_path, suffix):
    frames, _ = sequence(head, camera, count=3, lost=(2,))
    _, _, results = run_tracker(head, frames)
    path = mien.export(results[1], tmp_path / f"frame{suffix}", head=head)
    assert path.stat().st_size > 0
    if suffix in (".json", ".npz"):
        read = read_fit(path)
        np.testing.assert_array_equal(read.parameters.expression, results[1].parameters.expression)
        assert (read.focal, read.identity_known) == ("fixed", True)
    with pytest.raises(FitError, match=r"lost at 0\.08 s.*tracked"):
        mien.export(results[2], tmp_path / f"lost{suffix}", head=head)
    assert not (tmp_path / f"lost{suffix}").exists()


def test_a_frame_gives_the_weights_of_the_finished_tracks_frame():
    """One frame is fitted alike by both passes: nothing is averaged, nobody is learned."""
    head = load_head()
    camera = Camera.from_focal(
        900.0, width_px=640, height_px=480, camera_from_world=mien.cameras.PICTURE_CAMERA_FROM_WORLD
    )
    expression = np.array([{"jawOpen": 0.6}.get(name, 0.0) for name in head.expression_names])
    truth = replace(head.neutral(), expression=expression, root_translation_m=np.array([0, 0, -0.6]))
    frames = [exact_landmarks(head, truth, camera, set_name="dense320", sigma_px=0.5)]
    _, _, [frame] = run_tracker(head, frames, camera=camera, smooth=False)
    landmarker = FakeLandmarker(frames)
    context = Context(head=head, landmarker=landmarker)
    track = track_video(
        landmarker.pictures(), camera=camera, config=TrackerConfig(smooth=False), context=context
    )
    live, finished = arkit_weights(frame), arkit_weights(track.frame(0))
    assert live.named()["jawOpen"] == pytest.approx(0.6, abs=0.15)
    np.testing.assert_allclose(live.weights, finished.weights, atol=0.02)
    same = replace(
        track.frame(0), parameters=frame.parameters, camera=frame.camera, landmarks=frame.landmarks
    )
    np.testing.assert_array_equal(arkit_weights(same).weights, live.weights)
    np.testing.assert_array_equal(arkit_weights(same).deviations, live.deviations)


def test_lost_frames_have_no_weights():
    _, _, [frame] = run_tracker(load_head(), [None])
    with pytest.raises(FitError, match="lost"):
        arkit_weights(frame)
