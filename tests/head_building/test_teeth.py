"""Teeth and gums: 28 crowns that stand in two gums, symmetric, looking outwards, the upper row in front."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mien.head_building.dental_arch import LOWER_ARCH, UPPER_ARCH, Arch
from mien.head_building.dentition import (
    MAKEHUMAN_SCALE,
    Dentition,
    MakeHumanMouth,
    build_dentition,
    out_of_makehuman,
)
from mien.head_building.gums import build_gums
from mien.head_building.mesh_disks import boundary_loops
from mien.head_building.part_mesh import part_index
from mien.head_building.teeth import TeethMesh, build_teeth
from mien.head_building.texture_atlas import TILES
from tests.head_building.part_checks import (
    assert_manifold,
    assert_symmetric,
    face_normals,
    uv_areas,
    volume,
)
from tests.head_building.shared_assets import makehuman_or_skip, mean_person_units

CROWN = 33


@pytest.fixture(scope="module")
def dentition() -> Dentition:
    return build_dentition()


@pytest.fixture(scope="module", params=[UPPER_ARCH, LOWER_ARCH], ids=["upper", "lower"])
def row(request: pytest.FixtureRequest) -> tuple[Arch, TeethMesh]:
    return request.param, build_teeth(request.param)


def test_all_of_it(dentition: Dentition):
    mesh = dentition.mesh
    assert len(mesh.vertices) <= 1600
    assert (mesh.quads >= 0).all()
    assert_manifold(mesh.quads)
    assert_symmetric(mesh)
    assert (uv_areas(mesh) > 0).all()
    for name in ("upper_teeth", "lower_teeth", "upper_gums", "lower_gums"):
        left, bottom, right, top = TILES[name]
        own = mesh.parts[mesh.quads[:, 0]] == part_index(name)
        uv = mesh.uv[mesh.uv_quads[own]].reshape(-1, 2)
        assert uv[:, 0].min() > left - 1e-9
        assert uv[:, 1].min() > bottom - 1e-9
        assert uv[:, 0].max() < right + 1e-9
        assert uv[:, 1].max() < top + 1e-9


def test_crowns_look_outwards_and_have_their_size(row: tuple[Arch, TeethMesh]):
    arch, teeth = row
    crowns = teeth.mesh.vertices.reshape(14, CROWN, 3)
    faces = teeth.mesh.quads.reshape(14, -1, 4)
    for number in range(14):
        tooth = arch.teeth[number % 7]
        filled = crowns[number] - crowns[number][:8].mean(axis=0)  # the open side then adds nothing
        size = volume(filled, faces[number] - number * CROWN) * 1e9
        assert 0.3 < size / (tooth.width_mm * tooth.depth_mm * tooth.height_mm) < 1.1
        (opening,) = boundary_loops(faces[number])
        assert set(opening - number * CROWN) == set(range(8))


def test_neighbours_touch_and_do_not_swallow_each_other(row: tuple[Arch, TeethMesh]):
    """The widest places of two neighbours lie within half a millimetre."""
    _, teeth = row
    crowns = teeth.mesh.vertices.reshape(14, CROWN, 3)
    left = crowns[:7]
    for first, second in pairwise(left):
        assert np.linalg.norm(first[16 + 2] - second[16 + 6]) < 0.0016
    assert abs(left[0, 16 + 6, 0]) < 0.0005  # the central incisors meet in the middle


def test_biting_edges_run_from_the_subjects_left(row: tuple[Arch, TeethMesh]):
    arch, teeth = row
    edge_m = teeth.mesh.vertices[teeth.edge_middles]
    assert (np.diff(edge_m[:, 0]) < 0).all()
    np.testing.assert_array_equal(teeth.mesh.mirror[teeth.edge_middles], teeth.edge_middles[::-1])
    incisor = teeth.mesh.vertices.reshape(14, CROWN, 3)[0, :, 1] * arch.up
    assert incisor.min() == pytest.approx(edge_m[6, 1] * arch.up)


def test_upper_incisors_bite_over_the_lower_ones(dentition: Dentition):
    upper = dentition.mesh.vertices[dentition.upper_edges[6:8]]
    lower = dentition.mesh.vertices[dentition.lower_edges[6:8]]
    assert (lower[:, 1] > upper[:, 1] + 0.001).all()
    assert (lower[:, 2] < upper[:, 2] - 0.001).all()


@pytest.mark.parametrize("arch", [UPPER_ARCH, LOWER_ARCH], ids=["upper", "lower"])
def test_gum_covers_every_root_and_leaves_the_crowns_free(arch: Arch):
    gum, teeth = build_gums(arch), build_teeth(arch)
    edge = gum.vertices.reshape(-1, 6, 3)[:, 2]
    middles, normals = face_normals(gum)
    outer = (np.arange(len(middles)) % 5 < 2) & (np.abs(middles[:, 0]) < 0.01)
    assert (normals[outer, 2] > 0.3).all()
    # Both kinds of place along the edge: dips at the middles of teeth, peaks between them.
    towards_edge = -edge[:, 1] * arch.up
    peaks = (towards_edge[1:-1] > towards_edge[:-2]) & (towards_edge[1:-1] > towards_edge[2:])
    assert peaks.sum() >= 11
    crowns = teeth.mesh.vertices.reshape(14, CROWN, 3)
    hidden = crowns[:, :8, 1] * arch.up
    for crown in range(14):
        nearest = np.argmin(np.linalg.norm(edge - crowns[crown, 8:16].mean(axis=0), axis=1))
        assert hidden[crown].min() > edge[nearest, 1] * arch.up


def test_out_of_makehumans_mouth_everything_keeps_its_place(dentition: Dentition):
    in_makehuman = dentition.placed(np.array([0.0, 0.6630, 0.1490]), scale=MAKEHUMAN_SCALE)
    stomion = np.array([0.0, -0.03, 0.11])
    np.testing.assert_allclose(
        out_of_makehuman(in_makehuman, stomion, scale=0.97), dentition.placed(stomion, scale=0.97), atol=1e-12
    )


def test_placed_in_makehuman():
    makehuman = makehuman_or_skip()
    dentition, mean = build_dentition(), mean_person_units(makehuman)
    mouth = MakeHumanMouth(makehuman.base, mean)
    at_rest = mouth.place(dentition, mean)
    np.testing.assert_allclose(at_rest[dentition.mesh.mirror], at_rest * [-1, 1, 1], atol=1e-6)
    name = "expression/units/caucasian/mouth-open"
    index, delta = makehuman._targets[name]
    opened_base = mean.copy()
    opened_base[index] += delta
    opened = mouth.place(dentition, opened_base)
    moved = np.linalg.norm(opened - at_rest, axis=1)
    assert moved[~dentition.lower].max() < 1e-9
    assert moved[dentition.lower].min() > 0.002
    motion = mouth.jaw_motion(mean, opened_base)
    assert motion.scale == 1
    np.testing.assert_allclose(
        motion.apply(at_rest[dentition.lower]), opened[dentition.lower], atol=0.0008
    )  # a target's straight path scales the row a little
