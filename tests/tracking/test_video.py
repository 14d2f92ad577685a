"""The tracker on synthetic sequences with a landmarker that knows the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.landmarks.filter import LandmarkFilter, smooth_both_ways
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.tracking.tracker import Tracker, TrackerConfig
from mien.tracking.video import track_video
from tests.fitting.scenes import exact_landmarks, some_parameters

IMAGE = np.zeros((480, 640, 3), np.uint8)


class FakeLandmarker:
    """Gives out prepared landmarks, one frame after the other; None is a frame without a face."""

    def __init__(self, frames: list[Landmarks2D | None]) -> None:
        self.frames, self.searches = frames, 0

    def pictures(self):
        for index, _ in enumerate(self.frames):
            self.index = index
            yield IMAGE

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        self.searches += 1
        found = self.frames[self.index]
        return [] if found is None else [found]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        return self.frames[self.index]


def sequence(head, camera, *, count=30, noise_px=0.3, blink=(), turn=0.0, lost=()):
    person = some_parameters(head, seed=3, turn=0.05)
    rng = np.random.default_rng(0)
    frames, truths = [], []
    for index in range(count):
        expression = np.zeros(head.expression_count)
        expression[:2] = dict(blink).get(index, 0.0)
        rotation = person.root_rotation + [0, turn * np.sin(index / 6), 0]
        truth = replace(person, expression=expression, root_rotation=rotation)
        landmarks = exact_landmarks(head, truth, camera)
        points_px = landmarks.points_px + noise_px * rng.normal(size=landmarks.points_px.shape)
        truths.append(truth)
        frames.append(None if index in lost else replace(landmarks, points_px=points_px))
    return frames, truths


def run_tracker(head, frames, **options):
    landmarker = FakeLandmarker(frames)
    tracker = Tracker(context=Context(head=head, landmarker=landmarker), options=TrackerConfig(**options))
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
    tracker, _, results = run_tracker(head, frames)
    # The same frame by itself, for a person who is known: what the priors leave of a blink.
    alone = fit_landmarks(frames[16], tracker.camera, context=Context(head=head), identity=tracker.identity)
    track = track_video(
        FakeLandmarker(frames).pictures(), context=Context(head=head, landmarker=_rewound(frames))
    )
    for blinks in (
        [result.parameters.expression[0] for result in results],
        list(track.expression[:, 0]),
    ):
        rest = np.median(blinks[8:13])
        assert blinks[16] - rest > 0.9 * (alone.parameters.expression[0] - rest)
        assert blinks[21] - rest < 0.1


def _rewound(frames):
    """A landmarker that counts its own calls, for pictures that come from elsewhere."""

    class Counting(FakeLandmarker):
        index = -1

        def __call__(self, image):
            if self.index < 0:
                self.index = 0
            return super().__call__(image)

        def track(self, image, previous):
            self.index += 1
            return super().track(image, previous)

    return Counting(frames)


def test_lost_frames_are_marked_and_found_again(head, camera):
    frames, truths = sequence(head, camera, count=24, lost=range(10, 15))
    _, landmarker, results = run_tracker(head, frames, search_every=2)
    assert [result.tracked for result in results[:10]] == [True] * 10
    assert [result.status for result in results[10:15]] == [Status.LOST] * 5
    assert all(result.tracked for result in results[16:])
    assert landmarker.searches <= 5
    error = np.linalg.norm(results[-1].parameters.root_rotation - truths[-1].root_rotation)
    assert error < 0.05


def test_track_of_a_video(head, camera):
    frames, truths = sequence(head, camera, count=40, turn=0.4, lost=(5, 6, 30))
    landmarker = FakeLandmarker(frames)
    seen = []
    track = track_video(
        landmarker.pictures(),
        context=Context(head=head, landmarker=landmarker),
        progress=lambda done, total: seen.append(done),
        frames_per_second=30.0,
    )
    assert len(track) == 40
    assert seen == list(range(1, 41))
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


def test_video_without_a_face_is_all_lost(head):
    landmarker = FakeLandmarker([None] * 6)
    track = track_video(landmarker.pictures(), context=Context(head=head, landmarker=landmarker))
    assert not track.tracked.any()
    assert len(track.expression) == 6


def test_video_without_frames_is_an_input_error(head):
    with pytest.raises(InputError, match="no frames"):
        track_video([], context=Context(head=head, landmarker=FakeLandmarker([])))


def test_a_cut_starts_anew(head, camera):
    frames, _ = sequence(head, camera, count=12)
    landmarker = FakeLandmarker(frames)
    tracker = Tracker(context=Context(head=head, landmarker=landmarker))
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


def test_filter_follows_motion_without_lag(head, camera):
    frames, _ = sequence(head, camera, count=12, noise_px=0.2)
    moved = [replace(landmarks, points_px=landmarks.points_px + [4.0 * index, 0]) for index, landmarks in
             enumerate(frames)]  # fmt: skip
    keep = LandmarkFilter()
    for landmarks in moved:
        filtered = keep(landmarks)
    lag_px = (moved[-1].points_px - filtered.points_px).mean(axis=0)
    assert abs(lag_px[0]) < 0.2


def test_smoothing_both_ways_is_closer_to_the_truth(head, camera):
    frames, truths = sequence(head, camera, count=30, noise_px=0.5)
    truth_px = exact_landmarks(head, truths[0], camera).points_px
    smoothed = smooth_both_ways(frames)

    def error(points):
        return np.sqrt(np.mean([(one - truth_px) ** 2 for one in points[5:-5]]))

    assert error(smoothed) < 0.5 * error([landmarks.points_px for landmarks in frames])
