"""`mien field edit`: move landmarks of a face, set its expression."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import (
    DeviceOption,
    MorphableModelOption,
    OutputOptions,
    SteeredFaceOption,
    SteeredOptions,
)
from mien.commands.usage import UsageError


@dataclass(frozen=True)
class FieldEditConfig:
    """Edit a face by its landmarks and show it as a radiance field from all sides.

    From a photo, or a field that such a command saved. Writes edited.png (before above, after below),
    edited.field and, if asked for, a turntable and the textured mesh.
    """

    face: Flat[SteeredFaceOption]
    set: tuple[str, ...] = ()
    """ARKit weights: jawOpen=0.6 mouthSmile=0.8; a name without a side sets both."""
    move: tuple[str, ...] = ()
    """Landmarks and the way to go, millimetres to the subject's left, up, and out of the face:
    mouth_corners:2,4,0 or 57:0,-6,0 or 17-21:0,5,0. Regions: mouth, upper_lip, lower_lip, mouth_corners,
    chin, jaw, nose, eyes, left_eye, right_eye, brows, left_brow, right_brow, face."""
    radius: float = 15.0
    """How far along the skin other landmarks follow those that are moved, millimetres."""
    symmetric: bool = False
    """Do the same on the other side."""
    at_rest: bool = False
    """Begin from the face at rest."""
    shown: Flat[SteeredOptions] = SteeredOptions()
    model: Flat[MorphableModelOption] = MorphableModelOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Edit and write."""
    config = parse(FieldEditConfig, arguments, prog="mien field edit")
    from mien.commands.field.steered.beginning import begun, ended
    from mien.commands.field.steered.writing import check_places, write_face
    from mien.morphable_fields.operations import edit_face

    moves = [_move(text, config) for text in config.move]
    weights = dict(_weight(text) for text in config.set)
    check_places(config.output.out / "edited", config.shown)
    face, model = begun(config)
    before = face
    face = edit_face(face.neutral() if config.at_rest else face, moves, weights=weights)
    written = write_face(face, model, config.output.out / "edited", config.shown, before=before)
    return ended(written, config.output)


def _move(text: str, config: FieldEditConfig):
    from mien.morphable_fields.operations import LandmarkMove
    from mien.morphable_fields.regions import region_landmarks

    landmarks, given, way = text.partition(":")
    try:
        numbers = [float(part) for part in way.split(",")]
    except ValueError:
        numbers = []
    if not given or len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise UsageError(f"--move {text!r}: write landmarks:left,up,out in millimetres, as mouth:0,-5,0")
    region_landmarks(landmarks)
    by_mm = (numbers[0], numbers[1], numbers[2])
    return LandmarkMove(landmarks, by_mm, radius_mm=config.radius, symmetric=config.symmetric)


def _weight(text: str) -> tuple[str, float]:
    from mien.morphable_fields.operations import WEIGHT_RANGE

    name, given, value = text.partition("=")
    try:
        weight = float(value if given else "?")
    except ValueError as error:
        raise UsageError(f"--set {text!r}: write name=weight, as jawOpen=0.6") from error
    if not WEIGHT_RANGE[0] <= weight <= WEIGHT_RANGE[1]:
        raise UsageError(f"--set {text!r}: weights go from {WEIGHT_RANGE[0]:g} to {WEIGHT_RANGE[1]:g}")
    return name, weight
