"""The photographs that a field was trained on, as commands are told them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mien.fields.posed_images import PosedImages
    from mien.fields.protocol import Field


def photographs_of(field: Field, path: Path | None, *, metres_per_unit: float) -> PosedImages | None:
    """The photographs with cameras in the field's unit; None without a path.

    Args:
        metres_per_unit: of the file of cameras, as the field was trained with; what a capture's head told of
            its unit comes on top.

    Raises:
        InputError: they cannot be read.
    """
    if path is None:
        return None
    from mien.fields.posed_images import load_posed_images
    from mien.fields.radiance_field import RadianceField

    capture = field.facts.capture if isinstance(field, RadianceField) else None
    found = 1.0 if capture is None else capture.metres_per_unit
    return load_posed_images(path, metres_per_unit=metres_per_unit * found)
