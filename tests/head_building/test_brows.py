"""Brow cards: on the skin, following it, with modes of their own and landmarks on the hair."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.brow_statistics import (
    MODES,
    PEOPLE,
    STATIONS,
    BrowShape,
    BrowStatistics,
    learn_brows,
)
from mien.head_building.brows import BrowSkin, BrowsMesh, build_brows
from mien.head_building.card_pictures import CARD_TILES, hair_cards
from mien.head_building.mesh_disks import split_quads
from mien.head_building.skin_binding import SkinBinding
from tests.head_building.cube_head import cube_head
from tests.head_building.part_checks import assert_manifold, assert_symmetric, face_normals

RADIUS_M = 0.1
INNER_M, OUTER_M = np.array([0.016, 0.02, 0.096]), np.array([0.045, 0.02, 0.087])


def statistics() -> BrowStatistics:
    middle = 0.15 + 0.05 * np.sin(STATIONS * 2.4)
    shape = BrowShape(np.array([0.13, 0.62]), middle - 0.02, middle + 0.02)
    return BrowStatistics(shape, dict.fromkeys(MODES, 0.03))


@pytest.fixture(scope="module")
def skin() -> BrowSkin:
    head = cube_head(cells=24)
    return BrowSkin(head.vertices_m, split_quads(head.quads)[0], head.mirror, INNER_M, OUTER_M)


@pytest.fixture(scope="module")
def brows(skin: BrowSkin) -> BrowsMesh:
    return build_brows(skin, statistics())


def test_symmetric_sheets_that_look_forwards(brows: BrowsMesh):
    assert_manifold(brows.mesh.quads)
    assert_symmetric(brows.mesh, atol=1e-9)
    assert (face_normals(brows.mesh)[1][:, 2] > 0.3).all()
    assert (brows.mesh.quads >= 0).all()
    uv = brows.mesh.uv
    assert uv[:, 1].min() >= CARD_TILES["brow_over"][1]
    assert uv[:, 0].min() >= 0
    assert uv[:, 0].max() <= 1


def test_they_lie_just_over_the_skin(brows: BrowsMesh):
    height = np.linalg.norm(brows.mesh.vertices, axis=1) - RADIUS_M
    assert height.min() > 0.0004  # facets of the ball lie a little below it
    assert height.max() < 0.0012


def test_bound_to_the_skin(brows: BrowsMesh, skin: BrowSkin):
    binding = brows.binding
    np.testing.assert_allclose(binding.weights.sum(axis=1), 1)
    np.testing.assert_allclose(binding.place(skin.vertices_m), brows.mesh.vertices, atol=1e-9)
    turn = matrix_from_rotation_vector(np.array([0.3, -0.2, 0.5]))
    moved = binding.place(skin.vertices_m @ turn.T + [0.1, 0, 0])
    np.testing.assert_allclose(moved, brows.mesh.vertices @ turn.T + [0.1, 0, 0], atol=1e-9)
    raised = binding.displacement(skin.vertices_m, np.tile([0.0, 0.004, 0.0], (len(skin.vertices_m), 1)))
    np.testing.assert_allclose(raised, np.tile([0.0, 0.004, 0.0], (len(raised), 1)), atol=1e-9)


def test_a_mirrored_binding_is_the_mirror_image(skin: BrowSkin):
    rng = np.random.default_rng(0)
    faces = skin.triangles[rng.integers(0, len(skin.triangles), 20)]
    weights = rng.dirichlet(np.ones(3), 20)
    points = np.einsum("pk,pkc->pc", weights, skin.vertices_m[faces]) + 0.002 * rng.normal(size=(20, 3))
    other = SkinBinding.of(points, faces, weights, skin.vertices_m).mirrored(skin.mirror)
    np.testing.assert_allclose(other.place(skin.vertices_m), points * [-1, 1, 1], atol=1e-9)


def test_modes_slide_the_brow(brows: BrowsMesh):
    step = 0.03 * 2 * OUTER_M[0]
    mirror = brows.mesh.mirror
    for mode in brows.modes_m.values():
        np.testing.assert_allclose(mode[mirror], mode * [-1, 1, 1], atol=1e-9)
    np.testing.assert_allclose(brows.modes_m["height"][:, 1], step, atol=2e-4)
    left = brows.landmarks.ibug[5:]
    distance, length = brows.modes_m["distance"][left, 0], brows.modes_m["length"][left, 0]
    along = np.array([0.125, 0.25, 0.5, 0.75, 1.06])  # labels begin inside the hair and go to its very end
    np.testing.assert_allclose(distance, step * (1 - along), atol=3e-4)
    np.testing.assert_allclose(length, step * along, atol=3e-4)
    upper, lower = brows.landmarks.wflw[9:14], brows.landmarks.wflw[[17, 16, 15, 14]]
    thicker = brows.modes_m["thickness"][:, 1]
    assert (thicker[upper] > 0).all()
    assert (thicker[lower] < 0).all()
    moved = brows.mesh.vertices + brows.modes_m["height"]  # they stay on the skin
    assert np.abs(np.linalg.norm(moved, axis=1) - RADIUS_M).max() < 0.0017


def test_landmarks_lie_on_the_hair_in_their_order(brows: BrowsMesh):
    places = brows.mesh.vertices
    assert (np.diff(places[brows.landmarks.ibug, 0]) > 0).all()
    np.testing.assert_array_equal(brows.mesh.mirror[brows.landmarks.ibug], brows.landmarks.ibug[::-1])
    right_upper, right_lower, left_upper, left_lower = np.split(brows.landmarks.wflw, [5, 9, 14])
    assert (np.diff(places[right_upper, 0]) > 0).all()
    assert (np.diff(places[left_upper, 0]) > 0).all()
    assert (np.diff(places[right_lower, 0]) < 0).all()
    assert (np.diff(places[left_lower, 0]) < 0).all()
    assert (places[left_upper[3::-1], 1] > places[left_lower, 1] + 0.002).all()
    inner = brows.landmarks.ibug[6:9]  # those in the columns that WFLW's have too
    assert (places[inner, 1] < places[left_upper[1:4], 1]).all()
    assert (places[inner, 1] > places[left_lower[::-1][1:], 1]).all()


def test_edges_run_along_both_brows(brows: BrowsMesh):
    places, mirror, edges = brows.mesh.vertices, brows.mesh.mirror, brows.landmarks
    for line in (edges.upper, edges.middle, edges.lower):
        np.testing.assert_array_equal(mirror[line[0]], line[1])
        assert (np.diff(places[line[0], 0]) > 0).all()  # the left brow, from its inner end
    assert (places[edges.upper, 1] > places[edges.middle, 1]).all()
    assert (places[edges.middle, 1] > places[edges.lower, 1]).all()
    moved = edges.after(1000)
    np.testing.assert_array_equal(moved.lower, edges.lower + 1000)
    np.testing.assert_array_equal(moved.ibug, edges.ibug + 1000)


def test_a_brow_beside_the_skin_is_refused(skin: BrowSkin):
    far = BrowShape(np.array([0.5, 1.4]), np.full(9, 0.1), np.full(9, 0.15))
    with pytest.raises(InputError, match="beside the skin"):
        build_brows(skin, BrowStatistics(far, dict.fromkeys(MODES, 0.03)))


def test_learned_deviations_find_the_modes():
    mean, rng = statistics().mean, np.random.default_rng(1)
    true = {"tilt": 0.04, "arch": 0.02, "thickness": 0.2, "distance": 0.03, "length": 0.05}
    shapes = [mean.changed({name: sd * rng.normal() for name, sd in true.items()}) for _ in range(400)]
    learned = learn_brows(shapes)
    for name, deviation in true.items():
        assert learned.deviations[name] == pytest.approx(deviation, rel=0.12), name


def test_people_have_their_brows_over_their_eyes():
    middle = (PEOPLE.mean.lower + PEOPLE.mean.upper) / 2
    assert 0.2 < middle.mean() < 0.26
    assert middle.argmax() in (4, 5)
    assert (PEOPLE.mean.upper > PEOPLE.mean.lower + 0.02).all()
    for name, deviation in PEOPLE.deviations.items():  # even odd ones do not hang over the eyes
        for weight in (-3, 3):
            odd = PEOPLE.mean.changed({name: weight * deviation})
            assert (odd.lower > 0).all()
            assert (odd.upper > odd.lower).all()


def test_pictures_of_hair():
    picture = hair_cards((120, 80, 40), 256)
    assert picture.shape == (128, 256, 4)
    cover = picture[..., 3] / 255
    brow, under = cover[:64], cover[:32]
    assert 0.1 < under.mean() < 0.6  # hair with skin between, no block
    assert under[10:22].mean() > 3 * under[[0, 1, 30, 31]].mean()
    assert brow.max() > 0.7
    roots, tips = cover[92:95].mean(), cover[64:67].mean()
    assert roots > 3 * tips
    np.testing.assert_array_equal(picture, hair_cards((120, 80, 40), 256))
    hair = picture[picture[..., 3] > 128][:, :3].mean(axis=0)
    np.testing.assert_allclose(hair, [120, 80, 40], rtol=0.15)
