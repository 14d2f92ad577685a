"""Hair styles: cards that follow the skin, in the person's colour, beside brows and lashes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args, get_type_hints

import numpy as np
import pytest

from mien.commands.options import TextureOptions
from mien.errors import InputError
from mien.exporters.surfaces import surfaces_of, triangles_of
from mien.geometry.closest_points import closest_on_surface
from mien.geometry.winding_numbers import winding_numbers
from mien.heads.library import load_head
from mien.looks.colors import linear_from_srgb
from mien.looks.hair import HairColor
from mien.looks.hair_styles import hair_style, hair_style_names, read_hair_styles, save_hair_styles
from mien.looks.head_look import person_look
from mien.looks.worn_hair import cards_with_hair, check_wears_hair, tinted, with_hair_style

COLOR = np.array([0.10, 0.06, 0.03])
HAIR = HairColor(COLOR, 1.0, COLOR / 2)


@pytest.fixture(scope="module")
def person():
    return replace(person_look(size_px=64), hair=HAIR)


@pytest.fixture(scope="module", params=hair_style_names())
def style(request):
    return hair_style(request.param)


@pytest.fixture(scope="module")
def worn(style, person):
    return with_hair_style(load_head(), person, style=style.name)


def heights_m(head, vertices_m, points_m):
    """How far points lie outside the head's skin; negative inside."""
    skin = head.triangles[(head.vertex_parts == head.part_names.index("skin"))[head.triangles].all(axis=1)]
    nearest = closest_on_surface(points_m, vertices_m, skin)
    corners_m = vertices_m[skin[nearest.triangles]]
    normals = np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.einsum("pc,pc->p", points_m - nearest.points_m, normals), nearest.distances_m


def test_the_command_line_offers_what_is_there():
    kind = get_type_hints(TextureOptions)["hair"]
    assert get_args(kind) == ("none", *hair_style_names())
    assert kind == Literal["none", "short", "bob", "long", "ponytail", "afro"]


def test_hair_lies_outside_the_mean_head(style):
    head = load_head()
    points_m = style.followed(head.mean_m) + style.offsets_m
    height_m, _ = heights_m(head, head.mean_m, points_m)
    deep = np.flatnonzero(height_m < -0.002)  # or beyond an edge, as behind the ears and below the neck
    skin = head.triangles[(head.vertex_parts == head.part_names.index("skin"))[head.triangles].all(axis=1)]
    assert winding_numbers(points_m[deep], head.mean_m, skin).max(initial=0.0) < 0.5
    assert np.linalg.norm(points_m - head.mean_m[:5000].mean(axis=0), axis=1).max() < 0.45


def test_hair_follows_people(style, worn):
    """What lies on the skin of the mean head lies on that of others."""
    head = load_head()
    _, distance_m = heights_m(head, head.mean_m, style.followed(head.mean_m) + style.offsets_m)
    near = distance_m < 0.008
    rng = np.random.default_rng(1)
    identity = 0.8 * rng.normal(size=head.identity_count)
    expression = np.zeros(head.expression_count)
    expression[head.expression_names.index("browInnerUp")] = 1.0
    rest_m = worn.head.rest_vertices_m(identity, expression)
    height_m, now_m = heights_m(head, rest_m[: head.vertex_count], rest_m[head.vertex_count :])
    assert np.abs(now_m - distance_m)[near].max() < 0.012
    assert np.percentile(height_m[near], 1) > -0.003


def test_free_hair_makes_no_faces(style, worn):
    head = load_head()
    moved_m = np.abs(worn.head.expression_basis_m[:, head.vertex_count :]).max(axis=(0, 2))
    free = style.looseness > 0.99
    assert moved_m[free].max(initial=0.0) < 0.001


def test_the_head_below_is_as_it_was(worn):
    head = load_head()
    rng = np.random.default_rng(0)
    parameters = replace(
        head.neutral(),
        identity=rng.normal(size=head.identity_count),
        expression=rng.uniform(size=head.expression_count),
        joint_rotations=0.2 * rng.normal(size=(4, 3)),
    )
    bare_m, haired_m = head.vertices_m(parameters), worn.head.vertices_m(parameters)
    np.testing.assert_allclose(haired_m[: len(bare_m)], bare_m, atol=1e-12)
    assert np.isfinite(haired_m).all()
    assert worn.head.takes_parameters_of(head.name, head.version)
    np.testing.assert_array_equal(worn.head.triangles[: len(head.triangles)], head.triangles)
    np.testing.assert_array_equal(
        worn.head.landmark_set("ibug68").vertices, head.landmark_set("ibug68").vertices
    )
    assert worn.head.skinning_weights.sum(axis=1).max() < 1 + 1e-6


def test_each_part_finds_its_rows_of_the_cards(style, worn, person):
    height = len(worn.look.cards)
    above = len(person.look.cards)
    assert height & (height - 1) == 0
    np.testing.assert_array_equal(worn.look.cards[:above, : person.look.cards.shape[1]], person.look.cards)
    head = worn.head

    def v_of(*names: str) -> np.ndarray:
        parts = [head.part_names.index(name) for name in names]
        return head.uv[head.uv_triangles[np.isin(head.vertex_parts[head.triangles[:, 0]], parts)], 1]

    assert v_of("brows", "lashes").min() >= 1 - above / height - 1e-9
    hair = v_of("hair")
    assert hair.max() <= 1 - above / height + 1e-9
    assert hair.min() >= 1 - (above + len(style.picture)) / height - 1e-9
    bare = load_head()
    others = ~np.isin(
        bare.vertex_parts[bare.triangles[:, 0]], [bare.part_names.index(n) for n in ("brows", "lashes")]
    )
    np.testing.assert_array_equal(
        head.uv[head.uv_triangles[: len(bare.triangles)]][others], bare.uv[bare.uv_triangles][others]
    )


def test_exporters_draw_the_hair_with_the_cards(worn):
    surface = next(each for each in surfaces_of(worn.head, worn.look) if each.name == "hair")
    drawn = worn.head.vertex_parts[worn.head.triangles[triangles_of(worn.head, surface)][:, 0]]
    assert surface.picture == "cards"
    assert worn.head.part_names.index("hair") in drawn


def test_a_head_with_hair_is_made_once(person):
    head = load_head()
    first, again = (with_hair_style(head, person, style="short").head for _ in range(2))
    assert first is again  # exporters remember heads


def test_hair_has_the_persons_colour(style):
    shown = tinted(style.picture, HAIR)
    cover = shown[..., 3].astype(float)
    mean = np.average(linear_from_srgb(shown[..., :3]).reshape(-1, 3), axis=0, weights=cover.ravel())
    np.testing.assert_allclose(mean / mean.sum(), COLOR / COLOR.sum(), atol=0.02)
    assert 0.7 < mean.sum() / COLOR.sum() < 1.3


def test_who_is_bald_gets_the_brows_colour():
    picture = np.full((4, 4, 2), 128, np.uint8)
    shown = tinted(picture, replace(HAIR, coverage=0.0))
    np.testing.assert_allclose(linear_from_srgb(shown[0, 0, :3]), HAIR.brows, atol=0.004)


def test_cards_grow_to_the_wider_of_two():
    brows, hair = np.full((30, 64, 4), 10, np.uint8), np.full((20, 128, 4), 20, np.uint8)
    joined = cards_with_hair(brows, hair)
    assert joined.shape == (64, 128, 4)
    assert (joined[:30] == 10).all()
    assert (joined[30:50] == 20).all()
    assert not joined[50:].any()
    assert len(cards_with_hair(None, hair)) == 32


def test_other_heads_wear_no_hair(person):
    other = replace(load_head(), name="somebody")
    with pytest.raises(InputError, match="leave the hair away"):
        check_wears_hair(other)
    with pytest.raises(InputError, match="no hair style 'mullet'; known are short"):
        with_hair_style(load_head(), person, style="mullet")


def test_styles_survive_their_file(tmp_path):
    saved = {"bob": hair_style("bob")}
    save_hair_styles(saved, tmp_path / "hair.npz")
    again = read_hair_styles(tmp_path / "hair.npz")["bob"]
    np.testing.assert_array_equal(again.quads, saved["bob"].quads)
    np.testing.assert_array_equal(again.picture[..., 1], saved["bob"].picture[..., 1])
    np.testing.assert_allclose(again.offsets_m, saved["bob"].offsets_m, atol=2e-5)
    np.testing.assert_allclose(again.weights, saved["bob"].weights, atol=1e-3)
    (tmp_path / "no.npz").write_bytes(b"no")
    with pytest.raises(InputError, match="mien head hair"):
        read_hair_styles(tmp_path / "no.npz")
