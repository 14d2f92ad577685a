"""Plausible random expressions and gaze."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from mien.heads.gaze import FULL_LOOK_RAD, shape_turns
from mien.heads.model import Head
from mien.synthetic.scenes.weight_list import WeightList

PAIRED = (
    "eyeSquint", "eyeWide", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress",
    "mouthLowerDown", "mouthUpperUp", "browDown", "browOuterUp", "cheekSquint", "noseSneer",
)  # fmt: skip
"""Shapes with a left and a right side, of which random ones are drawn."""
MIDDLE = (
    "jawForward", "jawOpen", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "browInnerUp", "cheekPuff", "jawLeft", "jawRight", "mouthLeft",
    "mouthRight",
)  # fmt: skip
"""Shapes without sides, of which random ones are drawn."""
KINDS = {
    "rest": 0.24, "mild": 0.26, "smile": 0.10, "talk": 0.08, "open": 0.12, "brows": 0.08, "pout": 0.06,
    "sparse": 0.03, "wild": 0.03,
}  # fmt: skip
"""Kinds of expressions and how often each is drawn."""
CALM = ("rest", "mild")
"""Kinds whose eyes are open: half of all pictures are near-neutral faces, as photographs' are."""
SHUT_SHARE, HALF_SHUT_SHARE, WINK_SHARE = 0.14, 0.14, 0.06
"""Of the kinds that are not calm: both eyes shut, both anywhere between open and shut, one eye shut."""
TONGUE_SHARE = 0.15
"""Of open mouths and pouts."""
LOPSIDED_SHARE = 0.25
_SIDED = ("mouthSmile", "mouthDimple", "mouthUpperUp", "mouthLowerDown", "mouthStretch", "mouthFrown",
          "browOuterUp", "browDown", "cheekSquint", "noseSneer", "eyeSquint")  # fmt: skip


def random_expression(head: Head, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One expression.

    Returns:
        weights (E,) of the head's shapes in [0, 1], and gaze (2,): yaw to the subject's left and pitch up,
        radians, both eyes alike. The eyeLook shapes follow the gaze as far as lids and weights allow; see
        `eye_joints`.
    """
    weights = WeightList(head, rng)
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    _KIND_SHAPES[kind](weights, rng)
    if kind not in ("rest", "brows"):
        weights.both("browDown", 0.5 * rng.random() ** 3)
        weights.add("browInnerUp", 0.5 * rng.random() ** 3)
        weights.both("eyeSquint", 0.5 * rng.random() ** 3)
    weights["mouthClose"] = 0.0 if rng.random() < 0.88 else weights["jawOpen"] * rng.random()
    gaze = _gaze(weights, rng)
    if rng.random() < LOPSIDED_SHARE:  # one half of the face more than the other
        gain, side = rng.uniform(0.1, 0.8), str(rng.choice(["Left", "Right"]))
        for stem in _SIDED:
            weights[stem + side] *= gain
    _lids(weights, rng, calm=kind in CALM)
    return weights.clipped(), gaze


def _rest(weights: WeightList, rng: np.random.Generator) -> None:
    """Nothing, or hardly anything."""
    for name in rng.choice([*PAIRED, *MIDDLE], size=int(rng.integers(0, 4)), replace=False):
        weights.any(str(name), 0.18 * rng.random())


def _mild(weights: WeightList, rng: np.random.Generator) -> None:
    """A hint of a smile or a frown, lips a little apart, brows a little up or down."""
    if rng.random() < 0.55:
        amount = 0.45 * rng.beta(1.5, 1.5)
        weights.both("mouthSmile", amount)
        weights.both("cheekSquint", 0.4 * amount * rng.random())
        weights.both("mouthDimple", 0.2 * rng.random())
        weights.both("mouthUpperUp", 0.3 * amount * rng.random())
    elif rng.random() < 0.4:
        weights.both("mouthFrown", 0.4 * rng.random())
    if rng.random() < 0.35:
        weights.add("jawOpen", 0.25 * rng.random())
        weights.both("mouthLowerDown", 0.25 * rng.random() ** 2)
    brows = rng.random()
    if brows < 0.2:
        weights.both("browDown", 0.4 * rng.random())
    elif brows < 0.4:
        amount = 0.4 * rng.random()
        weights.add("browInnerUp", amount)
        weights.both("browOuterUp", amount * rng.random())
    if rng.random() < 0.25:
        weights.any(str(rng.choice([*PAIRED, *MIDDLE])), 0.3 * rng.random())


def _smile(weights: WeightList, rng: np.random.Generator) -> None:
    amount = 1 - 0.75 * rng.random() ** 1.3
    weights.both("mouthSmile", amount)
    weights.both("cheekSquint", 0.8 * amount * rng.random())
    weights.both("eyeSquint", 0.8 * amount * rng.random() ** 2)
    weights.both("mouthUpperUp", 0.6 * amount * rng.random())
    weights.both("mouthDimple", 0.4 * rng.random())
    weights.both("mouthStretch", 0.5 * amount * rng.random() ** 2)
    weights.add("jawOpen", 0.5 * rng.random() ** 2)
    weights.both("mouthLowerDown", 0.6 * rng.random() ** 2)


def _talk(weights: WeightList, rng: np.random.Generator) -> None:
    weights.add("jawOpen", rng.beta(1.2, 2.6))
    for name in ("mouthFunnel", "mouthPucker", "mouthRollLower", "mouthShrugUpper", "mouthShrugLower"):
        if rng.random() < 0.3:
            weights.add(name, rng.beta(1.2, 2.0))
    weights.both("mouthLowerDown", 0.6 * rng.random() ** 2)
    weights.both("mouthUpperUp", 0.5 * rng.random() ** 2)
    weights.both("mouthSmile", 0.4 * rng.random() ** 2)
    weights.both("mouthStretch", 0.5 * rng.random() ** 2)


def _open(weights: WeightList, rng: np.random.Generator) -> None:
    """Shouts, yawns, laughter, screams: mouths as wide as mouths go."""
    widest = rng.random() < 0.4
    weights.add("jawOpen", 1.0 - 0.15 * rng.random() if widest else 0.35 + 0.65 * rng.random())
    weights.both("mouthStretch", rng.random() if widest else 0.6 * rng.random() ** 2)
    weights.both("mouthLowerDown", 0.9 * rng.random(), 0.25)
    weights.both("mouthUpperUp", 0.8 * rng.random(), 0.25)
    weights.both("mouthSmile", 0.9 * rng.random() * (rng.random() < 0.4), 0.25)
    weights.add("mouthFunnel", 0.8 * rng.random() * (rng.random() < 0.3))
    if rng.random() < 0.4:
        weights.add("browInnerUp", rng.random())
        weights.both("browOuterUp", rng.random())
        weights.both("eyeWide", rng.random())
    elif rng.random() < 0.4:
        weights.both("browDown", rng.random())
        weights.both("noseSneer", rng.random())
    _tongue(weights, rng)


def _brows(weights: WeightList, rng: np.random.Generator) -> None:
    """Brows fully up or down, or one of them, with what eyes and mouth do then."""
    which = rng.random()
    amount = 1 - 0.7 * rng.random() ** 1.5
    if which < 0.35:
        weights.add("browInnerUp", amount)
        weights.both("browOuterUp", amount * rng.uniform(0.6, 1.0))
        weights.both("eyeWide", rng.random())
    elif which < 0.70:
        weights.both("browDown", amount)
        weights.both("eyeSquint", 1.1 * rng.random() ** 0.7)
        weights.both("noseSneer", 0.8 * rng.random() ** 2)
        weights.both("mouthFrown", 0.8 * rng.random() ** 2)
        weights.both("mouthPress", 0.8 * rng.random() ** 2)
    elif which < 0.85:
        weights.add("browInnerUp", amount)  # sorrow
        weights.both("mouthFrown", rng.random())
    else:
        side, other = rng.permutation(["Left", "Right"])
        weights.add("browOuterUp" + str(side), amount)
        weights.add("browDown" + str(other), rng.random())
    if rng.random() < 0.3:
        weights.add("jawOpen", rng.random() ** 2)


def _pout(weights: WeightList, rng: np.random.Generator) -> None:
    """Puckers, funnels, puffed cheeks, rolled and shifted lips."""
    name = str(rng.choice(["mouthPucker", "mouthPucker", "mouthFunnel", "cheekPuff", "roll", "shift"]))
    amount = 1 - 0.6 * rng.random() ** 1.3
    if name == "roll":
        weights.add("mouthRollUpper", amount * rng.random())
        weights.add("mouthRollLower", amount)
        weights.both("mouthPress", rng.random())
    elif name == "shift":
        side = str(rng.choice(["Left", "Right"]))
        weights.add("mouth" + side, amount)
        weights.add("jaw" + side, amount * rng.random())
    else:
        weights.add(name, amount)
        weights.add("mouthFunnel", 0.5 * rng.random() ** 2)
        weights.add("jawOpen", 0.4 * rng.random() ** 2)
    weights.both("mouthFrown", 0.4 * rng.random() ** 2)
    _tongue(weights, rng)


def _sparse(weights: WeightList, rng: np.random.Generator) -> None:
    _some(weights, rng, count=int(rng.integers(2, 6)), strength=0.9)


def _wild(weights: WeightList, rng: np.random.Generator) -> None:
    _some(weights, rng, count=int(rng.integers(5, 12)), strength=1.0)


def _some(weights: WeightList, rng: np.random.Generator, *, count: int, strength: float) -> None:
    """Random shapes, some of the paired ones on one side alone."""
    for name in rng.choice([*PAIRED, *MIDDLE], size=count, replace=False):
        amount = strength * rng.beta(1.3, 1.6)
        if name in PAIRED and rng.random() < 0.25:
            weights.add(str(name) + str(rng.choice(["Left", "Right"])), amount)
        else:
            weights.any(str(name), amount)


_KIND_SHAPES: dict[str, Callable[[WeightList, np.random.Generator], None]] = {
    "rest": _rest, "mild": _mild, "smile": _smile, "talk": _talk, "open": _open, "brows": _brows,
    "pout": _pout, "sparse": _sparse, "wild": _wild,
}  # fmt: skip


def _tongue(weights: WeightList, rng: np.random.Generator) -> None:
    """Sometimes the tongue comes out, through lips that are apart."""
    if "tongueOut" in weights and rng.random() < TONGUE_SHARE:
        weights.add("tongueOut", 1 - 0.6 * rng.random())
        weights["jawOpen"] = max(weights["jawOpen"], rng.uniform(0.3, 0.6))
        for name in ("mouthPucker", "mouthRollUpper", "mouthRollLower", "mouthClose"):
            weights[name] *= 0.2


def _gaze(weights: WeightList, rng: np.random.Generator) -> np.ndarray:
    """Where the eyes look, with the eyeLook shapes that go with it."""
    gaze = np.zeros(2)
    if rng.random() < 0.7:
        gaze = rng.normal(0, [0.24, 0.14])
    gaze = np.clip(gaze, [-0.6, -0.4], [0.6, 0.4])
    weights.add("eyeLookOutLeft", max(0.0, gaze[0]) / FULL_LOOK_RAD)
    weights.add("eyeLookInRight", max(0.0, gaze[0]) / FULL_LOOK_RAD)
    weights.add("eyeLookInLeft", max(0.0, -gaze[0]) / FULL_LOOK_RAD)
    weights.add("eyeLookOutRight", max(0.0, -gaze[0]) / FULL_LOOK_RAD)
    for side in ("Left", "Right"):
        weights.add("eyeLookUp" + side, max(0.0, gaze[1]) / FULL_LOOK_RAD)
        weights.add("eyeLookDown" + side, max(0.0, -gaze[1]) / FULL_LOOK_RAD)
    return gaze


def _lids(weights: WeightList, rng: np.random.Generator, *, calm: bool) -> None:
    """Open, as open as a person's lids are; or shut, half shut, winking."""
    lids = 1.0 if calm else rng.random()
    if lids < SHUT_SHARE:
        weights.both("eyeBlink", 1.0, 0.0)
    elif lids < SHUT_SHARE + HALF_SHUT_SHARE:
        weights.both("eyeBlink", rng.uniform(0.25, 0.95), 0.04)
    elif lids < SHUT_SHARE + HALF_SHUT_SHARE + WINK_SHARE:
        weights.add("eyeBlink" + str(rng.choice(["Left", "Right"])), 1.0)
        weights.both("eyeSquint", 0.6 * rng.random())
    else:
        weights.both("eyeBlink", 0.28 * rng.random() ** 1.5, 0.05)
    for side in ("Left", "Right"):  # a closed eye neither widens nor squints further
        closed = min(weights["eyeBlink" + side], 1.0)
        for stem in ("eyeWide", "eyeSquint", "eyeLookDown"):
            weights[stem + side] *= 1 - closed


def eye_joints(
    head: Head,
    expression: Float[np.ndarray, " expression"],
    gaze: Float[np.ndarray, " 2"],
    *,
    vergence_rad: float = 0.0,
) -> Float[np.ndarray, "2 3"]:
    """Rotation vectors of the left and the right eye joint that make the eyes look where they should.

    Args:
        expression: weights whose eyeLook shapes may turn the eyeballs already: joints do the rest.
        gaze: yaw to the subject's left and pitch up, radians; vergence_rad: each eye's turn to the other.
    """
    turns = np.tile([-gaze[1], gaze[0], 0.0], (2, 1))
    turns[:, 1] += [-vergence_rad, vergence_rad]
    return turns - shape_turns(expression, head.expression_names) if head.shapes_turn_eyes else turns
