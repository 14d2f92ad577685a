"""Which face of each picture is the person that most pictures show, seen from cameras that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.landmarks.types import Landmarks2D

NEAR = 0.6
"""A face belongs to a person whose head is seen within this share of the face's radius of its middle."""
SIZES = (0.5, 2.0)
"""And whose radius, by its distance, is the person's times something between these."""
SMALLEST_ANGLE_RAD = np.radians(3.0)
"""Two rays that are more parallel do not say where they meet."""


@dataclass(frozen=True, eq=False)
class Person:
    """A person whom several pictures show.

    Attributes:
        faces: one for each picture; None where they are not seen.
        centre_m: middle of the face's landmarks, the cameras' world and unit.
        radius_m: root mean square radius of the landmarks about it, as pictures show them.
    """

    faces: tuple[Landmarks2D | None, ...]
    centre_m: Float[np.ndarray, " 3"]
    radius_m: float

    @property
    def views(self) -> int:
        """Pictures that show the face."""
        return sum(face is not None for face in self.faces)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One face of one picture as a ray: (3,) origin and unit direction; radius over distance."""

    view: int
    face: Landmarks2D
    origin: np.ndarray
    direction: np.ndarray
    tangent: float


def consistent_people(
    faces: Sequence[Sequence[Landmarks2D]], cameras: Sequence[Camera], *, least_views: int = 2
) -> list[Person]:
    """The people of a capture, those whom most pictures show first; of equals the larger one.

    Every pair of faces in two pictures is a guess at a head's place and size; the guess that most pictures
    agree with is a person, whose faces are put aside before the next is looked for.

    Args:
        faces: those found in each picture.
        least_views: fewer pictures make no person.
    """
    pending = [
        _seen(view, face, cameras[view])
        for view, several in enumerate(faces)
        for face in several
        if np.isfinite(face.points_px).any()
    ]
    people = []
    while True:
        found = _most_seen(pending, len(cameras))
        if found is None or found.views < max(2, least_views):
            return sorted(people, key=lambda one: (one.views, one.radius_m), reverse=True)
        people.append(found)
        pending = [one for one in pending if not any(one.face is face for face in found.faces)]


def largest_faces(faces: Sequence[Sequence[Landmarks2D]]) -> list[Landmarks2D | None]:
    """One face of each picture where cameras are not known: the largest; None where there is none."""
    return [max(several, key=lambda face: face.radius_px) if several else None for several in faces]


def _seen(view: int, face: Landmarks2D, camera: Camera) -> _Seen:
    middle_px = np.nanmean(face.points_px, axis=0)
    inverse = camera.world_from_camera
    local = np.linalg.solve(camera.intrinsics, np.array([*middle_px, 1.0]))
    direction = inverse[:3, :3] @ local
    tangent = face.radius_px / camera.focal_px / np.linalg.norm(local)
    return _Seen(view, face, inverse[:3, 3], direction / np.linalg.norm(direction), float(tangent))


def _most_seen(pending: Sequence[_Seen], view_count: int) -> Person | None:
    if len(pending) < 2:
        return None
    origins = np.stack([one.origin for one in pending])
    directions = np.stack([one.direction for one in pending])
    tangents = np.array([one.tangent for one in pending])
    views = np.array([one.view for one in pending])
    first, second = np.triu_indices(len(pending), 1)
    across = views[first] != views[second]
    cosine = (directions[first] * directions[second]).sum(axis=1)
    across &= np.abs(cosine) < np.cos(SMALLEST_ANGLE_RAD)
    first, second = first[across], second[across]
    if not len(first):
        return None
    if len(first) > 4000:
        chosen = np.random.default_rng(0).choice(len(first), 4000, replace=False)
        first, second = first[chosen], second[chosen]
    best: tuple[int, float, np.ndarray, float, np.ndarray] | None = None
    for a, b in zip(first, second, strict=True):
        centre = _nearest_to_rays(origins[[a, b]], directions[[a, b]])
        agreeing = _agreeing(centre, origins, directions, tangents, anchors=(a, b))
        if agreeing is None:
            continue
        inside, error, radius = agreeing
        count = len(set(views[inside]))
        score = float(error[inside].mean())
        if best is None or (count, -score) > (best[0], -best[1]):
            best = (count, score, centre, radius, inside)
    if best is None:
        return None
    centre = best[2]
    for _ in range(3):  # by all that agree
        inside = best[4]
        centre = _nearest_to_rays(origins[inside], directions[inside])
        agreeing = _agreeing(centre, origins, directions, tangents, anchors=np.flatnonzero(inside))
        if agreeing is None or len(set(views[agreeing[0]])) < best[0]:
            break
        best = (len(set(views[agreeing[0]])), 0.0, centre, agreeing[2], agreeing[0])
    inside = np.flatnonzero(best[4])
    faces: list[Landmarks2D | None] = [None] * view_count
    errors = _errors(best[2], origins, directions, tangents)[0]
    for index in inside[np.argsort(-errors[inside])]:  # the nearest one last: it stays
        faces[views[index]] = pending[index].face
    return Person(tuple(faces), best[2], float(best[3]))


def _errors(
    centre: np.ndarray, origins: np.ndarray, directions: np.ndarray, tangents: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far each face's middle is from a place, over the face's radius; its radius there; its depth."""
    offset = centre - origins
    depth = (offset * directions).sum(axis=1)
    distance = np.linalg.norm(offset, axis=1)
    aside = np.linalg.norm(offset - depth[:, None] * directions, axis=1)
    radius = tangents * np.maximum(distance, 1e-12)
    return aside / np.maximum(radius, 1e-12), radius, depth


def _agreeing(
    centre: np.ndarray, origins: np.ndarray, directions: np.ndarray, tangents: np.ndarray, *, anchors: object
) -> tuple[np.ndarray, np.ndarray, float] | None:
    error, radius, depth = _errors(centre, origins, directions, tangents)
    at = np.asarray(anchors)
    if not np.isfinite(centre).all() or (depth[at] <= 0).any():
        return None
    typical = float(np.median(radius[at]))
    ratio = radius / max(typical, 1e-12)
    inside = (error < NEAR) & (depth > 0) & (ratio > SIZES[0]) & (ratio < SIZES[1])
    if not inside.any():
        return None
    return inside, error, float(np.median(radius[inside]))


def _nearest_to_rays(origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    right = (across @ origins[:, :, None]).sum(axis=0)[:, 0]
    return np.linalg.lstsq(across.sum(axis=0), right, rcond=None)[0]
