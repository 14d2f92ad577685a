"""Everyone in a video: one head track per person and shot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import HeadTrack
from mien.fitting.terms.landmarks import face_radius_px
from mien.images.cuts import CutDetector
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.tracking.tracker import DEFAULT_OPTIONS, TrackedFrame, Tracker, TrackerConfig
from mien.tracking.video import read_pictures, refit


@dataclass(frozen=True)
class PeopleConfig:
    """Choices of tracking everyone."""

    search_every: int = 5
    """Search the whole picture for new faces on every so many frames, and right after a cut or a loss."""
    patience: int = 25
    """Frames after which a lost person is given up; a face found later is a new person."""
    same_person: float = 2.5
    """Farthest, in face radii, that a lost face is taken up again."""
    min_frames: int = 5
    """People seen on fewer frames (or than a third of a shorter clip) are left out."""


DEFAULT_PEOPLE = PeopleConfig()


@dataclass
class _Person:
    """One person on the way: the tracker, when they came, what was seen since."""

    tracker: Tracker
    first_frame: int
    seen: Landmarks2D
    frames: list[TrackedFrame] = field(default_factory=list)
    lost: int = 0


def track_people(
    video: str | Path | Iterable[np.ndarray],
    *,
    context: Context | None = None,
    camera: CameraPrior | Camera | None = None,
    options: TrackerConfig = DEFAULT_OPTIONS,
    people: PeopleConfig = DEFAULT_PEOPLE,
    frames_per_second: float = 25.0,
    max_frames: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> list[HeadTrack]:
    """Follow every head through a video.

    A cut ends all tracks, since nothing here tells who somebody is: a person who is seen in two shots is two
    tracks. `track_video` follows a single person across cuts instead.

    Args:
        video: a file, or (H, W, 3) uint8 RGB pictures.
        context: head, landmarker and settings; the built-in ones when None.
        camera: what is known of the camera; a plain `Camera` is known, its focal length included.
        frames_per_second: of `video` when it is pictures; a file knows its own.
        max_frames: stop after so many.
        progress: called with the number of frames done and of all (None when unknown).

    Returns:
        A track per person and shot, each as long as the video, the one seen on most frames first; empty
        when no face was found.

    Raises:
        InputError: the file is missing or no video, or there are no frames.
    """
    crowd = _Crowd(context or Context(), camera, options, people)
    pictures, frames_per_second, total = read_pictures(video, frames_per_second, max_frames)
    times_s: list[float] = []
    for time_s, image in pictures:
        crowd.update(image, time_s)
        times_s.append(time_s)
        if progress is not None:
            progress(len(times_s), total)
    min_frames = min(people.min_frames, max(1, len(times_s) // 3))  # a very short clip is no flicker
    tracks = [
        refit(
            _whole_video(person, times_s),
            person.tracker,
            fallback=person.tracker.camera or CameraPrior.free(width_px=1, height_px=1).camera,
            frames_per_second=frames_per_second,
        )
        for person in crowd.everyone
        if sum(frame.tracked for frame in person.frames) >= min_frames
    ]
    return sorted(tracks, key=lambda track: -int(track.tracked.sum()))


def _whole_video(person: _Person, times_s: list[float]) -> list[TrackedFrame]:
    """The person's frames with LOST ones before they came and after they left."""
    absent = [TrackedFrame(time_s, Status.LOST, None, None, None) for time_s in times_s]
    last = person.first_frame + len(person.frames)
    return [*absent[: person.first_frame], *person.frames, *absent[last:]]


class _Crowd:
    """Who is in the picture now, and who was."""

    def __init__(
        self,
        context: Context,
        camera: CameraPrior | Camera | None,
        options: TrackerConfig,
        people: PeopleConfig,
    ) -> None:
        self._landmarker, self._people = context.follower, people
        self._new_tracker = partial(Tracker, context, camera=camera, options=options)
        self._search_when_lost = options.search_every
        self._cuts = CutDetector(options.cut_difference)
        self._frame = -1
        self._since_search = people.search_every
        self.everyone: list[_Person] = []
        self._present: list[_Person] = []

    def update(self, image: np.ndarray, time_s: float) -> None:
        """Follow everyone present, take up lost ones, meet new ones."""
        self._frame += 1
        self._since_search += 1
        if self._cuts(image):
            self._present = []
            self._since_search = self._people.search_every
        found: dict[int, Landmarks2D] = {}
        for person in self._present:
            if person.lost == 0:
                followed = self._landmarker.track(image, person.seen)
                if followed is not None and np.isfinite(followed.points_px).all():
                    if all(_apart(followed, other) for other in found.values()):
                        found[id(person)] = followed
                    continue
                self._since_search = self._people.search_every
        someone_lost = any(person.lost for person in self._present)
        if self._since_search >= (self._search_when_lost if someone_lost else self._people.search_every):
            self._search(image, found)
        for person in self._present:
            landmarks = found.get(id(person))
            result = person.tracker.observe(landmarks, image, time_s)
            person.frames.append(result)
            if landmarks is not None and result.tracked:
                person.seen, person.lost = landmarks, 0
            else:
                person.lost += 1
        self._present = [person for person in self._present if person.lost <= self._people.patience]

    def _search(self, image: np.ndarray, found: dict[int, Landmarks2D]) -> None:
        self._since_search = 0
        for face in self._landmarker(image):
            if not np.isfinite(face.points_px).all() or not all(
                _apart(face, other) for other in found.values()
            ):
                continue
            waiting = [person for person in self._present if id(person) not in found]
            nearest = min(waiting, key=lambda person: _distance(face, person.seen), default=None)
            if nearest is None or _distance(face, nearest.seen) > self._people.same_person:
                nearest = _Person(self._new_tracker(), self._frame, replace(face))
                self.everyone.append(nearest)
                self._present.append(nearest)
            found[id(nearest)] = face


def _distance(one: Landmarks2D, other: Landmarks2D) -> float:
    """Distance between two faces in radii of the larger, plus their difference in size."""
    radii = face_radius_px(one), face_radius_px(other)
    shift = float(np.linalg.norm(one.points_px.mean(axis=0) - other.points_px.mean(axis=0)))
    return shift / max(radii) + 2 * abs(float(np.log(radii[0] / radii[1])))


def _apart(one: Landmarks2D, other: Landmarks2D) -> bool:
    """Whether two sets of landmarks are two faces rather than one found twice."""
    distance = np.median(np.linalg.norm(one.points_px - other.points_px, axis=1))
    return float(distance) > 0.5 * max(face_radius_px(one), face_radius_px(other))
