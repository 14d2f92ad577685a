"""Fits that begin with what lifted landmarks show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.fitting.context import Context
from mien.fitting.lifted_start import parameters_of_lifted
from mien.fitting.photo import fit_landmarks
from mien.geometry.alignment import align_similarity
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D

HEAD = load_head()
RNG = np.random.default_rng(8)
IDENTITY = RNG.normal(size=HEAD.identity_count)
EXPRESSION = np.zeros(HEAD.expression_count)
EXPRESSION[HEAD.expression_names.index("jawOpen")] = 0.7
PERSON = replace(HEAD.neutral(), identity=IDENTITY, expression=EXPRESSION)
VERTICES = HEAD.landmark_set("wflw98").vertices


def test_exact_landmarks_give_a_head_that_has_them():
    true_m = HEAD.vertices_m(PERSON)[VERTICES]
    found = parameters_of_lifted(HEAD, 1.1 * true_m + 0.02, "wflw98")
    near_mm, usual_mm = (_apart_mm(one, true_m) for one in (found, HEAD.neutral()))
    assert near_mm < 0.25 * usual_mm
    assert found.expression[HEAD.expression_names.index("jawOpen")] > 0.4
    assert found.expression.min() >= 0
    assert found.expression.max() <= 1


def _apart_mm(parameters: HeadParameters, true_m: np.ndarray) -> float:
    """After a similarity: lifted landmarks tell no size."""
    points_m = HEAD.vertices_m(parameters)[VERTICES]
    laid_m = align_similarity(points_m, true_m).apply(points_m)
    return 1000 * float(np.linalg.norm(laid_m - true_m, axis=1).mean())


def test_a_fit_begins_where_it_is_told_to_and_ends_alike():
    camera = Camera.from_focal(600, width_px=400, height_px=400, camera_from_world=PICTURE_CAMERA_FROM_WORLD)
    posed = replace(PERSON, root_translation_m=np.array([0.0, 0.0, -0.7]))
    vertices = HEAD.landmark_set("dense320").vertices
    points_px = camera.project(HEAD.vertices_m(posed)[vertices])
    face = Landmarks2D(points_px, np.ones(len(points_px)), "dense320")
    usual = fit_landmarks(face, camera, context=Context(head=HEAD))
    started = fit_landmarks(face, camera, start=PERSON, context=Context(head=HEAD))
    assert started.status.usable
    assert started.cost_history[0] < usual.cost_history[0]
    assert abs(started.cost_history[-1] - usual.cost_history[-1]) < 0.1 * usual.cost_history[-1] + 1
