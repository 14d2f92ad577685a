"""What is worn below the chin: layers over the shoulders, each cut by a neckline, and collars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mien.synthetic.scenes.renderer import Color, Settings

OUTFITS = {
    "bare": 0.05, "t-shirt": 0.20, "v-neck": 0.10, "polo neck": 0.06, "open shirt": 0.12, "shirt": 0.07,
    "suit": 0.26, "jacket": 0.07, "hoodie": 0.07,
}  # fmt: skip
"""Outfits and how often each is worn."""
SCARF_SHARE = 0.04
WHOLE = (9.0, 0.0, 0.0, 9.0)
"""A cut that leaves everything."""
NO_FITTINGS = (0.0, 0.0, 0.0, 0.0)
BEHIND_M = -0.112
"""How high clothes reach behind the neck, at rest."""


@dataclass(frozen=True)
class Cloth:
    """Colours and pattern of a piece of clothing (see the shader's GARMENT)."""

    color: Color
    second: Color
    weave: tuple[float, float, float, float]


@dataclass(frozen=True)
class Layer:
    """A piece of clothing.

    Attributes:
        key: "layer 0" or "layer 1" (over the shoulders), or the name of a collar.
        puff_m: how far it stands off; cut, fittings, tie: see the shader's GARMENT.
    """

    key: str
    cloth: Cloth
    puff_m: float
    cut: tuple[float, float, float, float] = WHOLE
    fittings: tuple[float, float, float, float] = NO_FITTINGS
    tie: Color = (0.0, 0.0, 0.0)

    def details(self) -> dict[str, Any]:
        """Numbers of the material, by the names of the shader's uniforms."""
        return {"cut": self.cut, "weave": self.cloth.weave, "fittings": self.fittings, "tie_color": self.tie}


def as_color(values: np.ndarray) -> Color:
    """An array of three numbers as plain floats."""
    red, green, blue = (float(v) for v in values)
    return red, green, blue


def random_cloth_colors(rng: np.random.Generator) -> tuple[Color, Color]:
    """A cloth's colour and that of its stripes."""
    # Black, white, grey, blue and beige are worn far more often than anything bright.
    base = rng.random(3) ** 2 * np.exp(rng.uniform(np.log(0.03), np.log(0.75)))
    grey = base.mean()
    base = grey + (base - grey) * rng.uniform(0, 1) ** 2.5 * (0.5 if rng.random() < 0.7 else 1.0)
    other = np.clip(base * rng.uniform(0.3, 2.0), 0, 1)
    return as_color(base), as_color(other)


def random_stripes(rng: np.random.Generator) -> Settings:
    """The settings of a covering's cloth: stripes a metre (0 for plain cloth) and their direction."""
    striped = rng.random() < 0.25
    return (float(rng.uniform(20, 120)) if striped else 0.0, float(rng.random()), 0.0, 0.0)


def _casual(rng: np.random.Generator) -> Cloth:
    kind = float(rng.choice(5, p=[0.62, 0.08, 0.14, 0.08, 0.08]))
    weave = (kind, float(rng.uniform(25, 90)), float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.001, 0.004)))
    return Cloth(*random_cloth_colors(rng), weave)


def _shirt_cloth(rng: np.random.Generator) -> Cloth:
    """White, light blue or another light colour, sometimes with fine stripes."""
    base = np.array([[0.62, 0.62, 0.62], [0.36, 0.45, 0.60], [0.58, 0.50, 0.50], [0.08, 0.10, 0.15]])
    color = base[rng.choice(4, p=[0.5, 0.25, 0.1, 0.15])] * rng.uniform(0.75, 1.1)
    kind = float(rng.choice([0, 1, 3], p=[0.7, 0.2, 0.1]))
    weave = (kind, float(rng.uniform(80, 160)), 0.35, float(rng.uniform(0.001, 0.003)))
    return Cloth(as_color(color), as_color(color * rng.uniform(0.4, 0.9)), weave)


def _suit_cloth(rng: np.random.Generator) -> Cloth:
    """Black, navy, grey or brown."""
    base = np.array([[0.012, 0.012, 0.014], [0.015, 0.02, 0.05], [0.09, 0.09, 0.095], [0.07, 0.045, 0.03]])
    color = base[rng.choice(4, p=[0.4, 0.28, 0.22, 0.10])] * rng.uniform(0.6, 1.8)
    kind = 1.0 if rng.random() < 0.15 else 0.0
    return Cloth(as_color(color), as_color(color * 2), (kind, float(rng.uniform(60, 110)), 0.12, 0.002))


def random_outfit(rng: np.random.Generator) -> tuple[str, list[Layer]]:
    """What somebody wears, from the inside out; and its name."""
    name = str(rng.choice(list(OUTFITS), p=list(OUTFITS.values())))
    layers: list[Layer] = []
    puff = float(rng.uniform(0.004, 0.008))
    if name in ("t-shirt", "hoodie", "jacket"):
        depth = float(rng.uniform(0.155, 0.195))
        cut = (-depth, 0.1, float(rng.uniform(4, 9)), BEHIND_M - 0.008)
        layers.append(Layer("layer 0", _casual(rng), puff, cut))
    elif name == "v-neck":
        cut = (-float(rng.uniform(0.20, 0.27)), float(rng.uniform(1.0, 1.8)), 0.0, BEHIND_M - 0.008)
        layers.append(Layer("layer 0", _casual(rng), puff, cut))
    elif name == "polo neck":
        layers.append(Layer("layer 0", _casual(rng), puff, (-0.128, 0.0, 0.0, -0.108)))
        layers.append(replace(layers[0], key="polo neck", puff_m=float(rng.uniform(0, 0.003)), cut=WHOLE))
    elif name in ("open shirt", "shirt", "suit"):
        layers += _shirt(name, puff, rng)
    if name in ("suit", "jacket"):
        cloth = _suit_cloth(rng) if name == "suit" or rng.random() < 0.5 else _casual(rng)
        slope = float(rng.uniform(1.6, 2.6))
        cut = (-0.155 - slope * float(rng.uniform(0.055, 0.075)), slope, 0.0, BEHIND_M)
        fittings = (float(rng.uniform(0.035, 0.06)), 0.0, 0.0, 0.0)
        layers.append(Layer("layer 1", cloth, puff + float(rng.uniform(0.006, 0.010)), cut, fittings))
        layers.append(Layer("jacket collar", cloth, 0.002))
    if name == "hoodie":
        cloth = _casual(rng)
        cut = (-float(rng.uniform(0.19, 0.30)), float(rng.uniform(0.8, 2.0)), 0.0, BEHIND_M)
        layers.append(Layer("layer 1", cloth, puff + float(rng.uniform(0.006, 0.014)), cut))
        layers.append(Layer("hood", cloth, 0.0))
    if rng.random() < SCARF_SHARE:
        layers.append(Layer("neck scarf", _casual(rng), float(rng.uniform(-0.004, 0.006))))
    return name, layers


def _shirt(name: str, puff: float, rng: np.random.Generator) -> list[Layer]:
    cloth = _shirt_cloth(rng) if name != "open shirt" or rng.random() < 0.6 else _casual(rng)
    tie = name == "shirt" or (name == "suit" and rng.random() < 0.7)
    if tie:
        cut, collar = (-0.120, 0.3, 0.0, BEHIND_M), "shirt collar"
    else:
        depth, slope = float(rng.uniform(0.18, 0.24)), float(rng.uniform(1.2, 2.0))
        cut, collar = (-depth, slope, 0.0, BEHIND_M), "open collar"
    knot = (float(rng.uniform(0.032, 0.045)), -0.122) if tie else (0.0, 0.0)
    color = rng.random(3) ** 2 * rng.uniform(0.05, 0.35)
    color = as_color(color.mean() + (color - color.mean()) * rng.uniform(0.2, 1))
    return [
        Layer("layer 0", cloth, puff, cut, (0.0, *knot, float(not tie)), color),
        Layer(collar, cloth, 0.001),
    ]


def below_hem(uv: np.ndarray, extra: np.ndarray, cut: tuple[float, ...]) -> np.ndarray:
    """(P,) metres under a neckline, as the shader's `below_hem`; covered where positive.

    Args:
        uv: (P, 2) places at rest, x and y; extra: (P, 2), the second column z at rest.
    """
    x = np.abs(uv[:, 0])
    t = np.clip((extra[:, 1] + 0.03) / 0.05, 0, 1)
    front = t * t * (3 - 2 * t)
    line = np.minimum(cut[0] + cut[1] * x + cut[2] * x * x, cut[3])
    return cut[3] + (line - cut[3]) * front - uv[:, 1]
