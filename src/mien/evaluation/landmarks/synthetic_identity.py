"""What a landmarker shows of synthetic people, by band of identity modes, from the front and turned."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mien.evaluation.landmarks.identity_bands import BandFigures, KnownPerson, band_figures, views
from mien.evaluation.landmarks.synthetic_faces import EXACT_SET, ExactFace
from mien.heads.landmark_sets import conversion_indices, landmark_groups, landmark_set
from mien.heads.library import load_head
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.types import Landmarks2D


def measure_identity(
    faces: Iterable[ExactFace], landmarker: Landmarker
) -> dict[str, tuple[int, dict[str, BandFigures]]]:
    """By view ("frontal", "turned") how many faces and the figures by band; views without faces are left out.

    Each face is followed from its exact landmarks, so that the search does not count; a face that is lost is
    left out.

    Raises:
        InputError: the faces were drawn with a head of other identity modes.
    """
    head, set_name = load_head(), landmarker.set_name
    exact = np.asarray(conversion_indices(EXACT_SET, set_name))
    face = landmark_groups(set_name)["face"]
    vertices = landmark_set(set_name).vertices[face]
    people, points_px, yaws_rad = [], [], []
    for one in faces:
        true_px = np.asarray(one.points_px, float)[exact]
        seen = landmarker.track(one.picture, Landmarks2D(true_px, np.ones(len(true_px)), set_name))
        if seen is not None:
            people.append(KnownPerson.of(head, vertices, one.parameters, one.camera, true_px[face]))
            points_px.append(np.asarray(seen.points_px, float)[face])
            yaws_rad.append(one.yaw_rad)
    return {
        view: (len(chosen), band_figures([people[i] for i in chosen], [points_px[i] for i in chosen]))
        for view, chosen in views(yaws_rad).items()
        if chosen
    }
