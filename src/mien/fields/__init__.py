"""Radiance fields of heads: representation, rays, rendering, training on posed pictures, files.

field = mien.train_field("transforms.json")
field.render(camera)
mien.fields.save_field(field, "anna.field")
mien.fields.load_field("anna.field")

All but the settings needs torch and safetensors (`pip install 'mien[fields]'`). Fields are trained and drawn
on a CPU, and on a GPU where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.lazy_names import lazy_names

if TYPE_CHECKING:
    from mien.fields.config import FieldConfig
    from mien.fields.files import load_field, save_field
    from mien.fields.posed_images import PosedImages, load_posed_images
    from mien.fields.radiance_field import RadianceField
    from mien.fields.rendering.picture import FieldPicture
    from mien.fields.train import train_field

__all__ = [
    "FieldConfig",
    "FieldPicture",
    "PosedImages",
    "RadianceField",
    "load_field",
    "load_posed_images",
    "save_field",
    "train_field",
]

_HOME = {
    "FieldConfig": "config",
    "FieldPicture": "rendering.picture",
    "PosedImages": "posed_images",
    "RadianceField": "radiance_field",
    "load_field": "files",
    "load_posed_images": "posed_images",
    "save_field": "files",
    "train_field": "train",
}


__getattr__ = lazy_names(__name__, _HOME)


def require_torch() -> None:
    """Say what to install where torch or safetensors is missing.

    Raises:
        MissingExtraError: one of them is.
    """
    import importlib.util

    from mien.errors import MissingExtraError

    for needed in ("torch", "safetensors"):
        if importlib.util.find_spec(needed) is None:
            raise MissingExtraError("radiance fields", extra="fields", cause=needed)
