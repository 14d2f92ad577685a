"""Texels and the places of the surface that they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.looks.atlas import atlas_of
from mien.looks.materials import material_of, vertices_of


def test_a_vertex_lies_at_its_own_texel(head):
    atlas = atlas_of(head, 512)
    skin = np.flatnonzero(vertices_of(head, "skin"))
    rows, columns = atlas.vertex_texels[skin].T
    places_m = atlas.interpolate(head.mean_m)[rows, columns]
    distance_mm = 1000 * np.linalg.norm(places_m - head.mean_m[skin], axis=1)
    assert np.median(distance_mm) < 1.0


def test_interpolation_is_linear_in_the_triangle(head):
    atlas = atlas_of(head, 128)
    ones = atlas.interpolate(np.ones((head.vertex_count, 1)))
    np.testing.assert_allclose(ones[atlas.inside], 1, atol=1e-4)


def test_mirrored_texels_lie_on_the_other_side(head):
    atlas = atlas_of(head, 256)
    skin = vertices_of(head, "skin")[atlas.corners].all(axis=-1) & atlas.inside
    places_m = atlas.interpolate(head.mean_m)
    columns, rows = np.round(atlas.mirror[skin]).astype(int).T
    ok = (columns >= 0) & (rows >= 0) & (columns < 256) & (rows < 256)
    assert ok.mean() > 0.98
    other_m = places_m[rows[ok], columns[ok]] * [-1, 1, 1]
    assert np.median(np.linalg.norm(other_m - places_m[skin][ok], axis=1)) < 0.002


def test_heads_without_one_texture_square_are_refused(head):
    with pytest.raises(InputError, match="no texture coordinates"):
        atlas_of(replace(head, uv=np.zeros((0, 2))), 64)
    with pytest.raises(InputError, match="several pictures"):
        atlas_of(replace(head, uv=head.uv * 3), 64)


def test_materials_of_other_peoples_part_names():
    assert material_of("left_eyeball") == "eyes"
    assert material_of("upper_teeth_mesh") == "mouth"
    assert material_of("eye_sockets") == "skin"
    assert material_of("surface") == "skin"
