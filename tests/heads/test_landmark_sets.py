"""The built-in head's landmark sets: sizes, nesting, partners, order, groups, conversion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import LandmarkSetError
from mien.heads.landmark_sets import (
    IBUG_GROUPS,
    conversion_indices,
    landmark_groups,
    landmark_set,
    mirror_indices,
    opening_pairs,
    set_size,
)
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters

SIZES = {"ict68": 68, "ibug68": 68, "wflw98": 98, "dense320": 320, "dense703": 703}


def points_m(set_name: str) -> np.ndarray:
    return load_head().mean_m[landmark_set(set_name).vertices]


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_size_and_no_point_twice(name: str, size: int):
    assert set_size(name) == len(landmark_set(name)) == size
    assert len(set(landmark_set(name).vertices.tolist())) == size


@pytest.mark.parametrize(
    ("large", "small"),
    [
        ("dense703", "dense320"),
        ("dense703", "ict68"),
        ("dense320", "ict68"),
        ("dense320", "ibug68"),
        ("dense320", "wflw98"),
        ("dense703", "wflw98"),
    ],
)
def test_conversion_picks_the_same_vertices(large: str, small: str):
    indices = conversion_indices(large, small)
    np.testing.assert_array_equal(landmark_set(large).vertices[indices], landmark_set(small).vertices)


def test_conversion_that_lacks_points_says_so():
    with pytest.raises(LandmarkSetError, match="cannot be picked out of 'ibug68'"):
        conversion_indices("ibug68", "dense320")
    with pytest.raises(LandmarkSetError, match="no landmark set 'ibug69'"):
        landmark_set("ibug69")


@pytest.mark.parametrize("name", [*SIZES, "full_face"])
def test_partners(name: str):
    head, mirror = load_head(), mirror_indices(name)
    vertices = landmark_set(name).vertices
    np.testing.assert_array_equal(mirror[mirror], np.arange(len(vertices)))
    np.testing.assert_array_equal(head.mirror_vertices[vertices], vertices[mirror])
    np.testing.assert_allclose(points_m(name)[mirror], points_m(name) * [-1, 1, 1], atol=1e-6)


@pytest.mark.parametrize("name", ["ict68", "ibug68"])
def test_order_of_the_68(name: str):
    p = points_m(name)
    right_eye, left_eye = p[36:42], p[42:48]
    assert right_eye[:, 0].max() < 0 < left_eye[:, 0].min()
    assert p[36, 0] == right_eye[:, 0].min()  # outer corners
    assert p[45, 0] == left_eye[:, 0].max()
    assert p[39, 0] == right_eye[:, 0].max()
    assert p[37:39, 1].min() > p[40:42, 1].max()  # upper lid above the lower one
    assert p[:, 1].argmin() == 8
    assert p[:, 2].argmax() == 30
    assert p[48:68, 0].argmin() == 0
    assert p[48:68, 0].argmax() == 54 - 48
    assert (np.diff(p[:17, 0]) > 0).all()  # the contour from ear to ear, down to the chin and up again
    assert (np.diff(p[:9, 1]) < 0).all()
    assert (np.diff(p[8:17, 1]) > 0).all()
    assert (np.diff(p[17:27, 0]) > 0).all()  # brows from the subject's right to left
    assert (np.diff(p[27:31, 1]) < 0).all()  # down the nose's bridge
    assert (np.diff(p[31:36, 0]) > 0).all()
    assert p[51, 1] > p[62, 1] >= p[66, 1] > p[57, 1]  # outer, inner, inner, outer lip; at rest lips touch


def heights_of_brows(name: str) -> np.ndarray:
    """Of the ten brow points above the eyes, shares of the distance of the outer corners of the eyes."""
    p = points_m(name)
    return (p[17:27, 1] - p[36:48, 1].mean()) / np.linalg.norm(p[45] - p[36])


def test_ibugs_brows_lie_on_the_brow_and_icts_on_the_forehead():
    # The middle of a visible brow is 0.17 above the eyes, its half thickness 0.05; its tail lies lower.
    assert 0.10 < heights_of_brows("ibug68").min() < heights_of_brows("ibug68").max() < 0.28
    assert heights_of_brows("ict68")[[1, 2, 3, 6, 7, 8]].min() > 0.27


def test_the_two_sets_of_68_have_the_corners_of_the_eyes_in_common():
    ict, ibug = landmark_set("ict68"), landmark_set("ibug68")
    corners = [36, 39, 42, 45]  # iBUG's lids have their points elsewhere
    np.testing.assert_array_equal(ict.vertices[corners], ibug.vertices[corners])
    np.testing.assert_array_equal(ict.mirror, ibug.mirror)


def test_ibugs_lids_are_divided_as_its_labels_divide_them():
    p = points_m("ibug68")[:, 0]
    shares = (p[[43, 44, 46, 47]] - p[42]) / (p[45] - p[42])
    # the vertices of a lid are a tenth of its length apart, and below stands what is above
    np.testing.assert_allclose(shares, [0.335, 0.68, 0.675, 0.305], atol=0.12)


def test_ibugs_lids_meet_when_they_shut():
    head, vertices = load_head(), landmark_set("ibug68").vertices
    parameters = HeadParameters.neutral(head.identity_count, head.expression_count)
    blink = np.isin(head.expression_names, ("eyeBlinkLeft", "eyeBlinkRight")).astype(float)
    open_m, shut_m = (
        head.vertices_m(replace(parameters, expression=weights))[vertices] for weights in (0 * blink, blink)
    )
    for above, below in ((37, 41), (38, 40), (43, 47), (44, 46)):
        gap_m = np.linalg.norm(shut_m[above] - shut_m[below])
        assert gap_m < 0.06 * np.linalg.norm(open_m[above] - open_m[below])


def test_every_vertex_is_on_the_surface_and_sets_are_nested():
    head = load_head()
    assert set(np.unique(head.triangles)) == set(range(head.vertex_count))
    np.testing.assert_array_equal(landmark_set("dense703").vertices[:320], landmark_set("dense320").vertices)


@pytest.mark.parametrize(("name", "least"), [("dense320", 18), ("dense703", 26)])
def test_brows_are_marked_on_the_hair_that_one_sees(name: str, least: int):
    head, vertices = load_head(), landmark_set(name).vertices
    on_brow = head.vertex_parts[vertices] == head.part_names.index("brows")
    groups = landmark_groups(name)
    for side, sign in (("left_brow", 1), ("right_brow", -1)):
        members = groups[side]
        assert len(members) >= least
        assert on_brow[members].all()
        assert (sign * points_m(name)[members, 0] > 0).all()
        # each of the six brow modes moves them by more than a quarter of a millimetre
        moved_m = np.linalg.norm(head.identity_basis_m[-6:, vertices[members]], axis=2).max(axis=1)
        assert moved_m.min() > 0.00025
    assert on_brow.sum() == len(groups["left_brow"]) + len(groups["right_brow"])
    # What lies under them is not marked; ICT's ten points on the forehead apart.
    bare = np.setdiff1d(vertices[~on_brow], landmark_set("ict68").vertices)
    distance_m = np.linalg.norm(head.mean_m[bare][:, None] - head.mean_m[vertices[on_brow]][None], axis=2)
    assert distance_m.min() > 0.005


@pytest.mark.parametrize("name", ["dense320", "dense703"])
def test_what_is_always_in_dense_sets(name: str):
    head, vertices = load_head(), set(landmark_set(name).vertices.tolist())
    p, eyes = points_m(name), landmark_groups(name)["iris"]
    centres_m = head.joints_mean_m[2:]
    for side, centre_m in ((1, centres_m[0]), (-1, centres_m[1])):
        own = p[eyes][side * p[eyes, 0] > 0] - centre_m
        from_axis_m = np.linalg.norm(own[:, :2], axis=1)
        assert (from_axis_m < 1e-4).sum() == 1  # the pupil
        rim = own[from_axis_m > 1e-4]
        np.testing.assert_allclose(np.linalg.norm(rim[:, :2], axis=1), 0.00585, atol=5e-5)  # the iris
        assert len(rim) == (8 if name == "dense320" else 24)
    for other in ("ict68", "ibug68", "wflw98"):
        assert set(landmark_set(other).vertices.tolist()) <= vertices


def test_wflw_order():
    p, ibug = points_m("wflw98"), points_m("ibug68")
    assert p[0, 0] < 0 < p[32, 0]
    np.testing.assert_allclose(p[:33:2], ibug[:17])  # every second point of the contour
    for upper, lower in (((34, 35, 36), (40, 39, 38)), ((43, 44, 45), (50, 49, 48))):
        assert (p[list(upper), 1] > p[list(lower), 1] + 0.003).all()  # both edges of a brow
    assert (np.diff(p[33:38, 0]) > 0).all()
    assert (np.diff(p[42:47, 0]) > 0).all()
    assert (np.diff(p[38:42, 0]) < 0).all()  # the lower edges go back
    assert (np.diff(p[46:51, 0]) < 0).all()
    np.testing.assert_allclose(p[[60, 64, 68, 72]], ibug[[36, 39, 42, 45]])  # corners of the eyes
    np.testing.assert_allclose(p[76:96], ibug[48:68])  # the mouth has iBUG's points
    assert p[96, 0] < 0 < p[97, 0]  # pupils, the subject's right one first
    parts = np.array(load_head().part_names)[load_head().vertex_parts[landmark_set("wflw98").vertices]]
    assert parts[96:].tolist() == ["right_eye", "left_eye"]


def test_ibug_groups_cover_all_points_once():
    assert sorted(i for members in IBUG_GROUPS.values() for i in members) == list(range(68))


@pytest.mark.parametrize("name", ["dense320", "dense703"])
def test_groups_are_symmetric_and_where_they_should_be(name: str):
    groups, mirror, p = landmark_groups(name), mirror_indices(name), points_m(name)
    pairs = [("left_eye", "right_eye"), ("left_brow", "right_brow")]
    pairs += [
        (g, g) for g in ("face", "nose", "mouth", "jaw", "lids", "iris", "teeth", "ears", "scalp_and_neck")
    ]
    for group, other in pairs:
        assert len(groups[group])
        # the head's parts are not quite symmetric along the lips' and lids' inner edges
        assert len(set(mirror[groups[group]]) ^ set(groups[other])) <= 0.03 * set_size(name), group
    for group in ("left_eye", "left_brow"):
        assert p[groups[group], 0].min() > 0
    apart = [set(groups[g]) for g in ("face", "ears", "scalp_and_neck", "iris", "teeth")]
    assert sum(map(len, apart)) == len(set().union(*apart)) >= 0.95 * set_size(name)
    assert p[groups["mouth"], 1].max() < p[groups["nose"], 1].max() < p[groups["left_brow"], 1].min()
    assert p[groups["face"], 2].min() > 0


# Of frontal faces of the mean head, whatever landmarks lie on it: a face's region is part of the format that
# networks are trained on (centre of the face's points and their spread, metres).
REGIONS_M = {"dense320": (0.0043, 0.0609), "dense703": (0.0008, 0.0600)}


@pytest.mark.parametrize(("name", "region"), REGIONS_M.items())
def test_regions_are_framed_as_they_always_were(name: str, region: tuple[float, float]):
    face_m = points_m(name)[landmark_groups(name)["face"]][:, :2]
    height_m, spread_m = region
    side_m = 4.4 * spread_m
    assert face_m[:, 0].mean() == pytest.approx(0, abs=1e-6)
    assert face_m[:, 1].mean() == pytest.approx(height_m, abs=0.02 * side_m)
    found_m = np.sqrt(((face_m - face_m.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert found_m == pytest.approx(spread_m, rel=0.02)


@pytest.mark.parametrize("name", ["dense320", "dense703"])
def test_dense_sets_are_denser_at_eyes_and_lips(name: str):
    groups, p = landmark_groups(name), points_m(name)

    def spacing_m(members: np.ndarray) -> float:
        distance = np.linalg.norm(p[members][:, None] - p[None], axis=2)
        distance[distance < 1e-9] = np.inf
        return float(np.median(distance.min(axis=1)))

    for feature in ("lids", "mouth"):
        assert spacing_m(groups[feature]) < 0.7 * spacing_m(groups["scalp_and_neck"])


@pytest.mark.parametrize(("set_name", "count"), [("dense320", 11), ("dense703", 11), ("ibug68", 7)])
def test_opening_pairs_face_each_other_across_lids_and_lips(set_name, count):
    head = load_head()
    pairs = opening_pairs(head, set_name)
    points_m = head.mean_m[head.landmark_set(set_name).vertices]
    upper_m, lower_m = points_m[pairs[:, 0]], points_m[pairs[:, 1]]
    assert len(pairs) == count
    assert (upper_m[:, 1] > lower_m[:, 1] - 1e-4).all()
    assert np.abs(upper_m[:, 0] - lower_m[:, 0]).max() < 0.008
