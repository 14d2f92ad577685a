"""Errors of shapes against a scan of a person."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.fitting.shape_error import ShapeJudge
from mien.synthetic.held_out_people.crowd import Photographer


@pytest.fixture
def judge(photographer: Photographer) -> ShapeJudge:
    return ShapeJudge.of(photographer.head, photographer.neutral_m(0))


def test_the_exact_shape_has_no_error_at_any_size(judge: ShapeJudge):
    # the refinement stops when landmarks move by less than 0.03 mm
    for vertices_m in (judge.neutral_m, 1.2 * judge.neutral_m + [0.1, 0, 0]):
        distances_mm = judge(vertices_m).distances_mm
        assert np.percentile(distances_mm, 99) < 0.02
        assert distances_mm.max() < 0.2  # in folds, where the nearest triangles are not those of near centres


def test_a_bump_is_seen_where_it_is(judge: ShapeJudge):
    nose_m = judge.neutral_m[judge.head.landmark_set("ibug68").vertices[30]]
    distance_m = np.linalg.norm(judge.neutral_m - nose_m, axis=1)
    bumped_m = judge.neutral_m + np.exp(-((distance_m / 0.01) ** 2))[:, None] * [0, 0, 0.006]
    distances_mm = judge.vertex_distances_mm(judge.measure(bumped_m).scan_from_mesh.apply(bumped_m))
    near, far = judge.measured & (distance_m < 0.004), judge.measured & (distance_m > 0.03)
    assert distances_mm[near].max() > 4
    assert np.median(distances_mm[near]) > 1.5  # beside the tip the skin falls away
    assert np.median(distances_mm[far]) < 0.5


def test_scan_points_lie_on_the_skin_of_the_face_and_are_the_same_each_time(
    judge: ShapeJudge, photographer: Photographer
):
    again = ShapeJudge.of(photographer.head, photographer.neutral_m(0))
    np.testing.assert_array_equal(judge.scan_m, again.scan_m)
    assert len(judge.scan_m) > 500
    skin = photographer.head.part_names.index("skin")
    assert (photographer.head.vertex_parts[judge.triangles] == skin).all()
    assert (photographer.head.vertex_parts[judge.measured] == skin).all()
