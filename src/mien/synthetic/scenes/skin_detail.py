"""What is written in a face: lines that come with age and expression, freckles, moles, make-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mien.heads.model import Head

LINE_DEPTH_M = 0.0009
AGES = {"young": (0.0, 0.25), "middleage": (0.2, 0.65), "old": (0.6, 1.0)}
"""How aged a face is, by the first word of its skin picture's name."""
LIPSTICKS = np.array(
    [[0.55, 0.05, 0.07], [0.60, 0.16, 0.16], [0.42, 0.10, 0.15], [0.30, 0.04, 0.07], [0.66, 0.28, 0.26]]
)
LID_COLORS = np.array(
    [[0.10, 0.07, 0.06], [0.22, 0.13, 0.09], [0.10, 0.13, 0.22], [0.12, 0.12, 0.13], [0.30, 0.17, 0.20]]
)
NO_MOLE = (-9.0, -9.0, 1.0)


@dataclass(frozen=True)
class Lines:
    """How deep one half of a face is wrinkled, 0 … about 1.5; in the order of the maps' channels.

    Attributes:
        lines: forehead's middle and side, between the brows, beside the eye.
        folds: nose to mouth, under the eye, above the lid, below the mouth's corner.
    """

    lines: tuple[float, float, float, float]
    folds: tuple[float, float, float, float]


@dataclass(frozen=True)
class Wrinkler:
    """How somebody wrinkles.

    Attributes:
        age: 0 smooth … 1; depth: of all lines, about 1; crease: of the fold above the lid.
    """

    age: float
    depth: float
    crease: float

    def lines(self, head: Head, expression: np.ndarray, side: str) -> Lines:
        """The lines of the "Left" or "Right" half of a face with an expression."""
        place = {name: i for i, name in enumerate(head.expression_names)}

        def on(stem: str) -> float:
            index = place.get(stem + side, place.get(stem))
            return 0.0 if index is None else float(np.clip(expression[index], 0, 1))

        still, moved = self.depth * self.age**1.5, self.depth * (0.55 + 0.45 * self.age)
        smile, cheek, blink = on("mouthSmile"), on("cheekSquint"), on("eyeBlink")
        lines = (
            0.40 * still + moved * (0.9 * on("browInnerUp") + 0.35 * on("browOuterUp")),
            0.35 * still + moved * (0.3 * on("browInnerUp") + 0.9 * on("browOuterUp")),
            0.40 * still + moved * (1.0 * on("browDown") + 0.3 * on("noseSneer") + 0.15 * on("eyeSquint")),
            0.50 * still + moved * (0.5 * cheek + 0.5 * smile + 0.4 * on("eyeSquint") + 0.2 * blink),
        )
        folds = (
            0.12 + 0.50 * still + moved * (0.7 * smile + 0.4 * on("noseSneer") + 0.3 * on("mouthUpperUp")),
            0.12 + 0.60 * still + moved * (0.4 * cheek + 0.3 * smile),
            self.crease * (1 - 0.7 * blink),
            0.08 + 0.45 * still + moved * (0.5 * on("mouthFrown") + 0.3 * on("mouthShrugLower")),
        )
        return Lines(_four(lines), _four(folds))


def _four(values: tuple[float, ...]) -> tuple[float, float, float, float]:
    a, b, c, d = (float(min(v, 1.5)) for v in values)
    return a, b, c, d


def random_skin_details(
    head: Head, expression: np.ndarray, skin_name: str, rng: np.random.Generator
) -> dict[str, Any]:
    """Numbers of the skin material for one face, by the names of the shader's uniforms."""
    low, high = AGES.get(skin_name.split("_")[0], (0.0, 1.0))
    wrinkler = Wrinkler(
        age=float(rng.uniform(low, high)),
        depth=float(np.exp(rng.normal(0, 0.35))),
        crease=float(rng.choice([0.1, 0.9], p=[0.2, 0.8]) * rng.uniform(0.5, 1.3)),
    )
    left, right = (wrinkler.lines(head, expression, side) for side in ("Left", "Right"))
    moles = [
        (*rng.uniform([0.2, 0.1], [0.8, 0.85]), rng.uniform(0.004, 0.009)) if rng.random() < 0.25 else NO_MOLE
        for _ in range(3)
    ]
    freckles = float(rng.uniform(0.3, 1.0)) if "light" in skin_name and rng.random() < 0.15 else 0.0
    return {
        "lines_left": left.lines,
        "lines_right": right.lines,
        "folds_left": left.folds,
        "folds_right": right.folds,
        "line_depth_m": LINE_DEPTH_M,
        "moles": moles,
        **_make_up(freckles, "female" in skin_name, rng),
    }


def _make_up(freckles: float, female: bool, rng: np.random.Generator) -> dict[str, Any]:
    worn = bool(rng.random() < (0.55 if female else 0.02))
    lipstick = LIPSTICKS[rng.integers(len(LIPSTICKS))] * rng.uniform(0.7, 1.4)
    lid = LID_COLORS[rng.integers(len(LID_COLORS))] * rng.uniform(0.6, 1.6)
    amounts = rng.random(4)
    lips, lids, blush, liner = amounts * worn * [0.75, 0.5 * (amounts[0] > 0.3), 0.6, 0.5]
    blush += rng.uniform(0.1, 0.7)  # cheeks and noses are redder than the rest
    gloss = rng.uniform(0.0, 0.7) if worn else rng.uniform(0.0, 0.25)
    return {
        "lip_paint": (*lipstick, lips),
        "lid_paint": (*lid, lids),
        "spots": (freckles, blush, liner, gloss),
    }
