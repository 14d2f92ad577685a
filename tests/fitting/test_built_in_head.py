"""Fitting with the head that mien ships: accuracy on exact landmarks of heads drawn from its own prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.geometry.alignment import align_rigid
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.least_squares.solution import Status
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks

CAMERA = Camera.from_focal(900.0, width_px=720, height_px=720, camera_from_world=CAMERA_FROM_WORLD)


def random_head(head: Head, *, seed: int, yaw_rad: float) -> HeadParameters:
    rng = np.random.default_rng(seed)
    if head.identity_mixture is None:
        identity = rng.normal(size=head.identity_count)
    else:
        weights, means, covariances = head.identity_mixture
        component = rng.choice(len(weights), p=weights / weights.sum())
        identity = rng.multivariate_normal(means[component], covariances[component])
    expression = np.zeros(head.expression_count)
    expression[rng.choice(len(expression), 6, replace=False)] = rng.uniform(0, 0.8, size=6)
    roll = matrix_from_rotation_vector(np.array([0.0, 0.0, rng.uniform(-1, 1)]))
    turn = matrix_from_rotation_vector(np.array([rng.uniform(-0.3, 0.3), yaw_rad, 0.0]))
    return replace(
        head.neutral(),
        identity=identity,
        expression=expression,
        root_rotation=rotation_vector_from_matrix(roll @ turn),
        root_translation_m=np.array([rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1), -0.6]),
    )


@pytest.mark.parametrize("yaw_rad", [-1.5, -0.5, 0.0, 0.5, 1.5])
def test_head_is_recovered(yaw_rad):
    head = load_head()
    vertices = head.landmark_set("dense320").vertices
    errors_mm, mean_errors_mm = [], []
    for seed in range(4):
        truth = random_head(head, seed=seed, yaw_rad=yaw_rad)
        landmarks = exact_landmarks(head, truth, CAMERA, set_name="dense320", sigma_px=0.5)
        # These heads are the model's own: there is nothing that it could not express.
        fit = fit_landmarks(landmarks, CAMERA, context=Context(head=head, config=FitConfig(sigma_floor=0.01)))
        assert fit.status is Status.CONVERGED
        true_m = head.vertices_m(truth)[vertices]
        for parameters, errors in (
            (fit.parameters, errors_mm),
            (replace(truth, identity=0 * truth.identity), mean_errors_mm),
        ):
            found_m = head.vertices_m(parameters)[vertices]
            offsets_m = align_rigid(found_m, true_m).apply(found_m) - true_m
            errors.append(1000 * np.linalg.norm(offsets_m, axis=1).mean())
    assert np.median(errors_mm) < 2.8
    assert np.median(errors_mm) < 0.5 * np.median(mean_errors_mm)


@pytest.mark.parametrize("set_name", ["ibug68", "wflw98", "dense703"])
def test_every_set_can_be_fitted(set_name):
    head = load_head()
    truth = random_head(head, seed=5, yaw_rad=0.3)
    landmarks = exact_landmarks(head, truth, CAMERA, set_name=set_name)
    fit = fit_landmarks(landmarks, CameraPrior.free(width_px=720, height_px=720), context=Context(head=head))
    assert fit.status.usable
    assert np.sqrt((fit.residuals_px**2).mean()) < 2.0
