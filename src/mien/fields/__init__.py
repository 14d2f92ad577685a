"""Radiance fields of heads: what a field is, rendering, training on posed pictures, files.

field = mien.train_field("transforms.json")
mien.render_field(field, camera)
mien.save_field(field, "anna.field")
mien.load_field("anna.field")

All but the settings needs torch and safetensors (`pip install 'mien[fields]'`). Fields are trained and drawn
on a CPU, and on a GPU where there is one.
"""

from __future__ import annotations


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
