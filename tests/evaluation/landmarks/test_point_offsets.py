"""Offsets of predicted points from labels, on faces whose offsets are known."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.landmarks.point_offsets import BROWS, measure_offsets
from mien.heads.landmark_sets import IBUG_GROUPS


def faces(count: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Made-up faces of several sizes and rolls: labels, (N, 2, 2) rows across and down, sizes in pixels."""
    rng = np.random.default_rng(3)
    shape = rng.uniform(-1, 1, (68, 2))
    shape[36], shape[45] = (-0.5, 0.1), (0.5, 0.1)
    roll_rad, size_px = rng.uniform(-1, 1, count), rng.uniform(20, 90, count)
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    axes = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)
    centre_px = rng.uniform(0, 200, (count, 1, 2))
    return size_px[:, None, None] * np.einsum("pk,nkc->npc", shape, axes) + centre_px, axes, size_px


def predicted(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are off by (68, 2) shares of the eyes' distance across and down, and the labels."""
    labels_px, axes, size_px = faces()
    return labels_px + size_px[:, None, None] * np.einsum("pk,nkc->npc", offsets, axes), labels_px


def test_known_offsets_are_found_whatever_roll_and_size():
    offsets = np.zeros((68, 2))
    offsets[19] = 0.02, -0.08
    offsets[list(IBUG_GROUPS["jaw"])] = 0.03, 0.04
    found = measure_offsets(*predicted(offsets))
    np.testing.assert_allclose(found.point_offsets, offsets, atol=1e-12)
    np.testing.assert_allclose(found.part_offsets["jaw"], [0.03, 0.04])
    np.testing.assert_allclose(found.part_offsets["nose"], 0, atol=1e-12)
    assert found.part_errors["jaw"] == pytest.approx(0.05)
    assert found.part_errors["right_brow"] == pytest.approx(np.hypot(0.02, 0.08) / 5)
    assert found.part_errors["mouth"] == pytest.approx(0)


def test_what_all_points_share_does_not_count_as_an_offset_but_as_an_error():
    found = measure_offsets(*predicted(np.tile([0.03, -0.01], (68, 1))))
    np.testing.assert_allclose(found.point_offsets, 0, atol=1e-12)
    assert found.part_errors["left_eye"] == pytest.approx(np.hypot(0.03, 0.01))


def test_single_outliers_do_not_move_the_median():
    predicted_px, labels_px = predicted(np.zeros((68, 2)))
    predicted_px[2, BROWS] += 1000
    found = measure_offsets(predicted_px, labels_px)
    np.testing.assert_allclose(found.point_offsets, 0, atol=1e-12)
    assert found.part_errors["left_brow"] > 1


def test_faces_that_were_not_found_are_left_out():
    predicted_px, labels_px = predicted(np.tile([0.0, 0.0], (68, 1)))
    predicted_px[1:] = np.nan
    assert measure_offsets(predicted_px, labels_px).part_errors["nose"] == pytest.approx(0)
    nobody = measure_offsets(np.full_like(labels_px, np.nan), labels_px)
    assert np.isnan(nobody.point_offsets).all()
    assert set(nobody.part_errors) == set(nobody.part_offsets) == set(IBUG_GROUPS)
