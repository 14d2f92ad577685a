"""Trained radiance fields as a generator of posed views: imperfect, as a 3D-aware GAN is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError
from mien.fields.protocol import Field
from mien.lifting.camera_space import CameraSpace
from mien.lifting.generator import GeneratedView

_BACKGROUNDS = 64


class FieldGenerator:
    """A `MultiViewGenerator` whose latents are fields, by their place in a list.

    Where the head is in a field, and how it stands, is told by `mien.field_landmarks`.

    Args:
        fields: folders NAME.field, or fields.

    Raises:
        InputError: there are none.
    """

    exact_set: str | None = None

    def __init__(self, fields: Sequence[Path | Field], *, space: CameraSpace | None = None) -> None:
        if not fields:
            raise InputError("needs fields to show", source="--fields")
        self.fields = tuple(fields)
        self.space = CameraSpace() if space is None else space

    def views(self, latent: int, cameras: Sequence[Camera]) -> list[GeneratedView]:
        """See `MultiViewGenerator`.

        Raises:
            InputError: there is no such field, or no head in it.
        """
        from mien.fields.files import load_field
        from mien.fields.rendering.picture import render_field
        from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig

        if not 0 <= latent < len(self.fields):
            raise InputError(f"there are {len(self.fields)} fields, no number {latent}", source="--first")
        chosen = self.fields[latent]
        field = load_field(chosen) if isinstance(chosen, str | Path) else chosen
        found = FieldLandmarker(config=SearchConfig(second_opinion=None))(field)
        if not found.found:
            raise InputError("no head was found in it; train it on more views", source=str(chosen))
        shade = np.random.default_rng([latent, 3]).integers(_BACKGROUNDS, 256 - _BACKGROUNDS, 3)
        background = (int(shade[0]), int(shade[1]), int(shade[2]))
        views = []
        for camera in cameras:
            seen = render_field(field, in_field(camera, found.field_from_head), background=background)
            views.append(GeneratedView(seen.rgb, camera))
        return views


def in_field(camera: Camera, field_from_head: np.ndarray) -> Camera:
    """A camera of the head's frame in a field's, which a similarity takes it to."""
    scale = float(np.cbrt(np.linalg.det(field_from_head[:, :3])))
    rotation = field_from_head[:, :3] / scale
    world_from_camera = camera.world_from_camera
    moved = np.eye(4)
    moved[:3, :3] = (rotation @ world_from_camera[:3, :3]).T
    centre = scale * rotation @ world_from_camera[:3, 3] + field_from_head[:, 3]
    moved[:3, 3] = -moved[:3, :3] @ centre
    return replace(camera, camera_from_world=moved)
