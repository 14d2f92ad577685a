"""The person in 3D landmarks: the template shows nothing of anybody, the truth everything."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.lifting.shape_3d import compare_shapes
from mien.geometry.rotations import matrix_from_rotation_vector


def test_a_similarity_of_the_truth_explains_everything_and_the_template_nothing():
    rng = np.random.default_rng(0)
    template_m = rng.normal(0, 0.04, (30, 3))
    true_m = template_m + rng.normal(0, 0.003, (5, 30, 3))
    turn = matrix_from_rotation_vector(np.array([0.2, -0.4, 0.1]))
    exact = compare_shapes(1.3 * true_m @ turn.T + 0.2, true_m, template_m)
    assert exact.explained() == pytest.approx(1)
    assert exact.error_mm() == pytest.approx(0, abs=1e-6)
    usual = compare_shapes(np.tile(template_m, (5, 1, 1)), true_m, template_m)
    assert usual.explained() == pytest.approx(0)
    assert usual.error_mm() == pytest.approx(usual.template_mm())


def test_faces_that_were_not_found_do_not_count():
    rng = np.random.default_rng(1)
    template_m = rng.normal(0, 0.04, (10, 3))
    true_m = template_m + rng.normal(0, 0.003, (4, 10, 3))
    found_m = true_m.copy()
    found_m[2] = np.nan
    shapes = compare_shapes(found_m, true_m, template_m)
    assert shapes.explained() == pytest.approx(1)
    assert np.isnan(shapes.error_m[2]).all()
