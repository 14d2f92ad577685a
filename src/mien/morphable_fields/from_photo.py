"""Faces that landmarks steer, from photos and fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields import require_torch
from mien.fitting.photo import fit_photo
from mien.fitting.results import HeadFit
from mien.heads.library import load_head
from mien.images.photo import read_image
from mien.looks.head_look import head_look
from mien.morphable_fields.face import MorphableFace

if TYPE_CHECKING:
    from mien.morphable_fields.models import MorphableModel

TEXTURE_PX = 512


@checked_call
def face_of_fit(
    fit: HeadFit, image: UInt8[np.ndarray, "h w 3"], *, texture_px: int = TEXTURE_PX
) -> MorphableFace:
    """A fitted head with its picture's texture, light taken out and completed.

    Args:
        fit: of the built-in head.
        image: (H, W, 3) uint8 RGB, the picture that was fitted.
        texture_px: side of the texture.

    Raises:
        InputError: another head than the built-in one was fitted.
    """
    head = load_head()
    if not head.takes_parameters_of(fit.head_name, fit.head_version):
        raise InputError(f"was fitted with the head {fit.head_name}, not {head.name}", source="fit")
    look = head_look(fit, image, texture="photo", size_px=texture_px, head=head)
    return MorphableFace.of_parameters(look.base_color, fit.parameters)


@checked_call
def face_of_photo(
    image: UInt8[np.ndarray, "h w 3"] | str | Path,
    *,
    face: int = 0,
    refined: bool = False,
    model: MorphableModel | None = None,
) -> MorphableFace:
    """The face in a photo: landmarks, fit and texture of one picture.

    Args:
        image: (H, W, 3) uint8 RGB, or better its file, which may say what lens it was taken with.
        face: which of the faces, best first.
        refined: show it in the photo's light, see `refine_face_to_photo`; else in even light.
        model: that it is refined for; the shipped one when None.

    Raises:
        InputError: there is no such face. MissingExtraError: torch is missing, and it is to be refined.
    """
    fits = fit_photo(image)
    if len(fits) <= face:
        found = "no face" if not fits else f"{len(fits)} faces"
        raise InputError(f"shows {found}; a larger, clearer face is needed", source="photo")
    pixels = read_image(image) if isinstance(image, str | Path) else image
    made = face_of_fit(fits[face], pixels)
    if not refined:
        return made
    require_torch()
    from mien.morphable_fields.photo_refinement import refine_face_to_photo

    return refine_face_to_photo(made, fits[face], pixels, model=model)
