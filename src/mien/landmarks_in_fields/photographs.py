"""What the photographs that a field was trained on say of a face that was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.fields.photographed_face import PhotographedFace, PhotographsConfig, photographed_face
from mien.fields.posed_images import PosedImages
from mien.fields.protocol import Field
from mien.fields.radiance_field import RadianceField
from mien.geometry.rotations import nearest_rotation
from mien.landmarks_in_fields.fusion import OpinionKind
from mien.landmarks_in_fields.types import Landmarks3D

FARTHEST = 0.5
"""Over the distance of the outer corners of the eyes: photographs that put the face further from where the
field has it are of something else, or by other cameras."""
_OUTER_CORNERS = (36, 45)


@dataclass(frozen=True, eq=False)
class Photographed:
    """The photographs' opinion on a face, in the field's frame and unit.

    Attributes:
        face: its landmarks; NaN where too few photographs show them.
    """

    kind: ClassVar[OpinionKind] = "photographs"

    face: PhotographedFace

    @property
    def others_m(self) -> Float[np.ndarray, "1 68 3"]:
        """The opinions beside the networks'."""
        return self.face.points_m[None]

    @property
    def evidence(self) -> float:
        """How much speaks for a face, log odds."""
        return self.face.evidence

    @property
    def told(self) -> bool:
        """Whether there is an opinion."""
        return bool(np.isfinite(self.face.points_m).all())


def photographs_opinion(field: Field, found: Landmarks3D, images: PosedImages | None) -> Photographed | None:
    """What a field's photographs say of a face in it; None where there are none, or too few show the face.

    Args:
        images: the photographs; None: those that the field remembers.

    Raises:
        InputError: the photographs put the face somewhere else than the field does.
    """
    told = remembered_photographs(field, found) if images is None else asked_photographs(images, found)
    return told if told is not None and told.told else None


def asked_photographs(
    images: PosedImages, found: Landmarks3D, config: PhotographsConfig | None = None
) -> Photographed:
    """What photographs say.

    Args:
        images: their cameras are in the field's frame and unit.

    Raises:
        InputError: they put the face somewhere else than the field does.
    """
    front = nearest_rotation(found.field_from_head[:, :3])[:, 2]
    face = photographed_face(images, found.points_m, front, set_name=found.set_name, config=config)
    off = _off(face, found)
    if off > FARTHEST:
        raise InputError(
            f"its pictures put the face {off:.1g} eye distances from where the field has it: they must be "
            "those that the field was trained on, with cameras in the same frame and unit "
            "(--metres-per-unit), or leave them away",
            source=images.source,
        )
    return Photographed(face)


def remembered_photographs(field: Field, found: Landmarks3D) -> Photographed | None:
    """What a capture's field remembers of its photographs, where it is about the face that was found."""
    capture = field.facts.capture if isinstance(field, RadianceField) else None
    face = None if capture is None else capture.photographed
    return None if face is None or _off(face, found) > FARTHEST else Photographed(face)


def _off(face: PhotographedFace, found: Landmarks3D) -> float:
    """How far from where the field has it the photographs put the face, in eye distances; 0 where they tell
    nothing."""
    right, left = found.points_m[list(_OUTER_CORNERS)]
    off = np.linalg.norm(face.points_m - found.points_m, axis=1) / np.linalg.norm(left - right)
    return float(np.nan_to_num(np.median(off)))
