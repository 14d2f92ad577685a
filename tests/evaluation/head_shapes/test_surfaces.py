"""Faults of a head's shapes are found where they are put, and not where there are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.head_shapes.seams import seams_of
from mien.evaluation.head_shapes.study import random_faces, study_head_shapes
from mien.evaluation.head_shapes.surfaces import JudgedSurface
from mien.heads.library import load_head
from mien.heads.model import Head
from tests.toy_head import toy_head


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


@pytest.fixture(scope="module")
def surface(head: Head) -> JudgedSurface:
    return JudgedSurface.of(head)


def test_seams_lie_where_landmarks_say(head: Head, surface: JudgedSurface):
    ibug = head.mean_m[head.landmark_set("ibug68").vertices]
    for seam, points in zip(surface.seams, (ibug[60:68], ibug[42:48], ibug[36:42]), strict=True):
        line = head.mean_m[seam.rings[seam.contact]]
        distance = np.linalg.norm(points[:, None] - line[None], axis=2).min(axis=1)
        assert np.median(distance) < 0.003, seam.name
        assert head.mean_m[seam.rings[seam.contact][seam.upper], 1].mean() > (
            head.mean_m[seam.rings[seam.contact][seam.lower], 1].mean()
        )
    np.testing.assert_allclose(surface.seams[0].gaps_mm(head.mean_m), 0, atol=0.2)
    assert surface.seams[1].gaps_mm(head.mean_m).max() > 6


def test_gaps_are_signed(head: Head, surface: JudgedSurface):
    lips = surface.seams[0]
    lower = lips.rings[lips.contact][lips.lower[1:-1]]
    for way_m in (-0.002, 0.002):
        moved_m = head.mean_m.copy()
        moved_m[lower, 1] += way_m
        middle = lips.gaps_mm(moved_m)[20:40]
        np.testing.assert_allclose(middle, -1000 * way_m, atol=0.3)


def test_a_spike_and_a_fold_are_found(head: Head, surface: JudgedSurface):
    corners = np.unique(surface.quads)
    tip_m = head.mean_m[head.landmark_set("ibug68").vertices[30]]
    nose = int(corners[np.linalg.norm(head.mean_m[corners] - tip_m, axis=1).argmin()])
    assert surface.spikes(head.mean_m, head.mean_m).size == 0
    assert surface.folds(head.mean_m, head.mean_m) == 0
    spiky_m = head.mean_m.copy()
    spiky_m[nose, 2] += 0.01
    assert surface.spikes(head.mean_m, spiky_m).tolist() == [nose]
    folded_m = head.mean_m.copy()
    beside = surface.quads[(surface.quads == nose).any(axis=1)]
    folded_m[nose] += 3 * (head.mean_m[beside[0]].mean(axis=0) - folded_m[nose])
    assert surface.folds(head.mean_m, folded_m) > 0


def test_skin_in_an_eye_and_gums_in_a_chin_are_found(head: Head, surface: JudgedSurface):
    centres_m = head.joints_mean_m[2:]
    assert surface.skin_in_eyes_mm(head.mean_m, centres_m) < 0.1
    assert surface.inside_out_mm(head.mean_m) == 0
    lids = surface.seams[1]
    edge = int(lids.rings[lids.contact][lids.upper[len(lids.upper) // 2]])
    away = head.mean_m[edge] - centres_m[0]
    pushed_m = head.mean_m.copy()
    pushed_m[edge] -= 0.002 * away / np.linalg.norm(away)
    before = surface.skin_in_eyes_mm(head.mean_m, centres_m)
    assert before + 1 < surface.skin_in_eyes_mm(pushed_m, centres_m) < before + 2.1
    gums = head.vertex_parts == head.part_names.index("lower_gums")
    out_m = head.mean_m.copy()
    out_m[gums, 2] += 0.012
    assert surface.inside_out_mm(out_m) > 3


def test_the_built_in_head_holds_its_bars():
    result = study_head_shapes(load_head(), people=3, mixtures=2)
    assert result.rest.faults == ()
    assert result.rest.lips_gap_mm < 0.1
    for figures in result.shapes:
        assert figures.asymmetry_mm < 0.3, figures.name
        assert figures.lids_slit_mm < 0.1, figures.name
        if figures.name != "mouthClose":  # shuts a mouth that jawOpen has opened; never alone
            assert figures.inside_out_mm == 0, figures.name
    assert max(figures.lids_slit_mm for figures in result.blinks) < 0.6
    assert max(figures.inside_out_mm for figures in result.mixtures) == 0


def test_random_faces_are_the_same_again_and_keep_mouths_sound(head: Head):
    first, second = (random_faces(head, count=30) for _ in range(2))
    close, jaw = (head.expression_names.index(name) for name in ("mouthClose", "jawOpen"))
    for (name, face), (again, same) in zip(first, second, strict=True):
        assert name == again
        np.testing.assert_array_equal(face.identity, same.identity)
        assert 1 <= np.count_nonzero(face.expression) <= 5
        assert face.expression[close] <= face.expression[jaw]


def test_heads_without_quads_are_refused(head: Head):
    with pytest.raises(InputError, match="quads"):
        seams_of(toy_head())
    none = np.zeros((0, 4), np.int32)
    bare = replace(head, quads=none, uv_quads=none)
    with pytest.raises(InputError, match="0 quads"):
        seams_of(bare)
