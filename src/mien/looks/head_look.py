"""From fits and their pictures to a head's look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError, ShapeError
from mien.fitting.results import HeadFit
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.looks.albedo_model import AlbedoModel, albedo_model_for
from mien.looks.atlas import atlas_of
from mien.looks.cards import card_picture
from mien.looks.colors import srgb_from_linear
from mien.looks.completion import complete
from mien.looks.eyes import IrisColor, draw_eyes, read_iris, usual_iris
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.face_regions import FaceRegions, face_regions
from mien.looks.hair import HairColor, seen_share, solve_hair, usual_hair, usual_share, with_hair
from mien.looks.illumination import Illumination
from mien.looks.mouth import draw_mouth, read_teeth
from mien.looks.person_skin import PersonSkin, solve_skin, usual_skin
from mien.looks.photo_texture import photo_texture
from mien.looks.surface_maps import normal_map, roughness_map
from mien.looks.trusted_colors import Tolerance

Texture = Literal["albedo", "photo"]
SMALLEST_PX, LARGEST_PX = 64, 4096
_WORKING_PX = 512
"""Geometry is brought into the texture at this side: everything but the picture's own detail is smooth."""


BROWS = 0.6
"""Share of hair in brows that are painted onto the skin."""


@dataclass(frozen=True, eq=False)
class PersonLook:
    """A look and what was found on the way.

    Attributes:
        look: the textures.
        lights: on the head in each picture, in the picture's world.
        skins, iris, hair: colours, as estimated.
    """

    look: HeadLook
    lights: tuple[Illumination, ...]
    skins: tuple[PersonSkin, ...]
    iris: IrisColor
    hair: HairColor


@checked_call
def head_look(
    fits: HeadFit | Sequence[HeadFit] | None = None,
    images: UInt8[np.ndarray, "height width 3"] | Sequence[UInt8[np.ndarray, "_ _ 3"]] | None = None,
    *,
    texture: Texture = "photo",
    size_px: int = 1024,
    head: Head | None = None,
) -> HeadLook:
    """Base colour, roughness and relief of a fitted head, from the pictures that it was fitted to.

    Args:
        fits, images: a fit and its (H, W, 3) uint8 RGB picture, or several of one person; without them an
            average person.
        texture: "photo" brings the pictures onto the head, their light taken out, and completes what they do
            not show; "albedo" takes from them the colours of skin, eyes and hair alone.
        size_px: side of the textures.
        head: the model that was fitted; the built-in one if not given.

    Raises:
        InputError: another head was fitted, the head has no texture coordinates within one picture, or the
            size is out of range.
        LandmarkSetError: the head does not name the 68 landmarks, by which looks are placed.
        ShapeError: not as many pictures as fits.
    """
    return person_look(fits, images, texture=texture, size_px=size_px, head=head).look


@checked_call
def person_look(
    fits: HeadFit | Sequence[HeadFit] | None = None,
    images: UInt8[np.ndarray, "height width 3"] | Sequence[UInt8[np.ndarray, "_ _ 3"]] | None = None,
    *,
    texture: Texture = "photo",
    size_px: int = 1024,
    head: Head | None = None,
) -> PersonLook:
    """As `head_look`, with light and colours that were found beside the look.

    Args:
        fits, images: a fit and its (H, W, 3) uint8 RGB picture, or several of one person, or none.
        texture, size_px, head: as for `head_look`.

    Raises:
        InputError, LandmarkSetError, ShapeError: as for `head_look`.
    """
    fits, images = _as_lists(fits, images)
    head = _checked_head(fits, head, size_px=size_px, texture=texture)
    model, regions = albedo_model_for(head), face_regions(head)
    atlas = atlas_of(head, min(size_px, _WORKING_PX))
    faces = [
        FaceInPicture.of(head, fit, image, size_px=size_px) for fit, image in zip(fits, images, strict=True)
    ]
    skins, hair, share = _solve_person(faces, model, regions)
    irises = [read_iris(face, skin.light) for face, skin in zip(faces, skins, strict=True)]
    iris = min(irises, key=lambda each: each.sigma, default=usual_iris())
    person = skins[0] if skins else usual_skin(model)
    expected = with_hair(model.log_albedo(person.tone, person.weights), share, hair)
    if texture == "albedo" and "brows" not in head.part_names:  # nothing else would show any
        painted = HairColor(hair.brows, 1.0, hair.brows)
        expected = with_hair(expected, BROWS * regions.brows**2, painted)
    tolerance = Tolerance.of(regions)
    textures = [
        photo_texture(face, atlas, skin.light, expected, tolerance, regions, hair, size_px=size_px)
        for face, skin in zip(faces, skins, strict=True)
        if texture == "photo"
    ]
    albedo = complete(textures, atlas, model, expected, size_px=size_px)
    teeth = [read_teeth(face, skin.light) for face, skin in zip(faces, skins, strict=True)]
    draw_mouth(albedo, atlas, teeth=max(teeth, default=1.0))
    draw_eyes(albedo, atlas, iris)
    look = HeadLook(
        base_color=srgb_from_linear(albedo),
        roughness=roughness_map(head, size_px),
        normals=normal_map(head, size_px),
        cards=card_picture(head, model, hair, brows=texture == "albedo" or not fits),
    )
    return PersonLook(look, tuple(skin.light for skin in skins), tuple(skins), iris, hair)


def _solve_person(
    faces: list[FaceInPicture], model: AlbedoModel, regions: FaceRegions
) -> tuple[list[PersonSkin], HairColor, np.ndarray]:
    """Skin and light of every picture, with one tone for all; colour of the hair, of the picture that shows
    most, and (V,) where it grows."""
    colors = [face.vertex_colors() for face in faces]
    seen = [face.vertex_weights() for face in faces]
    skins = [
        solve_skin(face, model, regions, weight, color)
        for face, weight, color in zip(faces, seen, colors, strict=True)
    ]
    if not skins:
        return [], usual_hair(), usual_share(model, usual_hair())
    if len(skins) > 1:
        tone = np.exp(np.mean([np.log(skin.tone) for skin in skins], axis=0))
        weights = np.mean([skin.weights for skin in skins], axis=0)
        skins = [PersonSkin(tone, weights, skin.with_tone(tone).light) for skin in skins]
    most = int(np.argmax([(weight * model.scalp).sum() for weight in seen]))
    shown = faces[most], model, regions, skins[most]
    hair = solve_hair(*shown, colors[most])
    return skins, hair, seen_share(*shown, hair, seen[most], colors[most])


def _as_lists(
    fits: HeadFit | Sequence[HeadFit] | None, images: np.ndarray | Sequence[np.ndarray] | None
) -> tuple[list[HeadFit], list[np.ndarray]]:
    fit_list = [fits] if isinstance(fits, HeadFit) else list(fits or ())
    image_list = [images] if isinstance(images, np.ndarray) else list(images or ())
    if len(fit_list) != len(image_list):
        raise ShapeError(
            "pictures of a look", expected=f"({len(fit_list)},), one per fit", actual=(len(image_list),)
        )
    for fit, image in zip(fit_list, image_list, strict=True):
        if image.shape[:2] != (fit.camera.height_px, fit.camera.width_px):
            raise ShapeError(
                "picture of a look",
                expected=f"({fit.camera.height_px}, {fit.camera.width_px}, 3), as it was fitted",
                actual=image.shape,
            )
    return fit_list, image_list


def _checked_head(fits: list[HeadFit], head: Head | None, *, size_px: int, texture: str) -> Head:
    if not SMALLEST_PX <= size_px <= LARGEST_PX:
        raise InputError(f"a texture's side is {SMALLEST_PX} to {LARGEST_PX} texels, not {size_px}")
    if texture not in ("albedo", "photo"):
        raise InputError(f"texture is 'albedo' or 'photo', not {texture!r}")
    if head is None:
        from mien.heads.library import load_head

        head = load_head()
    for fit in fits:
        if not head.takes_parameters_of(fit.head_name, fit.head_version):
            raise InputError(
                f"the fit is of the head {fit.head_name} {fit.head_version}, not of {head.name} "
                f"{head.version}; pass the head that was fitted as head="
            )
    return head
