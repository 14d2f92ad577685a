"""Skin inside eyeballs and teeth: known depths, poses that change nothing, heads without the parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError, ShapeError
from mien.heads.intersection import EYEBALLS, TEETH, skin_intersections
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from tests.toy_head import toy_head


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


def skin_moved(head: Head, vertex: int, place_m: np.ndarray) -> Head:
    """The head with an expression, its first, that takes one vertex to a place and does nothing else."""
    expression_m = head.expression_basis_m.copy()
    expression_m[0] = 0
    expression_m[0, vertex] = place_m - head.mean_m[vertex]
    return replace(head, expression_basis_m=expression_m)


def with_first_expression(head: Head) -> HeadParameters:
    return replace(head.neutral(), expression=np.eye(head.expression_count)[0])


def test_the_mean_head_at_rest_is_no_deeper_than_itself(head: Head):
    found = skin_intersections(head, head.neutral())
    assert [one.name for one in found.eyeballs] == list(EYEBALLS)
    assert [one.name for one in found.teeth] == list(TEETH)
    assert found.eyeballs_mm == 0
    assert found.teeth_mm == 0
    assert all(one.deepest_mm < 2.3 for one in found.eyeballs)  # hidden landmarks behind the lids


@pytest.mark.parametrize("side", [0, 1])
def test_depth_in_an_eyeball_is_known(head: Head, side: int):
    joint = 2 + side
    eyeball = head.skinning_weights[:, joint] > 0.5
    centre_m = head.joints_mean_m[joint]
    radius_m = np.median(np.linalg.norm(head.mean_m[eyeball] - centre_m, axis=1))
    lid = int(head.landmark_set("ibug68").vertices[(43, 38)[side]])
    outward = (head.mean_m[lid] - centre_m) / np.linalg.norm(head.mean_m[lid] - centre_m)
    pushed = skin_moved(head, lid, centre_m + (radius_m - 0.0013) * outward)
    found = skin_intersections(pushed, with_first_expression(pushed))
    here = found.eyeballs[side]
    assert here.depths_mm[here.vertices == lid] == pytest.approx([1.3], abs=1e-6)
    assert here.rest_depths_mm[here.vertices == lid] == pytest.approx([0.0])
    assert found.eyeballs_mm == pytest.approx(1.3, abs=1e-6)
    assert found.eyeballs[1 - side].deepest_beyond_rest_mm == 0


def test_depth_in_teeth_is_known(head: Head):
    teeth = head.vertex_parts == head.part_names.index("upper_teeth")
    lip = int(head.landmark_set("ibug68").vertices[51])
    # from below, the nearest of the hull's planes is the one under the teeth: all biting edges lie above it
    low_m = head.mean_m[teeth][:, 1].min()
    middle_m = head.mean_m[teeth].mean(axis=0)
    flat = head.mean_m.copy()
    flat[teeth, 1] = np.where(flat[teeth, 1] < middle_m[1], low_m, flat[teeth, 1])
    flat_head = replace(head, mean_m=flat)
    place_m = np.array([middle_m[0], low_m + 0.0007, middle_m[2]])
    pushed = skin_moved(flat_head, lip, place_m)
    found = skin_intersections(pushed, with_first_expression(pushed))
    upper = found.teeth[0]
    assert upper.depths_mm[upper.vertices == lip] == pytest.approx([0.7], abs=1e-6)
    assert upper.deepest_beyond_rest_mm == pytest.approx(0.7, abs=1e-6)
    assert found.teeth_mm >= upper.deepest_beyond_rest_mm  # the lower row's hull reaches there too


def test_where_the_head_is_and_looks_changes_nothing(head: Head):
    rng = np.random.default_rng(0)
    there = replace(
        head.neutral(),
        identity=rng.normal(size=head.identity_count),
        expression=rng.normal(size=head.expression_count),
    )
    joint_rotations = np.zeros((4, 3))
    joint_rotations[2:] = [0.2, -0.3, 0.1]
    elsewhere = replace(
        there,
        joint_rotations=joint_rotations,
        root_rotation=np.array([0.3, 0.5, -0.2]),
        root_translation_m=np.array([0.1, 0.2, -0.7]),
    )
    first, second = skin_intersections(head, there), skin_intersections(head, elsewhere)
    assert first.eyeballs_mm > 0.3  # random lids
    assert second.eyeballs_mm == pytest.approx(first.eyeballs_mm, abs=1e-6)
    assert second.teeth_mm == pytest.approx(first.teeth_mm, abs=1e-6)


def test_a_turned_head_joint_takes_its_eyeballs_along(head: Head):
    rotations = np.zeros((4, 3))
    rotations[1] = [0.1, 0.4, 0.0]
    turned = skin_intersections(head, replace(head.neutral(), joint_rotations=rotations))
    assert turned.eyeballs_mm < 0.05
    assert turned.teeth_mm < 0.05


def test_heads_without_parts():
    toy = toy_head()
    found = skin_intersections(toy, toy.neutral())
    assert len(found.eyeballs) == 2
    assert found.teeth == ()
    assert found.teeth_mm == 0


def test_what_cannot_be_measured(head: Head):
    with pytest.raises(InputError, match="expression"):
        skin_intersections(head, replace(head.neutral(), expression=np.full(head.expression_count, np.nan)))
    with pytest.raises(ShapeError):
        skin_intersections(head, toy_head().neutral())
