"""Lids that lie on eyeballs and shut, lips that meet, a mouth's inside that follows: on the real skin.

The topology is MakeHuman's, so these tests need the assets; everything is asked of the mean MakeHuman head,
scaled to metres, which no registration has touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.edge_loops import QuadEdges
from mien.head_building.eyeballs import CORNEA_APEX_M, IRIS_RADIUS_M, RADIUS_M
from mien.head_building.feature_curves import LIP_CONTACT
from mien.head_building.jaw import AffineMotion
from mien.head_building.lids import CLEARANCE_M, OVERLAP, Lids, build_lids, eye_surface_m
from mien.head_building.lips import Lips, build_lips
from mien.head_building.makehuman import METRES_PER_UNIT
from mien.head_building.mouth_bag import build_mouth_bag
from mien.head_building.quad_skin import LEFT_SOCKET, MOUTH_INTERIOR, QuadSkin, build_quad_skin
from tests.head_building.part_checks import assert_manifold
from tests.head_building.shared_assets import makehuman_or_skip

FLIP = np.array([-1.0, 1.0, 1.0])


def test_an_eyes_surface_is_a_ball_with_a_cornea():
    ahead = np.array([0.0, 0.0, 1.0])
    angles = np.linspace(0, np.pi, 60)
    directions = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
    radius_m = eye_surface_m(directions, ahead)
    assert radius_m[0] == pytest.approx(CORNEA_APEX_M)
    assert (np.diff(radius_m) <= 1e-12).all()
    np.testing.assert_allclose(radius_m[angles > np.arcsin(IRIS_RADIUS_M / RADIUS_M)], RADIUS_M)
    turn = matrix_from_rotation_vector(np.array([0.2, -0.3, 0.1]))
    np.testing.assert_allclose(eye_surface_m(directions @ turn.T, turn @ ahead), radius_m)


@dataclass(frozen=True)
class Rest:
    skin: QuadSkin
    at_m: np.ndarray
    centre_m: np.ndarray
    lids: tuple[Lids, Lids]
    lips: Lips


@pytest.fixture(scope="module")
def rest() -> Rest:
    skin = build_quad_skin(makehuman_or_skip())
    at_m = METRES_PER_UNIT * skin.vertices
    margin = at_m[skin.left_lid_margins[2]]
    centre_m = margin.mean(axis=0) * [1, 1, 0] + [0, 0, margin[:, 2].max() - RADIUS_M]
    return Rest(skin, at_m, centre_m, build_lids(skin, at_m, centre_m), build_lips(skin, at_m))


def seated(rest: Rest) -> np.ndarray:
    return rest.lids[0].seated(rest.at_m, rest.centre_m)


def test_the_skin_is_quads_with_loops_and_a_mirror(rest: Rest):
    skin = rest.skin
    assert skin.quads.min() == 0
    assert skin.quads.shape[1] == 4
    assert_manifold(skin.quads)
    np.testing.assert_array_equal(skin.mirror[skin.mirror], np.arange(len(skin.vertices)))
    np.testing.assert_allclose(skin.vertices[skin.mirror], skin.vertices * FLIP, atol=2e-2)
    edges = QuadEdges(skin.quads)
    for loops in (skin.lip_rings, skin.left_lid_margins):
        assert len({len(loop) for loop in loops}) == 1
        for a, b in pairwise(loops):
            assert all(edges.quads_at(int(v), int(w)) for v, w in zip(a, b, strict=True))
    border = skin.neck_loop
    assert all(
        len(edges.quads_at(int(a), int(b))) == 1 for a, b in zip(border, np.roll(border, -1), strict=True)
    )
    assert set(np.unique(skin.quads[skin.quad_labels == MOUTH_INTERIOR])) >= set(skin.lip_rings[0].tolist())
    assert set(np.unique(skin.quads[skin.quad_labels == LEFT_SOCKET])) >= set(
        skin.left_lid_margins[0].tolist()
    )


def test_seated_lids_touch_the_eyeball_and_do_not_enter_it(rest: Rest):
    lids, placed = rest.lids[0], seated(rest)
    for ring, least_m in ((lids.inside, CLEARANCE_M), (lids.edge, CLEARANCE_M)):
        away = placed[ring] - rest.centre_m
        radius_m = np.linalg.norm(away, axis=1)
        surface_m = eye_surface_m(away / radius_m[:, None], np.array([0.0, 0, 1]))
        assert (radius_m - surface_m).min() > least_m - 1e-5
    behind_m = np.linalg.norm(placed[lids.behind] - rest.centre_m, axis=2)
    assert behind_m.min() > RADIUS_M
    far = np.linalg.norm(rest.at_m - rest.centre_m, axis=1) > 0.04
    np.testing.assert_array_equal(placed[far], rest.at_m[far])


def test_both_eyes_are_each_others_mirror_image(rest: Rest):
    symmetric = (rest.at_m + rest.at_m[rest.skin.mirror] * FLIP) / 2
    left = rest.lids[0].seated(symmetric, rest.centre_m)
    right = rest.lids[1].seated(symmetric, rest.centre_m * FLIP)
    np.testing.assert_allclose(right[rest.skin.mirror], left * FLIP, atol=1e-7)


def test_settling_finds_the_place_of_the_eyeball_again(rest: Rest):
    lids = rest.lids[0]
    settled_m = lids.settled(rest.at_m, rest.centre_m)
    again_m = lids.settled(rest.at_m, rest.centre_m + [0, 0, 0.001])
    np.testing.assert_allclose(again_m, settled_m, atol=2e-6)


def test_a_blink_leaves_no_slit_and_no_more_overlap_than_meant(rest: Rest):
    lids, open_m = rest.lids[0], seated(rest)
    nothing = np.zeros_like(open_m)
    shut_m = open_m + lids.blink(open_m, rest.centre_m, nothing, np.full(21, 0.3))
    height_m = np.linalg.norm(open_m[lids.edge[lids.upper]] - open_m[lids.edge[lids.lower[0]]], axis=1).max()
    upper, lower = shut_m[lids.edge[lids.upper]], shut_m[lids.edge[lids.lower]]
    grid = np.linspace(0.05, 0.95, 40)

    def line(points: np.ndarray) -> np.ndarray:
        steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        return np.stack([np.interp(grid, steps / steps[-1], column) for column in points.T], axis=1)

    gap_m = (line(upper) - line(lower))[:, 1]
    assert gap_m.max() < 5e-5
    assert gap_m.min() > -0.0003
    assert 2 * OVERLAP * height_m < 0.001
    radius_m = np.linalg.norm(shut_m[lids.inside] - rest.centre_m, axis=1)
    assert radius_m.min() > RADIUS_M
    away = np.linalg.norm(rest.at_m - rest.centre_m, axis=1) > 0.04
    assert not (shut_m - open_m)[away].any()


def test_where_lids_meet_is_told_from_a_blink(rest: Rest):
    lids, open_m = rest.lids[0], seated(rest)
    blink_m = lids.blink(open_m, rest.centre_m, np.zeros_like(open_m), np.full(21, 0.3))
    told = lids.meeting_of(open_m, rest.centre_m, blink_m)
    np.testing.assert_allclose(told[7:14], 0.3, atol=0.08)


def test_lips_brought_together_have_no_gap(rest: Rest):
    lips = rest.lips
    opened_m = rest.at_m.copy()
    opened_m[lips.lower[1:-1], 1] -= 0.002
    assert lips.gap_m(opened_m)[3:-3].min() > 0.0015
    together_m = lips.together(opened_m)
    assert np.abs(lips.gap_m(together_m)).max() < 1e-4  # both lines have corners of their own
    ends = [lips.upper[0], lips.upper[-1]]
    np.testing.assert_array_equal(together_m[ends], opened_m[ends])
    contact = rest.skin.lip_rings[LIP_CONTACT]
    far = np.linalg.norm(rest.at_m[:, None] - rest.at_m[contact], axis=2).min(axis=1) > 0.012
    np.testing.assert_array_equal(together_m[far], opened_m[far])


def test_lips_apart_stop_at_each_other_and_leave_open_mouths_alone(rest: Rest):
    lips = rest.lips
    together_m = lips.together(rest.at_m)
    through_m, opened_m = together_m.copy(), together_m.copy()
    through_m[lips.lower[1:-1], 1] += 0.002
    opened_m[lips.lower[1:-1], 1] -= 0.002
    assert lips.gap_m(through_m).min() < -0.0015
    assert lips.gap_m(lips.apart(through_m)).min() > -1e-4
    np.testing.assert_allclose(lips.apart(opened_m), opened_m, atol=1e-4)


def test_the_mouths_inside_follows_lips_and_jaw(rest: Rest):
    mouth = build_mouth_bag(rest.skin, rest.at_m)
    down = AffineMotion(np.zeros((3, 3)), np.array([0.0, -0.01, 0.0]))
    still = AffineMotion(np.zeros((3, 3)), np.zeros(3))
    np.testing.assert_allclose(mouth.following(rest.at_m, rest.at_m, still), rest.at_m, atol=1e-12)
    # lips that go with the jaw as their share of it says: nothing is left over for the rim
    moved_m = rest.at_m.copy()
    moved_m[mouth.rim, 1] -= 0.01 * mouth.lowness[len(mouth.inside) :]
    followed_m = mouth.following(moved_m, rest.at_m, down)
    own_m = np.zeros((len(mouth.inside), 3))
    own_m[:, 1] = -0.01 * mouth.lowness[: len(mouth.inside)]
    # what lies close below the skin goes with the skin, which stands still here
    expected_m = own_m * (1 - mouth.beside.closeness[:, None])
    np.testing.assert_allclose((followed_m - rest.at_m)[mouth.inside], expected_m, atol=1e-9)
    deep = mouth.beside.closeness == 0
    assert 0.3 < deep.mean() < 1
    assert mouth.lowness.min() >= 0
    assert mouth.lowness.max() <= 1
    others = np.setdiff1d(np.arange(len(rest.at_m)), mouth.inside)
    np.testing.assert_array_equal(followed_m[others], moved_m[others])
