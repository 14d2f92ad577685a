"""Plausible random expressions and gaze."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.heads.gaze import FULL_LOOK_RAD, shape_turns
from mien.heads.model import Head

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
KINDS = {"rest": 0.16, "smile": 0.20, "talk": 0.22, "open": 0.10, "brows": 0.06, "sparse": 0.16, "wild": 0.10}
"""Kinds of expressions and how often each is drawn."""


def random_expression(head: Head, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One expression.

    Returns:
        weights (E,) of the head's shapes in [0, 1], and gaze (2,): yaw to the subject's left and pitch up,
        radians, both eyes alike. The eyeLook shapes follow the gaze as far as lids and weights allow; see
        `eye_joints`.
    """
    place = {name: i for i, name in enumerate(head.expression_names)}
    weights = np.zeros(len(place))

    def both(stem: str, amount: float, spread: float = 0.12) -> None:
        for side in ("Left", "Right"):
            weights[place[stem + side]] += amount * (1 + rng.normal(0, spread))

    def add(name: str, amount: float) -> None:
        weights[place[name]] += amount

    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "smile":
        amount = rng.beta(2, 1.6)
        both("mouthSmile", amount)
        both("cheekSquint", 0.6 * amount * rng.random())
        both("mouthUpperUp", 0.5 * amount * rng.random())
        both("mouthDimple", 0.4 * rng.random())
        add("jawOpen", 0.45 * rng.random() ** 2)
        both("mouthLowerDown", 0.5 * rng.random() ** 2)
    elif kind == "talk":
        add("jawOpen", rng.beta(1.2, 2.6))
        for name in ("mouthFunnel", "mouthPucker", "mouthRollLower", "mouthShrugUpper", "mouthShrugLower"):
            if rng.random() < 0.3:
                add(name, rng.beta(1.2, 2.2))
        both("mouthLowerDown", 0.6 * rng.random() ** 2)
        both("mouthUpperUp", 0.5 * rng.random() ** 2)
        both("mouthSmile", 0.4 * rng.random() ** 2)
        both("mouthStretch", 0.4 * rng.random() ** 2)
    elif kind == "open":  # shouts, yawns, laughter, teeth shown
        add("jawOpen", 0.35 + 0.65 * rng.random())
        both("mouthLowerDown", 0.9 * rng.random(), 0.25)
        both("mouthUpperUp", 0.8 * rng.random(), 0.25)
        both("mouthSmile", 0.7 * rng.random() * (rng.random() < 0.5), 0.25)
        both("mouthStretch", 0.6 * rng.random() ** 2)
        add("mouthFunnel", 0.7 * rng.random() * (rng.random() < 0.3))
    elif kind == "brows":
        add("browInnerUp", rng.random())
        both("browOuterUp", rng.random())
        both("eyeWide", rng.random() ** 2)
    elif kind in ("sparse", "wild"):
        count = rng.integers(2, 6) if kind == "sparse" else rng.integers(5, 12)
        strength = 0.8 if kind == "sparse" else 1.0
        for name in rng.choice([*PAIRED, *MIDDLE], size=count, replace=False):
            amount = strength * rng.beta(1.3, 1.6)
            if name in PAIRED:
                if rng.random() < 0.2:
                    add(str(name) + str(rng.choice(["Left", "Right"])), amount)
                else:
                    both(str(name), amount)
            else:
                add(str(name), amount)
    if kind != "brows":
        both("browDown", 0.5 * rng.random() ** 3)
        add("browInnerUp", 0.5 * rng.random() ** 3)
    both("eyeSquint", 0.5 * rng.random() ** 2)
    add("mouthPressLeft", 0.2 * rng.random() ** 3)
    weights[place["mouthClose"]] = 0.0 if rng.random() < 0.85 else weights[place["jawOpen"]] * rng.random()

    gaze = np.zeros(2)
    if rng.random() < 0.7:
        gaze = rng.normal(0, [0.22, 0.12])
    gaze = np.clip(gaze, [-0.6, -0.4], [0.6, 0.4])
    add("eyeLookOutLeft", max(0.0, gaze[0]) / FULL_LOOK_RAD)
    add("eyeLookInRight", max(0.0, gaze[0]) / FULL_LOOK_RAD)
    add("eyeLookInLeft", max(0.0, -gaze[0]) / FULL_LOOK_RAD)
    add("eyeLookOutRight", max(0.0, -gaze[0]) / FULL_LOOK_RAD)
    for side in ("Left", "Right"):
        add("eyeLookUp" + side, max(0.0, gaze[1]) / FULL_LOOK_RAD)
        add("eyeLookDown" + side, max(0.0, -gaze[1]) / FULL_LOOK_RAD)
    if rng.random() < 0.25:  # one half of the face more than the other
        gain = rng.uniform(0.15, 0.8)
        side = str(rng.choice(["Left", "Right"]))
        for stem in (
            "mouthSmile",
            "mouthDimple",
            "mouthUpperUp",
            "mouthLowerDown",
            "browOuterUp",
            "browDown",
        ):
            weights[place[stem + side]] *= gain
    lids = rng.random()
    if lids < 0.07:
        both("eyeBlink", 1.0, 0.0)
    elif lids < 0.32:  # anywhere between open and closed
        both("eyeBlink", rng.random(), 0.04)
    elif lids < 0.36:
        add("eyeBlink" + str(rng.choice(["Left", "Right"])), 1.0)
        both("eyeSquint", 0.5 * rng.random())
    else:
        both("eyeBlink", 0.25 * rng.random(), 0.05)
    for side in ("Left", "Right"):  # a closed eye neither widens nor squints further
        closed = min(weights[place["eyeBlink" + side]], 1.0)
        for stem in ("eyeWide", "eyeSquint", "eyeLookDown"):
            weights[place[stem + side]] *= 1 - closed
    return np.clip(weights, 0.0, 1.0), gaze


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
