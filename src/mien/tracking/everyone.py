"""Everyone who is in the picture, until a cut."""

from __future__ import annotations

import math

import numpy as np

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.terms.landmarks import face_radius_px
from mien.images.changes import Box, ChangesElsewhere
from mien.landmarks.types import Landmarks2D
from mien.tracking.config import PeopleConfig, TrackerConfig
from mien.tracking.following import Following, apart_from_all
from mien.tracking.tracked_person import TrackedPerson


class Everyone(Following):
    """Follows every face. Nothing here tells who somebody is: a lost face is taken up again where it was, and
    after a cut everyone is new."""

    def __init__(
        self,
        context: Context,
        *,
        camera: CameraPrior | Camera | None,
        config: TrackerConfig,
        people: PeopleConfig,
    ) -> None:
        super().__init__(context, camera=camera, config=config)
        self._people = people
        self._since_search = math.inf
        self._elsewhere = ChangesElsewhere()

    def _begin(self, *, cut: bool) -> None:
        self._since_search = math.inf if cut else self._since_search + 1
        patience = self._people.patience
        self.present = [] if cut else [one for one in self.present if one.frames_lost <= patience]

    def _search_is_due(
        self, image: np.ndarray, found: dict[TrackedPerson, Landmarks2D], *, lost_now: bool
    ) -> bool:
        someone_lost = any(person.frames_lost for person in self.present)
        every = self._config.search_every if someone_lost else self._people.search_every
        due = lost_now or self._since_search >= every
        if due and not lost_now and not someone_lost and found:
            due = self._since_search >= self._people.search_at_least_every or (
                self._since_search % every == 0
                and self._elsewhere(image, [_around(face, image) for face in found.values()])
            )
        if due:
            self._elsewhere.remember(image)
        return due

    def _recognise(self, faces: list[Landmarks2D], found: dict[TrackedPerson, Landmarks2D]) -> None:
        self._since_search = 0
        for face in faces:
            if not apart_from_all(face, found):
                continue
            waiting = [(person, person.last_seen) for person in self.present if person not in found]
            distances = {person: _distance(face, seen) for person, seen in waiting if seen is not None}
            nearest = min(distances, key=lambda person: distances[person], default=None)
            if nearest is None or distances[nearest] > self._people.same_person:
                nearest = self._new_person()
                nearest.last_seen = face
            found[nearest] = face


def _around(face: Landmarks2D, image: np.ndarray) -> Box:
    """Where a person moves: the head, and the body below it."""
    x, y = face.points_px.mean(axis=0).tolist()
    reach_px = 3 * face_radius_px(face)
    return x - reach_px, y - reach_px, x + reach_px, image.shape[0]


def _distance(one: Landmarks2D, other: Landmarks2D) -> float:
    """Distance between two faces in radii of the larger, plus their difference in size."""
    radii = face_radius_px(one), face_radius_px(other)
    shift = float(np.linalg.norm(one.points_px.mean(axis=0) - other.points_px.mean(axis=0)))
    return shift / max(radii) + 2 * abs(float(np.log(radii[0] / radii[1])))
