"""ARKit's expression shapes from ICT-FaceKit's: lids that shut, lips that meet, eyes that look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.assembly import Assembly, ict_jaw
from mien.head_building.ict_facekit import IctFaceKit
from mien.head_building.jaw import AffineMotion
from mien.head_building.lips import Lips
from mien.heads.gaze import FULL_LOOK_RAD, LOOKS

_ORDER = (
    "eyeBlink eyeLookDown eyeLookIn eyeLookOut eyeLookUp eyeSquint eyeWide|"
    "jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight|"
    "mouthSmile mouthFrown mouthDimple mouthStretch|"
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper|"
    "mouthPress mouthLowerDown mouthUpperUp|browDown|browInnerUp|browOuterUp|"
    "cheekPuff|cheekSquint noseSneer"
)
_BOTH_SIDES = ("browInnerUp", "cheekPuff")
"""ARKit shapes that ICT-FaceKit splits into two sides."""

LIPS_TOGETHER = (
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "jawLeft", "jawRight", "mouthDimpleLeft",
    "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthLeft", "mouthPressLeft", "mouthPressRight",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
)  # fmt: skip
"""Shapes in which the lips stay on each other."""

BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")

TONGUE_OPENING = 0.3
"""How much of jawOpen tongueOut holds."""


@dataclass(frozen=True)
class CarriedShape:
    """One ARKit shape as ICT-FaceKit has it, on our skin.

    Attributes:
        skin_m: (S, 3) displacement; jaw: of the lower teeth.
    """

    skin_m: np.ndarray
    jaw: AffineMotion


def carried_shapes(assembly: Assembly, ict: IctFaceKit) -> dict[str, CarriedShape]:
    """ICT's shapes under ARKit's names, in ARKit's order; the two sides of one ARKit shape are added."""
    skin_m, jaw = assembly.on_ict.registration.carry(ict.expression_m), ict_jaw(ict)
    index = {name: i for i, name in enumerate(ict.expression_names)}

    def shape(*names: str) -> CarriedShape:
        rows = [index[name] for name in names]
        motion = AffineMotion(jaw.matrix[rows].sum(axis=0), jaw.offset_m[rows].sum(axis=0))
        return CarriedShape(skin_m[rows].sum(axis=0), motion)

    shapes: dict[str, CarriedShape] = {}
    groups = [group.split() for group in _ORDER.split("|")]
    for side, suffix in (("Left", "_L"), ("Right", "_R")):
        shapes |= {stem + side: shape(stem + suffix) for stem in groups[0]}
    for stem in (stem for group in groups[1:] for stem in group):
        if stem in _BOTH_SIDES:
            shapes[stem] = shape(stem + "_L", stem + "_R")
        elif stem in index:
            shapes[stem] = shape(stem)
        else:
            shapes[stem + "Left"], shapes[stem + "Right"] = shape(stem + "_L"), shape(stem + "_R")
    return _symmetric(shapes, assembly)


def _symmetric(shapes: dict[str, CarriedShape], assembly: Assembly) -> dict[str, CarriedShape]:
    """Each shape the mirror image of its partner, or of itself."""
    flip, mirror = np.array([-1.0, 1.0, 1.0]), assembly.skin.mirror
    turn = np.diag(flip)
    result = {}
    for name, shape in shapes.items():
        other = shapes[partner(name)]
        jaw = AffineMotion(
            (shape.jaw.matrix + turn @ other.jaw.matrix @ turn) / 2,
            (shape.jaw.offset_m + other.jaw.offset_m * flip) / 2,
        )
        result[name] = CarriedShape((shape.skin_m + other.skin_m[mirror] * flip) / 2, jaw)
    return result


def partner(name: str) -> str:
    """The shape of the other side; shapes of the middle are their own."""
    if name.endswith("Left"):
        return name[:-4] + "Right"
    return name[:-5] + "Left" if name.endswith("Right") else name


def finished_shapes(
    assembly: Assembly, shapes: dict[str, CarriedShape], mean_m: np.ndarray, centres_m: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """(E, V, 3) displacements of the whole mean head, by name.

    Args:
        mean_m: (V, 3) the mean head; centres_m: (2, 3) of its eyeballs.
    """
    skin_m = mean_m[assembly.starts["skin"]]
    # What seating lids and parting lips still does to the mean face is no part of any shape.
    still_m = [
        lids.seated(skin_m, at_m) - skin_m for lids, at_m in zip(assembly.lids, centres_m, strict=True)
    ]
    finished: dict[str, np.ndarray] = {}
    for name, shape in shapes.items():
        moved_m = skin_m + shape.skin_m
        turns = {eye: axis_turn for look, eye, axis_turn in _looks() if look == name}
        if name in BLINKS:
            eye = BLINKS.index(name)
            lids, centre_m = assembly.lids[eye], centres_m[eye]
            meeting = lids.meeting_of(skin_m, centre_m, shape.skin_m)
            moved_m = skin_m + lids.blink(skin_m, centre_m, shape.skin_m, meeting)
        for eye, lids in enumerate(assembly.lids):
            if name != BLINKS[eye]:
                gaze = matrix_from_rotation_vector(turns.get(eye, np.zeros(3))) @ [0.0, 0.0, 1.0]
                moved_m = lids.seated(moved_m, centres_m[eye], gaze=gaze) - still_m[eye]
        moved_m += _lips_of(name, moved_m, assembly.lips, shapes["jawOpen"].skin_m)
        moved_m -= _lips_of(name, skin_m, assembly.lips, np.zeros(3))
        moved_m = assembly.mouth.following(moved_m, skin_m, shape.jaw)
        whole_m = assembly.expressed(mean_m, moved_m, shape.jaw)
        for eye, turn in turns.items():
            whole_m = assembly.turned(whole_m, eye, centres_m[eye], turn)
        finished[name] = whole_m - mean_m
    # A tongue comes out between lips, so the shape opens the mouth by as much as it needs.
    out_m = TONGUE_OPENING * finished["jawOpen"]
    out_m[assembly.starts["tongue"]] += assembly.tongue_out_m
    finished["tongueOut"] = out_m
    return tuple(finished), np.stack(list(finished.values()))


def _lips_of(name: str, moved_m: np.ndarray, lips: Lips, opened_m: np.ndarray) -> np.ndarray:
    """(S, 3) how a shape's lips are put right; mouthClose shuts the mouth that jawOpen has opened."""
    if name == "mouthClose":
        return lips.together(moved_m + opened_m) - opened_m - moved_m
    return (lips.together if name in LIPS_TOGETHER else lips.apart)(moved_m) - moved_m


def _looks() -> list[tuple[str, int, np.ndarray]]:
    """(shape, 0 left or 1 right eye, rotation vector) of each eyeLook shape."""
    return [(name, eye, FULL_LOOK_RAD * sign * np.eye(3)[axis]) for name, eye, axis, sign in LOOKS]
