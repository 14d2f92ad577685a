"""A single person, who stays the same across cuts."""

from __future__ import annotations

import numpy as np

from mien.fitting.terms.landmarks import face_radius_px
from mien.landmarks.types import Landmarks2D
from mien.tracking.following import Following
from mien.tracking.tracked_person import TrackedPerson


class OnePerson(Following):
    """Follows whoever is largest and surest at first, and is always present: after a loss or a cut the
    likeliest face is theirs."""

    def _begin(self, *, cut: bool) -> None:
        if not self.present:
            self._new_person()

    def _search_is_due(
        self, image: np.ndarray, found: dict[TrackedPerson, Landmarks2D], *, lost_now: bool
    ) -> bool:
        return not found and self.present[0].frames_lost % self._config.search_every == 0

    def _recognise(self, faces: list[Landmarks2D], found: dict[TrackedPerson, Landmarks2D]) -> None:
        [person] = self.present
        if faces:
            found[person] = max(faces, key=lambda face: _likelihood(face, person.last_seen))


def _likelihood(face: Landmarks2D, last_seen: Landmarks2D | None) -> float:
    """Large faces first; once someone was followed, near ones of the same size."""
    radius_px = face_radius_px(face)
    if last_seen is None:
        return radius_px * face.score
    last_radius_px = face_radius_px(last_seen)
    distance = np.linalg.norm(face.points_px.mean(axis=0) - last_seen.points_px.mean(axis=0))
    return -float(distance / last_radius_px + 2 * abs(np.log(radius_px / last_radius_px)))
