"""Which parts are drawn with one material, and what of a look they carry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.exporters.mesh_pieces import mesh_pieces
from mien.exporters.surfaces import surfaces_of, triangle_parts, triangles_of
from mien.heads.library import load_head
from mien.heads.parameters import JOINT_NAMES
from mien.heads.parts import MATERIALS, PARTS


def _named(head, look):
    return {surface.name: surface for surface in surfaces_of(head, look)}


def test_with_a_look_there_is_a_surface_per_material(dressed_head, look):
    surfaces = surfaces_of(dressed_head, look)
    assert [surface.name for surface in surfaces] == ["skin", "eyes", "cornea", "hair"]
    named = _named(dressed_head, look)
    assert named["eyes"].parts == (1, 2)
    assert [named[name].picture for name in named] == ["base_color", "base_color", None, "cards"]
    assert [name for name in named if named[name].both_sides] == ["hair"]
    assert [name for name in named if named[name].opacity < 1] == ["cornea"]


def test_cards_without_their_picture_are_left_out(dressed_head, look):
    assert "hair" not in _named(dressed_head, None)
    assert "hair" not in _named(dressed_head, replace(look, cards=None))


def test_every_part_of_the_built_in_head_has_a_place(dressed_head, look):
    count = len(PARTS)
    # one triangle for each part
    head = replace(
        dressed_head,
        part_names=PARTS,
        vertex_parts=np.minimum(np.arange(dressed_head.vertex_count) // 3, count - 1),
        triangles=np.arange(3 * count).reshape(-1, 3),
        uv_triangles=np.zeros((count, 3), int),
    )
    with_look, plain = surfaces_of(head, look), surfaces_of(head, None)
    assert {surface.name for surface in with_look} == set(MATERIALS.values())
    assert sorted(part for surface in with_look for part in surface.parts) == list(range(count))
    for surface in with_look:
        assert {MATERIALS[PARTS[part]] for part in surface.parts} == {surface.name}
    # teeth are not of the gums' colour where there is no picture to tell them apart
    names = {PARTS[part]: surface.name for surface in plain for part in surface.parts}
    assert names["upper_teeth"] == names["lower_teeth"] == "teeth"
    assert len({names[part] for part in ("skin", "tongue", "upper_gums", "upper_teeth", "left_eye")}) == 5


def test_somebody_elses_parts_stay_apart(dressed_head, look):
    names = ("face", "scalp", "left_eyeball", "neck", "ears")
    for surfaces in (
        surfaces_of(replace(dressed_head, part_names=names), look),
        surfaces_of(replace(dressed_head, part_names=names), None),
    ):
        assert [surface.name for surface in surfaces] == list(names)
        assert all(surface.both_sides for surface in surfaces)


def test_pieces_hold_every_triangle_of_their_surfaces(dressed_head, look):
    surfaces = surfaces_of(dressed_head, look)
    pieces = mesh_pieces(dressed_head, surfaces)
    corners = np.concatenate([piece.vertices[piece.triangles] for piece in pieces])
    assert sorted(map(tuple, corners)) == sorted(map(tuple, dressed_head.triangles))
    for piece in pieces:
        for corner, point in list(zip(piece.vertices, piece.uv, strict=True))[:20]:
            at = np.argwhere(dressed_head.triangles == corner)
            known = dressed_head.uv[dressed_head.uv_triangles[at[:, 0], at[:, 1]]]
            assert (np.abs(known - point).max(axis=1) < 1e-12).any()


def test_eyes_without_a_picture_have_iris_and_pupil():
    head = load_head()
    named = _named(head, None)
    rings = [triangles_of(head, named[name]) for name in ("pupil", "iris", "eyes")]
    eyes = np.isin(triangle_parts(head), named["eyes"].parts)
    np.testing.assert_array_equal(sum(ring.astype(int) for ring in rings), eyes)  # each triangle once
    for eye in ("left_eye", "right_eye"):
        corners = head.triangles[rings[1] & (triangle_parts(head) == head.part_names.index(eye))]
        middle_m = head.mean_m[np.unique(corners)].mean(axis=0)
        ahead_m = middle_m - head.joints_mean_m[JOINT_NAMES.index(eye)]
        assert np.linalg.norm(ahead_m[:2]) < 0.001 < 0.008 < ahead_m[2]
        width_m = np.ptp(head.mean_m[np.unique(corners), 0])
        assert 0.009 < width_m < 0.016
