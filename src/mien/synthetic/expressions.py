"""The 20 basic expressions (FaceScape's names) as ARKit weights, and 110 made of them and of mixtures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.heads.model import Head

BASIC: dict[str, dict[str, float]] = {
    "neutral": {},
    "smile": {"mouthSmile": 1.0, "cheekSquint": 0.5},
    "mouth_stretch": {"jawOpen": 1.0, "mouthStretch": 0.6},
    "anger": {"browDown": 1.0, "eyeSquint": 0.5, "noseSneer": 0.7, "mouthPress": 0.5},
    "jaw_left": {"jawLeft": 1.0, "jawOpen": 0.1},
    "jaw_right": {"jawRight": 1.0, "jawOpen": 0.1},
    "jaw_forward": {"jawForward": 1.0},
    "mouth_left": {"mouthLeft": 1.0},
    "mouth_right": {"mouthRight": 1.0},
    "dimpler": {"mouthDimple": 1.0},
    "chin_raiser": {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.5},
    "lip_puckerer": {"mouthPucker": 1.0},
    "lip_funneler": {"mouthFunnel": 1.0, "jawOpen": 0.15},
    "sadness": {"mouthFrown": 1.0, "browInnerUp": 0.8, "eyeSquint": 0.3},
    "lip_roll": {"mouthRollUpper": 1.0, "mouthRollLower": 1.0},
    "grin": {"mouthSmile": 1.0, "mouthUpperUp": 0.6, "mouthLowerDown": 0.5},
    "cheek_blowing": {"cheekPuff": 1.0, "mouthPress": 0.3},
    "eye_closed": {"eyeBlink": 1.0},
    "brow_raiser": {"browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 0.4},
    "brow_lower": {"browDown": 1.0, "eyeSquint": 0.2},
}
"""Weights by ARKit name; a name without a side means both sides."""

EXAGGERATED: dict[str, dict[str, float]] = {
    "scream": {
        "jawOpen": 1.0,
        "mouthLowerDown": 0.7,
        "mouthUpperUp": 0.5,
        "browInnerUp": 0.6,
        "eyeWide": 0.8,
    },
    "yawn": {"jawOpen": 1.0, "eyeBlink": 0.9, "mouthFunnel": 0.3},
    "laugh": {"jawOpen": 0.6, "mouthSmile": 1.0, "cheekSquint": 1.0, "mouthUpperUp": 0.6},
    "surprise": {"jawOpen": 0.7, "browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 1.0},
    "roar": {"jawOpen": 0.9, "noseSneer": 1.0, "browDown": 1.0, "mouthUpperUp": 0.9},
    "kiss_open": {"mouthPucker": 0.8, "jawOpen": 0.5, "mouthFunnel": 0.6},
    "jaw_left_open": {"jawLeft": 1.0, "jawOpen": 0.8},
    "jaw_right_open": {"jawRight": 1.0, "jawOpen": 0.8},
    "fish": {"mouthPucker": 1.0, "mouthFunnel": 0.5, "cheekPuff": 0.0, "jawOpen": 0.25, "mouthSmile": 0.3},
    "wide_grin": {"mouthSmile": 1.0, "mouthStretch": 0.8, "mouthLowerDown": 0.8, "jawOpen": 0.35},
}
"""The ten exaggerated ones of the 110."""

EXPRESSION_COUNT = 110
_MIXTURE_SEED = 110


@dataclass(frozen=True)
class NamedExpression:
    """An expression of the list.

    Attributes:
        name; kind: "basic", "exaggerated", "lopsided" or "mixed".
        weights: (E,) in [0, 1].
    """

    name: str
    kind: str
    weights: Float[np.ndarray, " expression"]


def expression_weights(head: Head, values: dict[str, float]) -> Float[np.ndarray, " expression"]:
    """(E,) weights from ARKit names; a name without a side sets both sides.

    Raises:
        InputError: the head has no such shape.
    """
    place = {name: i for i, name in enumerate(head.expression_names)}
    weights = np.zeros(len(place))
    for name, value in values.items():
        sided = [n for n in (name, name + "Left", name + "Right") if n in place]
        if not sided:
            raise InputError(f"the head has no shape {name!r}", source="expression")
        for one in sided:
            weights[place[one]] = value
    return weights


def basic_expressions(head: Head) -> list[NamedExpression]:
    """The 20 basic expressions."""
    return [
        NamedExpression(name, "basic", expression_weights(head, values)) for name, values in BASIC.items()
    ]


def all_expressions(head: Head) -> list[NamedExpression]:
    """The 110: 20 basic, 10 exaggerated, 10 lopsided, 70 convex mixtures of two to four ARKit shapes and
    basic ones.

    The same list always (FLNeRF interpolates 52 blendshapes to 110 expressions, which it does not list).
    """
    basic = basic_expressions(head)
    out = list(basic)
    out += [
        NamedExpression(name, "exaggerated", expression_weights(head, values))
        for name, values in EXAGGERATED.items()
    ]
    rng = np.random.default_rng(_MIXTURE_SEED)
    left = np.array([name.endswith("Left") for name in head.expression_names])
    right = np.array([name.endswith("Right") for name in head.expression_names])
    for index in range(10):
        sources = rng.choice(len(out), 2, replace=False)
        weights = np.clip(out[sources[0]].weights + 0.5 * out[sources[1]].weights, 0, 1)
        weights = np.where(left if index % 2 else right, weights * rng.uniform(0, 0.4), weights)
        out.append(NamedExpression(f"lopsided_{index:02d}", "lopsided", weights))
    while len(out) < EXPRESSION_COUNT:
        count = int(rng.integers(2, 5))
        shapes = [np.eye(head.expression_count)[i] for i in rng.choice(head.expression_count, count - 1)]
        shapes.append(basic[int(rng.integers(1, len(basic)))].weights)
        share = rng.dirichlet(np.ones(count))
        weights = np.clip(rng.uniform(1.0, 1.8) * np.tensordot(share, np.stack(shapes), axes=1), 0, 1)
        out.append(NamedExpression(f"mixed_{len(out):03d}", "mixed", weights))
    return out


def find_expression(head: Head, text: str) -> Float[np.ndarray, " expression"]:
    """Weights from a name of the 110, or from "jawOpen=0.5,mouthSmile=1".

    Raises:
        InputError: neither.
    """
    if "=" in text:
        try:
            values = {name.strip(): float(value) for name, value in (p.split("=") for p in text.split(","))}
        except ValueError as error:
            raise InputError(
                f"{text!r} is not a list of name=weight; write for example jawOpen=0.5,mouthSmile=1",
                source="expression",
            ) from error
        return expression_weights(head, values)
    for expression in all_expressions(head):
        if expression.name == text:
            return expression.weights
    raise InputError(
        f"there is no expression {text!r}; choose from {', '.join(BASIC)}, {', '.join(EXAGGERATED)}, or "
        "write weights such as jawOpen=0.5,mouthSmile=1",
        source="expression",
    )


@dataclass(frozen=True)
class PersonalStyle:
    """How one person makes expressions: they depend on the person, as real ones do.

    The head's expressions add the same displacements to nearly everybody. Here they are scaled by the
    person's own mouth, eyes and brows, and by how strongly and how evenly the person moves; not those that
    are a person's own already, nor turns of eyeballs.

    Attributes:
        gain: (E,) factor of each shape.
    """

    gain: Float[np.ndarray, " expression"]

    def apply(self, weights: Float[np.ndarray, " expression"]) -> Float[np.ndarray, " expression"]:
        """This person's version of an expression."""
        return np.clip(weights * self.gain, 0, 1.3)

    @staticmethod
    def of(head: Head, identity: np.ndarray, *, seed: int) -> PersonalStyle:
        """The style of an identity; `seed` decides strength and evenness."""
        ict68 = head.landmark_set("ict68").vertices
        mean_m = head.mean_m[ict68]
        own_m = mean_m + np.tensordot(identity, head.identity_basis_m[:, ict68], axes=1)

        def ratio(a: int, b: int) -> float:
            return float(np.linalg.norm(own_m[a] - own_m[b]) / np.linalg.norm(mean_m[a] - mean_m[b]))

        mouth, face = ratio(48, 54), ratio(27, 8)
        eyes = (ratio(37, 41) + ratio(38, 40) + ratio(43, 47) + ratio(44, 46)) / 4
        rng = np.random.default_rng([seed, 11])
        strength = np.clip(np.exp(rng.normal(0, 0.12)), 0.7, 1.3)
        evenness = rng.normal(0, 0.08)
        gain = np.ones(head.expression_count)
        own = {personal.shape for personal in head.personal_shapes}
        for i, name in enumerate(head.expression_names):
            if i in own or (head.shapes_turn_eyes and name.startswith("eyeLook")):
                continue
            local = eyes if name.startswith("eye") else face if name.startswith(("jaw", "brow")) else mouth
            side = evenness if name.endswith("Left") else -evenness if name.endswith("Right") else 0.0
            strong = 1.0 if name.startswith("eyeBlink") else strength * (1 + side)
            gain[i] = np.clip(local, 0.75, 1.3) * strong
        return PersonalStyle(gain)
