"""Metrics on values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError, ShapeError
from mien.evaluation.landmarks.metrics import (
    area_under_curve,
    box_px,
    failure_rate,
    inter_ocular_px,
    normalised_mean_errors,
)


@pytest.fixture
def true_px():
    points_px = np.random.default_rng(0).uniform(0, 90, (2, 68, 2))
    points_px[:, 36] = [10, 20]
    points_px[0, 45] = [70, 20]
    points_px[1, 45] = [40, 60]
    return points_px


def test_inter_ocular_distance_is_between_outer_corners(true_px):
    assert np.allclose(inter_ocular_px(true_px), [60, 50])


def test_a_shift_of_three_four_is_five_pixels(true_px):
    errors = normalised_mean_errors(true_px + [3.0, 4.0], true_px)
    assert np.allclose(errors, [5 / 60, 5 / 50])


def test_half_of_the_points_wrong(true_px):
    predicted_px = true_px.copy()
    predicted_px[:, ::2] += [0.0, 6.0]
    assert np.allclose(normalised_mean_errors(predicted_px, true_px), [3 / 60, 3 / 50])


def test_box_normaliser():
    points_px = np.array([[[0.0, 0.0], [4.0, 0.0], [4.0, 9.0]]])
    assert np.allclose(box_px(points_px), [6])
    assert np.allclose(normalised_mean_errors(points_px + [6.0, 0.0], points_px, normaliser="box"), [1])


def test_wrong_requests_are_refused(true_px):
    with pytest.raises(InputError, match="inter-ocular"):
        normalised_mean_errors(true_px, true_px, normaliser="pupils")


def test_shapes_must_agree(true_px):
    # under the shape checks of the tests the annotation speaks first; for users it is ShapeError
    with pytest.raises((ShapeError, TypeError)):
        normalised_mean_errors(true_px[:, :30], true_px)


def test_faces_not_found_are_failures():
    errors = np.array([0.02, 0.10, 0.11, np.nan])
    assert failure_rate(errors, threshold=0.1) == pytest.approx(0.5)
    assert failure_rate(errors, threshold=1.0) == pytest.approx(0.25)


def test_area_under_curve_is_that_of_the_staircase():
    errors = np.array([0.02, 0.05, 0.2, np.nan])
    # a quarter from 0.02 on, another from 0.05 on, over a width of 0.1
    assert area_under_curve(errors, threshold=0.1) == pytest.approx((0.25 * 0.08 + 0.25 * 0.05) / 0.1)
    assert area_under_curve(np.zeros(3)) == pytest.approx(1)
    assert area_under_curve(np.full(3, np.nan)) == 0
