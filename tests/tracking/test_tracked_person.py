"""A person from given landmarks, without pictures."""

from __future__ import annotations

import numpy as np

from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.least_squares.solution import Status
from mien.tracking.config import TrackerConfig
from mien.tracking.tracked_person import TrackedPerson
from tests.tracking.sequences import sequence

FREE = CameraPrior.free(width_px=640, height_px=480)


def test_who_it_is_becomes_known_on_the_way(head, camera):
    frames, truths = sequence(head, camera, count=40, turn=0.4, noise_px=4.0)

    def shape_error_m(person: TrackedPerson) -> float:
        rest = np.zeros(head.expression_count)
        found, true = (head.rest_vertices_m(one, rest) for one in (person.identity, truths[0].identity))
        offset_m = found - true
        return float(np.linalg.norm(offset_m - offset_m.mean(axis=0), axis=1).mean())

    learned, first_alone = (
        TrackedPerson(Context(head=head), FREE, TrackerConfig(key_frames=count)) for count in (8, 1)
    )
    for person in (learned, first_alone):
        assert person.identity is None
        assert person.camera is FREE.camera
        for index, landmarks in enumerate(frames):
            assert person.observe(landmarks, index / 25).tracked
    assert shape_error_m(learned) < 0.8 * shape_error_m(first_alone)
    assert abs(np.log(learned.camera.focal_px / camera.focal_px)) < 0.05


def test_frames_without_a_face_are_counted(head, camera):
    frames, _ = sequence(head, camera, count=3)
    person = TrackedPerson(Context(head=head), camera)
    person.observe(frames[0], 0.0)
    for index in (1, 2):
        frame = person.observe(None, index / 25)
        assert (frame.status, frame.tracked, frame.time_s) == (Status.LOST, False, index / 25)
        assert person.frames_lost == index
    assert person.last_seen is frames[0]
    person.observe(frames[2], 3 / 25, cut=True)
    assert person.frames_lost == 0
