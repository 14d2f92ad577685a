"""Faces from picture to picture: each is followed, and searched for where it is lost."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import UInt8

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import TrackedFrame
from mien.fitting.terms.landmarks import face_radius_px
from mien.images.cuts import CutDetector
from mien.landmarks.types import Landmarks2D
from mien.tracking.config import TrackerConfig
from mien.tracking.landmarks_ahead import LandmarksAhead
from mien.tracking.tracked_person import TrackedPerson


class Following(ABC):
    """The loop that all trackers are: cuts, followed faces, searches, heads. `OnePerson` and `Everyone`
    differ in who is present, when the whole picture is searched, and whose a face is that was found.

    Attributes:
        present: the people who are followed or searched for.
    """

    def __init__(
        self, context: Context, *, camera: CameraPrior | Camera | None, config: TrackerConfig
    ) -> None:
        """
        Args:
            camera: what is known of the camera; None: nothing.
        """
        self.present: list[TrackedPerson] = []
        self._context, self._config = context, config
        self._landmarker = context.follower
        self._ahead = LandmarksAhead(self._landmarker)
        self._camera = camera
        self._cuts = CutDetector(config.cut_difference)

    def update(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        *,
        upcoming: UInt8[np.ndarray, "height width 3"] | None = None,
    ) -> list[tuple[TrackedPerson, TrackedFrame]]:
        """Everyone who is present in the next picture, and what is known of them there.

        Args:
            upcoming: the picture after this one, where it is there already: those who are followed are looked
                for in it while heads are fitted, and it is the `image` of the next call.
        """
        if self._camera is None:
            self._camera = CameraPrior.of_image(image)
        cut = self._cuts(image)
        self._begin(cut=cut)
        found, lost_now = ({}, False) if cut else self._followed(image)
        self._ahead.settle()
        if self._search_is_due(image, found, lost_now=lost_now):
            faces = [face for face in self._landmarker(image) if np.isfinite(face.points_px).all()]
            self._recognise(faces, found)
        if upcoming is not None:
            self._ahead.begin(upcoming, found.values())
        return [(person, person.observe(found.get(person), time_s, cut=cut)) for person in self.present]

    def close(self) -> None:
        """No more pictures come."""
        self._ahead.close()

    def _followed(self, image: np.ndarray) -> tuple[dict[TrackedPerson, Landmarks2D], bool]:
        """The faces of those who were seen on the frame before, and whether one of them is lost now."""
        found: dict[TrackedPerson, Landmarks2D] = {}
        lost_now = False
        for person in self.present:
            if person.frames_lost or person.last_seen is None:
                continue
            face = self._ahead.track(image, person.last_seen)
            if face is None or not np.isfinite(face.points_px).all():
                lost_now = True
            elif apart_from_all(face, found):
                found[person] = face
        return found, lost_now

    def _new_person(self) -> TrackedPerson:
        assert self._camera is not None
        person = TrackedPerson(self._context, self._camera, self._config)
        self.present.append(person)
        return person

    @abstractmethod
    def _begin(self, *, cut: bool) -> None:
        """Before each frame: who is still, or again, present?"""

    @abstractmethod
    def _search_is_due(
        self, image: np.ndarray, found: dict[TrackedPerson, Landmarks2D], *, lost_now: bool
    ) -> bool:
        """Whether to search this whole picture for faces."""

    @abstractmethod
    def _recognise(self, faces: list[Landmarks2D], found: dict[TrackedPerson, Landmarks2D]) -> None:
        """Whose are the faces of the whole picture? Enters them into `found`."""


def apart_from_all(face: Landmarks2D, found: dict[TrackedPerson, Landmarks2D]) -> bool:
    """Whether this is another face than those found, rather than one of them found twice."""
    return all(_apart(face, other) for other in found.values())


def _apart(one: Landmarks2D, other: Landmarks2D) -> bool:
    distance = np.median(np.linalg.norm(one.points_px - other.points_px, axis=1))
    return float(distance) > 0.5 * max(face_radius_px(one), face_radius_px(other))
