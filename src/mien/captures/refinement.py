"""Cameras that are known, but not quite: corrected by the face and by what their pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8

from mien.captures.features import find_tracks
from mien.captures.head_place import HeadPlace, place_of_faces
from mien.captures.still_person import DOUBTED_CAMERAS, EVERY_LANDMARK, refined_by_features
from mien.fitting.context import Context
from mien.landmarks.types import Landmarks2D

DISAGREEMENT_M = 0.006
"""Cameras that disagree more on where the face is are corrected; exact ones differ by 2 to 4 mm, as
landmarks do."""


def with_refined_cameras(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    faces: Sequence[Sequence[Landmarks2D]],
    place: HeadPlace,
    *,
    context: Context | None = None,
) -> HeadPlace:
    """The same head with corrected cameras; every camera stays near where it was said to be.

    Args:
        images, faces: of all cameras of `place`.
    """
    context = context or Context()
    head = context.loaded_head
    known = [face for face in place.person.faces if face is not None]
    vertices = head.landmark_set(known[0].set_name).vertices
    face_m = head.vertices_m(place.parameters)[vertices][::EVERY_LANDMARK]
    shape = (len(place.cameras), len(face_m))
    face_px, sigma_px = np.full((*shape, 2), np.nan), np.full(shape, np.nan)
    for view, face in enumerate(place.person.faces):
        if face is not None:
            face_px[view], sigma_px[view] = face.points_px[::EVERY_LANDMARK], face.sigma_px[::EVERY_LANDMARK]
    tracks = find_tracks(images, place.cameras)
    bundle = refined_by_features(
        face_px, sigma_px, place.cameras, face_m, tracks, DOUBTED_CAMERAS, noise_unknown=True
    )
    again = place_of_faces(faces, bundle.cameras, unit_known=True, context=context)
    return replace(
        again,
        metres_per_unit=place.metres_per_unit,
        unit_from_head=place.unit_from_head,
        refined=True,
    )
