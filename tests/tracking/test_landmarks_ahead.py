"""Faces looked for ahead are those that would be found later, and nothing is left running."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.fitting.context import Context
from mien.images.video import VideoWriter, open_video
from mien.landmarks.types import Landmarks2D
from mien.tracking.landmarks_ahead import LandmarksAhead
from mien.tracking.video import track_video
from tests.tracking.sequences import sequence

STEP = 10  # in brightness, from frame to frame


def face_at(x: float) -> Landmarks2D:
    return Landmarks2D(np.full((3, 2), float(x)), np.ones(3), "three")


class Follower:
    """Moves a face by the picture's first value; counts its calls, and how many run at a time."""

    def __init__(self) -> None:
        self.calls, self.inside, self.most_inside = 0, 0, 0

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        return []

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.calls += 1
        shift = int(image[0, 0, 0])
        self.inside -= 1
        if shift == 99:
            raise InputError("the network is damaged")
        return face_at(float(previous.points_px[0, 0]) + shift)


def picture(value: int) -> np.ndarray:
    return np.full((4, 4, 3), value, np.uint8)


@pytest.fixture
def follower() -> Follower:
    return Follower()


@pytest.fixture
def ahead(follower: Follower):
    found = LandmarksAhead(follower)
    yield found
    found.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mien landmarks")]


def test_answers_are_the_landmarkers_asked_once(ahead: LandmarksAhead, follower: Follower):
    image, faces = picture(3), [face_at(10), face_at(20)]
    ahead.begin(image, faces)
    for face in faces:
        found = ahead.track(image, face)
        assert found is not None
        assert found.points_px[0, 0] == face.points_px[0, 0] + 3
    assert follower.calls == 2


def test_other_pictures_and_faces_are_asked_for_anew(ahead: LandmarksAhead, follower: Follower):
    image, face = picture(3), face_at(10)
    ahead.begin(image, [face])
    other_picture, other_face = ahead.track(picture(5), face), ahead.track(image, face_at(30))
    assert other_picture is not None
    assert other_face is not None
    assert (other_picture.points_px[0, 0], other_face.points_px[0, 0]) == (15, 33)
    ahead.settle()
    ahead.track(image, face)  # dropped before: looked for again
    assert follower.calls >= 3
    assert follower.most_inside == 1


def test_an_error_comes_when_the_answer_is_asked_for(ahead: LandmarksAhead):
    image, face = picture(99), face_at(10)
    ahead.begin(image, [face])
    with pytest.raises(InputError, match="damaged"):
        ahead.track(image, face)
    ahead.settle()
    ahead.begin(image, [face])  # an answer that nobody asks for harms nobody


class ByBrightness:
    """Prepared landmarks, by how bright a picture is."""

    def __init__(self, frames: list[Landmarks2D | None]) -> None:
        self.frames = frames

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        found = self.frames[round(float(image.mean()) / STEP)]
        return [] if found is None else [found]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        return next(iter(self(image)), None)


def test_a_file_is_tracked_as_its_pictures_are(head, camera, tmp_path: Path):
    """Of a file, faces are looked for ahead; of pictures, they are not."""
    frames, _ = sequence(head, camera, count=20, turn=0.4, lost=(5, 6, 12))
    clip = tmp_path / "clip.mp4"
    with VideoWriter(clip, frames_per_second=25.0) as writer:
        for index in range(len(frames)):
            writer.write(np.full((camera.height_px, camera.width_px, 3), STEP * index, np.uint8))
    with open_video(clip) as video:
        pictures = [frame.image for frame in video]
    context = Context(head=head, landmarker=ByBrightness(frames))
    one, other = (track_video(video, context=context, frames_per_second=25.0) for video in (clip, pictures))
    assert one.tracked.sum() >= 12
    np.testing.assert_array_equal(one.tracked, other.tracked)
    for name in ("points_px", "identity", "expression", "root_rotation", "root_translation_m"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
