"""Several people and a cut, with a landmarker that knows the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.fitting.context import Context
from mien.landmarks.types import Landmarks2D
from mien.tracking.config import PeopleConfig
from mien.tracking.video import track_people
from tests.fitting.scenes import exact_landmarks, some_parameters

DARK, BRIGHT = np.zeros((480, 640, 3), np.uint8), np.zeros((480, 640, 3), np.uint8)
BRIGHT[:, :320] = 255


class Crowd:
    """Faces per frame by name; follows whoever is within 60 px of where they were."""

    def __init__(self, frames: list[dict[str, Landmarks2D]]) -> None:
        self.frames, self.index = frames, -1

    def pictures(self, cut_at: int | None = None):
        for index in range(len(self.frames)):
            self.index = index
            picture = (DARK if cut_at is None or index < cut_at else BRIGHT).copy()
            for face in self.frames[index].values():  # whoever comes in shows
                x, y = face.points_px.mean(axis=0).astype(int)
                picture[y : y + 30, x : x + 30] = 40
            yield picture

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        return list(self.frames[self.index].values())

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        for face in self.frames[self.index].values():
            if np.linalg.norm(face.points_px.mean(axis=0) - previous.points_px.mean(axis=0)) < 60:
                return face
        return None


def face(head, camera, *, seed: int, left_m: float) -> Landmarks2D:
    person = some_parameters(head, seed=seed, turn=0.05)
    moved = replace(person, root_translation_m=person.root_translation_m + [left_m, 0.0, 0.0])
    return exact_landmarks(head, moved, camera)


@pytest.fixture
def two(head, camera) -> dict[str, Landmarks2D]:
    return {"ada": face(head, camera, seed=3, left_m=-0.2), "bob": face(head, camera, seed=4, left_m=0.2)}


def test_two_people_are_two_tracks(head, two):
    crowd = Crowd([two] * 12)
    tracks = track_people(crowd.pictures(), context=Context(head=head, landmarker=crowd))
    assert [int(track.tracked.sum()) for track in tracks] == [12, 12]
    centres = sorted(float(np.nanmean(track.points_px[..., 0])) for track in tracks)
    expected = sorted(float(one.points_px[:, 0].mean()) for one in two.values())
    np.testing.assert_allclose(centres, expected, atol=2)


def test_a_track_has_its_persons_own_frames(head, two):
    crowd = Crowd([{"ada": two["ada"]}] * 8 + [two] * 12)
    tracks = track_people(
        crowd.pictures(), context=Context(head=head, landmarker=crowd), people=PeopleConfig(search_every=2)
    )
    assert len(tracks) == 2
    assert (tracks[0].first_frame, len(tracks[0])) == (0, 20)
    assert 8 <= tracks[1].first_frame <= 10
    assert tracks[1].first_frame + len(tracks[1]) == 20
    assert tracks[1].times_s[0] == pytest.approx(tracks[1].first_frame / 25)
    assert tracks[1].tracked.all()


def test_nobody_new_is_searched_for_where_nothing_changes(head, two):
    searched = []

    class Counting(Crowd):
        def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
            searched.append(self.index)
            return super().__call__(image)

    crowd = Counting([{"ada": two["ada"]}] * 31)
    people = PeopleConfig(search_every=2, search_at_least_every=20)
    track_people(crowd.pictures(), context=Context(head=head, landmarker=crowd), people=people)
    assert searched == [0, 20]


def test_a_short_loss_keeps_the_person(head, two):
    crowd = Crowd([two] * 6 + [{"ada": two["ada"]}] * 4 + [two] * 6)
    tracks = track_people(crowd.pictures(), context=Context(head=head, landmarker=crowd))
    assert sorted(int(track.tracked.sum()) for track in tracks) == [12, 16]


def test_a_cut_ends_all_tracks(head, two):
    crowd = Crowd([{"ada": two["ada"]}] * 10 + [{"bob": two["ada"]}] * 10)
    tracks = track_people(crowd.pictures(cut_at=10), context=Context(head=head, landmarker=crowd))
    assert len(tracks) == 2
    assert sorted((track.first_frame, len(track)) for track in tracks) == [(0, 10), (10, 10)]


def test_flickers_are_left_out_and_no_face_is_no_track(head, two):
    crowd = Crowd([{}] * 5 + [two] * 3 + [{}] * 30)
    assert track_people(crowd.pictures(), context=Context(head=head, landmarker=crowd)) == []


def test_no_frames_is_an_error(head):
    with pytest.raises(InputError, match="no frames"):
        track_people([], context=Context(head=head, landmarker=Crowd([])))
