"""Faces to look at: the built-in head, fits, photos, faces of fields."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.fitting.results import HeadFit
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.looks.head_look import head_look
from mien.morphable_fields.face import MorphableFace
from mien.viewer.session import ShownFace

if TYPE_CHECKING:
    from mien.morphable_fields.models import MorphableModel

TEXTURE_PX = 1024


def built_in_head() -> ShownFace:
    """The mean head with an average person's skin."""
    return usual_person(load_head().neutral(), name="the built-in head")


def usual_person(parameters: HeadParameters, *, name: str) -> ShownFace:
    """A head with an average person's skin. The face's texture shows brows: fields have no cards."""
    head, look = load_head(), head_look(size_px=TEXTURE_PX)
    others = tuple("hair" if part == "brows" else part for part in head.part_names)
    painted = head_look(texture="albedo", size_px=TEXTURE_PX, head=replace(head, part_names=others))
    face = MorphableFace.of_parameters(painted.base_color, parameters)
    return ShownFace(face, name, look.cards, skin=look.base_color)


def fitted_head(fit: HeadFit, image: UInt8[np.ndarray, "h w 3"] | None = None, *, name: str) -> ShownFace:
    """A fit, with its photo's texture where there is one.

    Args:
        image: (H, W, 3) uint8 RGB, the picture that was fitted; an average person's skin when None.

    Raises:
        InputError: another head than the built-in one was fitted.
    """
    head = load_head()
    if not head.takes_parameters_of(fit.head_name, fit.head_version):
        raise InputError(f"was fitted with the head {fit.head_name}, not {head.name}", source=name)
    if image is None:
        return usual_person(fit.parameters, name=name)
    look = head_look(fit, image, size_px=TEXTURE_PX)
    return ShownFace(MorphableFace.of_parameters(look.base_color, fit.parameters), name, look.cards)


def photographed_head(path: Path) -> ShownFace:
    """The first face of a photo.

    Raises:
        InputError: it is no photo, or shows no face.
    """
    from mien.fitting.photo import fit_photo
    from mien.images.photo import read_image

    fits = fit_photo(path)
    if not fits:
        raise InputError("shows no face; a larger, clearer face is needed", source=path)
    return fitted_head(fits[0], read_image(path), name=path.name)


def field_face(face: MorphableFace, model: MorphableModel | None, *, name: str) -> ShownFace:
    """A face of a field, whose texture shows its brows; lashes, which it does not have, are everybody's."""
    from mien.looks.albedo_model import albedo_model_for
    from mien.looks.cards import card_picture
    from mien.looks.hair import usual_hair

    head = load_head()
    albedo = albedo_model_for(head)
    return ShownFace(face, name, card_picture(head, albedo, usual_hair(), brows=False), model)
