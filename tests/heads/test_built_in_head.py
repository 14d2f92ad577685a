"""Anatomy of the built-in head: mesh, lids, jaw, eyeballs, symmetric expressions, joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.geometry.normals import vertex_normals
from mien.heads.library import load_head
from mien.heads.model import Head

FLIP = np.array([-1.0, 1.0, 1.0])
CROSSED = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}
SIDED = [
    *[(name, name[:-4] + "Right") for name in load_head().expression_names if name[-4:] == "Left"],
    *[(name, name) for name in load_head().expression_names if not name.endswith(("Left", "Right"))],
]


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


def shape_m(head: Head, name: str) -> np.ndarray:
    return head.expression_basis_m[head.expression_names.index(name)]


def part(head: Head, name: str) -> np.ndarray:
    return head.vertex_parts == head.part_names.index(name)


def test_mesh_is_an_oriented_manifold(head: Head):
    t = head.triangles
    directed = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
    assert len(np.unique(directed, axis=0)) == len(directed)
    np.testing.assert_array_equal(np.unique(t), np.arange(head.vertex_count))  # no point is in no face


def test_quads_and_triangles_are_one_surface(head: Head):
    for quads, triangles in ((head.quads, head.triangles), (head.uv_quads, head.uv_triangles)):
        whole = quads[quads[:, 3] >= 0]
        cut = np.concatenate([quads[:, :3], whole[:, [0, 2, 3]]])
        assert set(map(tuple, cut.tolist())) == set(map(tuple, triangles.tolist()))
    assert (head.quads[:, 3] >= 0).mean() > 0.97
    assert head.uv_triangles.max() < len(head.uv)
    assert head.uv.min() >= 0
    assert head.uv.max() <= 1


def test_mean_and_triangles_are_symmetric(head: Head):
    mirror = head.mirror_vertices
    np.testing.assert_array_equal(mirror[mirror], np.arange(head.vertex_count))
    np.testing.assert_allclose(head.mean_m[mirror], head.mean_m * FLIP, atol=1e-7)
    # faces as they are modelled: a quad's diagonal is the same on both sides, not mirrored
    moved = np.where(head.quads >= 0, mirror[head.quads], -1)
    reflected, own = np.sort(moved, axis=1), np.sort(head.quads, axis=1)
    assert set(map(tuple, reflected.tolist())) == set(map(tuple, own.tolist()))


def test_parts_are_symmetric(head: Head):
    sided = ("left_eye", "right_eye"), ("left_cornea", "right_cornea")
    swap = {a: b for pair in sided for a, b in (pair, pair[::-1])}
    names = np.array(head.part_names)[head.vertex_parts]
    partners = np.array([swap.get(name, name) for name in names[head.mirror_vertices]])
    np.testing.assert_array_equal(names, partners)


def test_head_has_a_human_size(head: Head):
    ibug = head.mean_m[head.landmark_set("ibug68").vertices]
    assert 0.080 < np.linalg.norm(ibug[45] - ibug[36]) < 0.100  # outer corners of the eyes
    assert 0.100 < ibug[27, 1] - ibug[8, 1] < 0.130  # bridge of the nose to the chin
    assert 0.14 < np.ptp(head.mean_m[:, 0]) < 0.20


@pytest.mark.parametrize(
    ("name", "upper", "lower"),
    [("eyeBlinkLeft", (43, 44), (47, 46)), ("eyeBlinkRight", (37, 38), (41, 40))],
)
def test_blink_closes_the_lids(head: Head, name: str, upper: tuple[int, int], lower: tuple[int, int]):
    vertices = head.landmark_set("ibug68").vertices

    def gap_m(points_m: np.ndarray) -> float:
        return float((points_m[list(upper)] - points_m[list(lower)])[:, 1].mean())

    rest = head.mean_m[vertices]
    closed = rest + shape_m(head, name)[vertices]
    assert gap_m(rest) > 0.006
    assert gap_m(closed) < 0.15 * gap_m(rest)
    assert gap_m(closed) > -0.002  # the lids hardly overlap


def test_jaw_opens_downwards(head: Head):
    vertices = head.landmark_set("ibug68").vertices
    moved_m = shape_m(head, "jawOpen")[vertices]
    assert moved_m[8, 1] < -0.015
    assert moved_m[66, 1] < -0.010
    assert np.abs(moved_m[[*range(17, 31), *range(36, 48)]]).max() < 0.001  # brows, bridge and eyes stay
    lower, upper = part(head, "lower_teeth"), part(head, "upper_teeth")
    assert shape_m(head, "jawOpen")[lower, 1].mean() < -0.005
    assert np.abs(shape_m(head, "jawOpen")[upper]).max() < 0.001


def test_smiles_pull_their_corner_outwards_and_up(head: Head):
    vertices = head.landmark_set("ibug68").vertices
    left, right = shape_m(head, "mouthSmileLeft")[vertices], shape_m(head, "mouthSmileRight")[vertices]
    assert left[54, 0] > 0.003
    assert left[54, 1] > 0.003
    assert np.linalg.norm(left[48]) < 0.3 * np.linalg.norm(left[54])
    assert right[48, 0] < -0.003


@pytest.mark.parametrize("side", ["left", "right"])
def test_looks_alone_move_eyeballs_and_turn_them(head: Head, side: str):
    ball = part(head, f"{side}_eye") | part(head, f"{side}_cornea")
    centre_m = head.joints_mean_m[2 if side == "left" else 3]
    radius_m = np.linalg.norm(head.mean_m[ball] - centre_m, axis=1)
    looks = 0
    for name, shape_m in zip(head.expression_names, head.expression_basis_m, strict=True):
        if name.startswith("eyeLook") and name.lower().endswith(side):
            looks += 1
            assert np.linalg.norm(shape_m[ball], axis=1).max() > 0.003
            turned_m = np.linalg.norm(head.mean_m[ball] + shape_m[ball] - centre_m, axis=1)
            np.testing.assert_allclose(turned_m, radius_m, atol=2e-5)
        else:
            assert not shape_m[ball].any(), name
    assert looks == 4


@pytest.mark.parametrize(("left", "right"), [*SIDED, *CROSSED.items()])
def test_sides_are_nearly_mirror_images(head: Head, left: str, right: str):
    if left in CROSSED:
        right = CROSSED[left]
    ours, theirs = shape_m(head, left), shape_m(head, right)[head.mirror_vertices] * FLIP
    assert np.linalg.norm(ours - theirs) < 0.15 * np.linalg.norm(ours)


def test_eye_joint_turns_its_eyeball_only(head: Head):
    for joint, name in ((2, "left_eye"), (3, "right_eye")):
        rotations = np.zeros((4, 3))
        rotations[joint] = [0.1, 0.3, 0.0]
        moved_m = head.vertices_m(replace(head.neutral(), joint_rotations=rotations)) - head.mean_m
        eye = part(head, name) | part(head, name.replace("eye", "cornea"))
        # landmarks between eyeball vertices are of the eye too
        assert np.abs(moved_m[~eye]).max() < 1e-12
        assert np.linalg.norm(moved_m[eye], axis=1).max() > 0.003
        centre_m = head.joints_mean_m[joint]
        radius_m = np.linalg.norm(head.mean_m[eye] - centre_m, axis=1)
        np.testing.assert_allclose(
            np.linalg.norm(head.mean_m[eye] + moved_m[eye] - centre_m, axis=1), radius_m, atol=1e-7
        )


def test_neck_carries_the_head_and_the_border_stays(head: Head):
    rotations = np.zeros((4, 3))
    rotations[0] = [0.0, 0.4, 0.0]
    moved_m = np.linalg.norm(
        head.vertices_m(replace(head.neutral(), joint_rotations=rotations)) - head.mean_m, axis=1
    )
    assert moved_m[head.landmark_set("ibug68").vertices[30]] > 0.02
    assert moved_m[head.mean_m[:, 1].argmin()] < 0.5 * moved_m.max()
    assert head.skinning_weights.min() >= 0
    assert head.skinning_weights.sum(axis=1).max() < 1 + 1e-6


@pytest.mark.parametrize("side", ["left", "right"])
def test_eyeballs_sit_behind_their_lids(head: Head, side: str):
    eye_m = head.mean_m[part(head, f"{side}_eye")]
    sclera_m = eye_m[1 + 4 * 24 :]  # without the corneal bulge
    design = np.concatenate([2 * sclera_m, np.ones((len(sclera_m), 1))], axis=1)
    solution = np.linalg.lstsq(design, (sclera_m**2).sum(axis=1), rcond=None)[0]
    centre_m, radius_m = solution[:3], np.sqrt(solution[3] + solution[:3] @ solution[:3])
    np.testing.assert_allclose(centre_m, head.joints_mean_m[2 if side == "left" else 3], atol=0.0005)
    lids = head.landmark_set("ibug68").vertices[slice(42, 48) if side == "left" else slice(36, 42)]
    lids_m = head.mean_m[lids]
    assert np.linalg.norm(lids_m - centre_m, axis=1).min() > radius_m - 0.001
    # and so the skin that faces outwards, while the lids' inner faces may lie deeper
    outward = head.mean_m - centre_m
    distance_m = np.linalg.norm(outward, axis=1)
    normals = vertex_normals(head.mean_m, head.triangles)
    facing = np.einsum("vc,vc->v", normals, outward) > 0
    outer_skin = part(head, "skin") & facing
    assert distance_m[outer_skin].min() > radius_m - 0.001
    assert lids_m[:, 1].min() < centre_m[1] < lids_m[:, 1].max()


def test_no_skin_is_inside_an_eyeball(head: Head):
    skin = np.intersect1d(np.flatnonzero(part(head, "skin")), head.triangles)
    for joint, name in ((2, "left_eye"), (3, "right_eye")):
        centre_m = head.joints_mean_m[joint]
        radius_m = np.median(np.linalg.norm(head.mean_m[part(head, name)] - centre_m, axis=1))
        assert np.linalg.norm(head.mean_m[skin] - centre_m, axis=1).min() > radius_m - 0.0002


def test_mixture_prior_is_a_distribution(head: Head):
    assert head.identity_mixture is not None
    weights, means, covariances = head.identity_mixture
    assert weights.sum() == pytest.approx(1)
    mixed_mean = weights @ means
    spread = np.einsum("g,gij->ij", weights, covariances + np.einsum("gi,gj->gij", means, means))
    # over people of both sources the components have about mean 0 and variance 1
    assert np.abs(mixed_mean).max() < 0.2
    assert 0.7 < np.diag(spread).mean() < 1.3
    assert all(np.linalg.eigvalsh(c).min() > 0 for c in covariances)
