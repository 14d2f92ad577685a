"""Pictures of a face's radiance field (needs torch, which is loaded with the first picture)."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from mien.cameras import Camera
from mien.learning.threads import SharedCores
from mien.morphable_fields.face import MorphableFace
from mien.viewer.orbit import OrbitView

if TYPE_CHECKING:
    from mien.fields.protocol import Field
    from mien.morphable_fields.models import MorphableModel

PAGE_COLOR = (40, 43, 48)
"""Behind the head on the page, and so in pictures that lie over it."""
WHITE = (255, 255, 255)
PREVIEW_PX = 128
"""Pictures up to this side are drawn in haste: a larger one follows."""
STRIP_RAYS = 4096
"""Between strips of so many rays a newer request is looked for."""


@dataclass(frozen=True, eq=False)
class FieldRequest:
    """A picture that is wanted.

    Attributes:
        face: whose field; view: from where; size_px: side of the picture.
        background: RGB behind it.
    """

    face: MorphableFace
    view: OrbitView
    size_px: int
    background: tuple[int, int, int] = PAGE_COLOR


def fields_can_be_drawn() -> bool:
    """Whether what fields need is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "safetensors"))


class FieldPictures:
    """Draws a model's fields; the last face's is kept."""

    def __init__(self, model: MorphableModel | None = None) -> None:
        """
        Args:
            model: the shipped one when None.
        """
        self._model = model
        self._last: tuple[MorphableFace, Field] | None = None
        self._lock = threading.Lock()
        self._cores = SharedCores()

    def field(self, face: MorphableFace) -> Field:
        """The field of a face."""
        from mien.morphable_fields.field_files import morphable_field

        with self._lock:
            last = self._last
            if last is None or last[0] is not face:
                last = self._last = face, morphable_field(face, self._model)
            return last[1]

    def picture(
        self, request: FieldRequest, left_off: Callable[[], bool] = lambda: False
    ) -> UInt8[np.ndarray, "size size 3"] | None:
        """(S, S, 3) RGB; None when it was left off."""
        with self._cores.working():
            return self._strips(request, left_off)

    def _strips(
        self, request: FieldRequest, left_off: Callable[[], bool]
    ) -> UInt8[np.ndarray, "size size 3"] | None:
        from mien.fields.rendering.picture import render_field
        from mien.morphable_fields.making import preview_of

        field, camera = self.field(request.face), request.view.camera(request.size_px)
        if request.size_px <= PREVIEW_PX:
            field = preview_of(field)
        rows, strips = max(1, STRIP_RAYS // request.size_px), []
        for first in range(0, request.size_px, rows):
            if left_off():
                return None
            strip = render_field(field, _strip(camera, first, rows), background=request.background)
            strips.append(strip.rgb)
        return np.concatenate(strips)


def _strip(camera: Camera, first: int, rows: int) -> Camera:
    """The camera of some rows of a picture."""
    intrinsics = camera.intrinsics.copy()
    intrinsics[1, 2] -= first
    return replace(camera, intrinsics=intrinsics, height_px=min(rows, camera.height_px - first))
