"""Looks from pictures of people who are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.drawing.textured import draw_look
from mien.errors import InputError, ShapeError
from mien.evaluation.looks.own_view import face_pixels, psnr_db
from mien.looks.albedo_model import albedo_model_for
from mien.looks.atlas import atlas_of
from mien.looks.colors import linear_from_srgb
from mien.looks.eyes import IRIS_LIT, SHADOW_OF_LIDS
from mien.looks.face_regions import face_regions
from mien.looks.head_look import head_look, person_look
from tests.looks.conftest import fit_at, make_sitter


def test_own_view_is_the_picture(sitter):
    person = person_look(sitter.fit, sitter.image, head=sitter.head, size_px=512)
    fit = sitter.fit
    drawn = draw_look(
        sitter.image, sitter.head, fit.parameters, fit.camera, person.look, light=person.lights[0]
    )
    assert psnr_db(drawn, sitter.image, face_pixels(sitter.head, fit)) > 27


@pytest.mark.parametrize("level", [0.07, 0.3])
def test_tone_and_direction_of_light_are_found(head, level):
    known = make_sitter(head, level=level)
    person = person_look(known.fit, known.image, head=head, size_px=256)
    assert np.abs(np.log(person.skins[0].tone / known.tone)).max() < 0.4
    found, true = person.lights[0].coefficients[1:4].mean(axis=1), known.light.coefficients[1:4].mean(axis=1)
    assert found[:2] @ true[:2] / np.linalg.norm(found[:2]) / np.linalg.norm(true[:2]) > 0.9


def test_light_is_taken_out(sitter):
    """Left and right cheek, lit differently, get the same colour."""
    look = head_look(sitter.fit, sitter.image, head=sitter.head, size_px=512)
    cheek_left, cheek_right = _cheeks(sitter, look)
    rows, columns = sitter.fit.camera.project(
        sitter.head.vertices_m(sitter.fit.parameters)[_cheek_vertices(sitter.head)]
    ).round().astype(int)[:, ::-1].T  # fmt: skip
    seen = linear_from_srgb(sitter.image)[rows, columns].mean(axis=1)
    assert seen.max() / seen.min() > 1.25
    ratio = cheek_left.mean() / cheek_right.mean()
    assert 0.9 < ratio < 1.1


def _cheek_vertices(head):
    left = head.landmark_set("ibug68").vertices[[14, 54]]
    middle = head.mean_m[left].mean(axis=0)
    skin = np.where(face_regions(head).skin[:, None] > 0, head.mean_m, np.inf)
    nearest = int(np.argmin(np.linalg.norm(skin - middle, axis=1)))
    return np.array([nearest, head.mirror_vertices[nearest]])


def _cheeks(sitter, look):
    atlas = atlas_of(sitter.head, len(look.base_color))
    linear = linear_from_srgb(look.base_color)
    found = []
    for row, column in atlas.vertex_texels[_cheek_vertices(sitter.head)]:
        found.append(linear[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3].mean(axis=(0, 1)))
    return found


def test_the_hidden_side_is_completed(head):
    """From a half profile, the hidden cheek becomes like the seen one."""
    known = make_sitter(head, level=0.3, yaw_rad=0.9)
    look = head_look(known.fit, known.image, head=head, size_px=512)
    left, right = _cheeks(known, look)
    truth = np.mean(_cheeks(known, known.look), axis=0)
    assert np.abs(np.log(left / right)).max() < 0.25
    assert np.abs(np.log(left.mean() / truth.mean())) < 0.5


def test_something_before_the_skin_is_left_out(sitter):
    """A green hand on a cheek is not the person's."""
    head, fit = sitter.head, sitter.fit
    points_px = fit.camera.project(head.vertices_m(fit.parameters)[_cheek_vertices(head)])
    image = sitter.image.copy()
    column, row = np.round(points_px[0]).astype(int)
    image[row - 14 : row + 14, column - 14 : column + 14] = (20, 200, 40)
    look = head_look(fit, image, head=head, size_px=512)
    left, _ = _cheeks(sitter, look)
    assert left[0] > left[1] > left[2]


def test_iris_and_hair_have_their_colours(sitter):
    person = person_look(sitter.fit, sitter.image, head=sitter.head, size_px=256)
    assert person.iris.color[2] > person.iris.color[0]  # blue
    shown = sitter.iris * SHADOW_OF_LIDS / IRIS_LIT
    assert np.abs(np.log(person.iris.color / shown)).max() < 0.9
    assert np.abs(np.log(person.hair.color / sitter.hair)).max() < 0.8


def test_several_pictures_make_one_look(head):
    sitters = [make_sitter(head, level=0.3, yaw_rad=yaw, gain=gain) for yaw, gain in ((-0.7, 1), (0.7, 0.7))]
    person = person_look(
        [each.fit for each in sitters], [each.image for each in sitters], head=head, size_px=512
    )
    assert len(person.lights) == 2
    assert person.lights[0].mean.mean() > 1.2 * person.lights[1].mean.mean()
    left, right = _cheeks(sitters[0], person.look)
    assert np.abs(np.log(left / right)).max() < 0.15


def test_albedo_alone_has_the_persons_tone_and_no_picture(sitter):
    image = sitter.image.copy()
    look = head_look(sitter.fit, image, texture="albedo", head=sitter.head, size_px=256)
    assert look.base_color.shape == (256, 256, 3)
    left, right = _cheeks(sitter, look)
    np.testing.assert_allclose(left, right, rtol=0.1)
    assert np.abs(np.log(left / np.mean(_cheeks(sitter, sitter.look), axis=0))).max() < 0.4


def test_grey_hair_does_not_turn_blue(head):
    """In the warm light of a lamp, white balance is judged by grey hair too."""
    known = make_sitter(
        head, level=0.3, hair_color=np.array([0.3, 0.3, 0.3]), light_color=np.array([1.3, 1, 0.6])
    )
    person = person_look(known.fit, known.image, head=head, size_px=256)
    scalp = albedo_model_for(head).scalp > 0.9
    rows, columns = atlas_of(head, 256).vertex_texels[scalp].T
    hair = linear_from_srgb(person.look.base_color)[rows, columns].mean(axis=0)
    assert hair[2] < 1.15 * hair[0]


def test_an_average_person_needs_no_picture(head):
    look = head_look(head=head, size_px=128)
    assert look.base_color.shape == (128, 128, 3)
    assert look.roughness is not None
    assert look.roughness.shape == (128, 128)
    assert look.normals is not None
    assert np.abs(look.normals[..., 2].astype(int) - 255).mean() < 12  # nearly flat


def test_wrong_arguments_say_what_was_expected(sitter):
    with pytest.raises(InputError, match="64 to 4096"):
        head_look(sitter.fit, sitter.image, head=sitter.head, size_px=10)
    with pytest.raises(ShapeError, match="one per fit"):
        head_look([sitter.fit], [], head=sitter.head)
    with pytest.raises(ShapeError, match="as it was fitted"):
        head_look(sitter.fit, sitter.image[:100], head=sitter.head)
    with pytest.raises(InputError, match="pass the head"):
        head_look(replace(sitter.fit, head_name="other"), sitter.image, head=sitter.head)


def test_a_face_outside_its_picture_gets_average_skin(head):
    fit = fit_at(head)
    beside = replace(fit.parameters, root_translation_m=np.array([3.0, 0.0, -0.9]))
    image = np.full((360, 360, 3), 128, np.uint8)
    look = head_look(replace(fit, parameters=beside), image, head=head, size_px=128)
    assert np.isfinite(look.base_color).all()
