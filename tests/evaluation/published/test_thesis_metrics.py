"""MLME, MVE, MRLE and local consistency, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import ShapeError
from mien.evaluation.published.thesis_metrics import (
    local_consistency,
    mean_landmark_error_px,
    mean_reprojected_landmark_error_px,
    mean_vertex_error_mm,
)


def test_means_over_pictures_and_points():
    true = np.zeros((2, 3, 2))
    estimated = true.copy()
    estimated[0, 0] = [3, 4]
    estimated[1, 2] = [0, 1]
    assert mean_landmark_error_px(estimated, true) == pytest.approx(1)  # (5 + 1) / 6
    assert mean_reprojected_landmark_error_px(true, estimated) == pytest.approx(1)
    with pytest.raises((ShapeError, TypeError)):  # under pytest, jaxtyping is first to refuse it
        mean_landmark_error_px(estimated[:1], true)


def test_vertices_in_millimetres_and_subsets():
    true = np.random.default_rng(0).normal(size=(4, 10, 3))
    estimated = true.copy()
    estimated[:, :5] += [0, 0, 0.002]
    assert mean_vertex_error_mm(estimated, true) == pytest.approx(1)
    assert mean_vertex_error_mm(estimated, true, vertices=np.arange(5)) == pytest.approx(2)
    assert mean_vertex_error_mm(estimated, true, vertices=np.arange(5, 10)) == pytest.approx(0)


def test_local_consistency_forgives_another_definition_but_not_wandering():
    rng = np.random.default_rng(1)
    vertices_px = rng.uniform(0, 200, (6, 50, 2))
    sizes_px = np.tile([100.0, 25.0], (6, 1))
    other_places = vertices_px[:, [7, 30]]
    error, chosen = local_consistency(other_places, vertices_px, sizes_px)
    assert error == 0
    assert chosen.tolist() == [7, 30]
    wandering = other_places.copy()
    wandering[::2, 0] += [3, 4]
    wandering[1::2, 0] -= [3, 4]
    error, _ = local_consistency(wandering, vertices_px, sizes_px)
    assert error == pytest.approx(0.05)  # half of the landmarks by 5 px over 50 px
