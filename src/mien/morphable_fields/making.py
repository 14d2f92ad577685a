"""A model and a face make a radiance field."""

from __future__ import annotations

from mien.fields.protocol import Field
from mien.morphable_fields.code_field import CodeField
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.models import CodeModel, MorphableModel, SurfaceModel
from mien.morphable_fields.surface_field import SurfaceField


def field_of(model: MorphableModel, face: MorphableFace) -> Field:
    """The radiance field of a face, on the model's device."""
    if isinstance(model, SurfaceModel):
        return SurfaceField(model, face)
    assert isinstance(model, CodeModel)
    return CodeField(model, face)


def preview_of(field: Field) -> Field:
    """The same field made quicker to draw, where it knows how, for pictures that are soon replaced."""
    return field.preview() if isinstance(field, SurfaceField) else field
