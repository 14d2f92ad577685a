"""3D landmarks straight from a radiance field (after FLNeRF, Zhang et al. 2022).

field = mien.fields.load_field("anna.field")
mien.field_landmarks(field).points_m          # (68, 3), metres, the field's frame

`mien.field_landmarks` names this package and the function: whichever import ran last, calling works. Needs
torch (`pip install 'mien[fields]'`).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from mien.lazy_names import lazy_names

if TYPE_CHECKING:
    from mien.field_landmarks.predict import FieldLandmarker, field_landmarks
    from mien.field_landmarks.sources import GridField, VolumeSource
    from mien.field_landmarks.types import Landmarks3D

__all__ = ["FieldLandmarker", "GridField", "Landmarks3D", "VolumeSource", "field_landmarks"]

_HOME = {
    "FieldLandmarker": "predict",
    "GridField": "sources",
    "Landmarks3D": "types",
    "VolumeSource": "sources",
    "field_landmarks": "predict",
}


__getattr__ = lazy_names(__name__, _HOME)


class _CallableModule(ModuleType):
    def __call__(self, field: VolumeSource) -> Landmarks3D:
        from mien.field_landmarks.predict import field_landmarks

        return field_landmarks(field)


sys.modules[__name__].__class__ = _CallableModule
