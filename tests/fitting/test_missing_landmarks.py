"""Landmarks on parts that a head lacks say nothing about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.cameras import Camera
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.sequence import fit_sequence
from mien.fitting.views import fit_landmark_views
from mien.heads.model import Head
from mien.landmarks.types import Landmarks2D
from tests.fitting.scenes import exact_landmarks, some_parameters

MISSING = np.array([3, 40, 111, 200])


def lacking(head: Head) -> Head:
    toy = replace(head.landmark_set("toy"), missing=MISSING)
    return replace(head, landmark_sets={**head.landmark_sets, "toy": toy})


def with_nonsense(landmarks: Landmarks2D) -> Landmarks2D:
    points_px = landmarks.points_px.copy()
    points_px[MISSING] += [150.0, -90.0]
    return replace(landmarks, points_px=points_px)


def test_fits_do_not_look_at_missing_landmarks(head: Head, camera: Camera):
    landmarks = exact_landmarks(head, some_parameters(head, seed=0), camera)
    context = Context(lacking(head))
    assert FitModel.of(head, "toy").present is None
    single = [fit_landmarks(face, camera, context=context) for face in (landmarks, with_nonsense(landmarks))]
    # Not quite the same: how large the face is in the picture is told by all landmarks.
    np.testing.assert_allclose(single[0].parameters.expression, single[1].parameters.expression, atol=1e-3)
    misled = fit_landmarks(with_nonsense(landmarks), camera, context=Context(head))
    assert np.abs(misled.parameters.expression - single[0].parameters.expression).max() > 0.01
    seen = np.setdiff1d(np.arange(len(landmarks)), MISSING)
    assert np.abs(single[1].residuals_px[seen]).max() < 1.0

    views = [
        fit_landmark_views([face, face], [camera, camera], context=context)
        for face in (landmarks, with_nonsense(landmarks))
    ]
    np.testing.assert_allclose(views[0].identity, views[1].identity, atol=1e-3)
    sequences = [
        fit_sequence([[face], [face]], [camera], context=context)
        for face in (landmarks, with_nonsense(landmarks))
    ]
    np.testing.assert_allclose(sequences[0].identity, sequences[1].identity, atol=1e-3)
