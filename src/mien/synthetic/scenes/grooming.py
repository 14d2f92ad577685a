"""How random people wear their hair and beards: styles, lengths and colours that go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.synthetic.scenes.clothing import as_color
from mien.synthetic.scenes.renderer import Color

HAIR_COLORS = {
    "black": (0.007, 0.006, 0.006), "dark brown": (0.018, 0.012, 0.009), "brown": (0.045, 0.028, 0.018),
    "light brown": (0.10, 0.064, 0.038), "dark blond": (0.18, 0.125, 0.075), "blond": (0.33, 0.24, 0.14),
    "red": (0.14, 0.050, 0.020), "grey": (0.17, 0.165, 0.16), "white": (0.46, 0.45, 0.43),
}  # fmt: skip
"""Linear albedos."""
YOUNG_LIGHT = (0.10, 0.24, 0.22, 0.14, 0.10, 0.10, 0.06, 0.03, 0.01)
YOUNG_DARK = (0.62, 0.25, 0.05, 0.01, 0.01, 0.01, 0.01, 0.03, 0.01)
OLD = (0.05, 0.08, 0.07, 0.04, 0.05, 0.05, 0.01, 0.40, 0.25)
"""How often each colour is seen."""
WOMEN = {
    "long01": 0.38, "bob01": 0.02, "bob02": 0.03, "braid01": 0.03, "ponytail01": 0.24, "afro01": 0.07,
    "short01": 0.03, "short02": 0.06, "short03": 0.015, "short04": 0.03, "fur": 0.08, "": 0.015,
}  # fmt: skip
MEN = {
    "long01": 0.04, "bob01": 0.005, "bob02": 0.005, "braid01": 0.005, "ponytail01": 0.02, "afro01": 0.04,
    "short01": 0.09, "short02": 0.09, "short03": 0.015, "short04": 0.08, "fur": 0.51, "": 0.10,
}  # fmt: skip
"""Styles and how often each is worn: names of hair garments, "fur" for short hair drawn in shells, none.
Those that hang over an eye are rare."""
FRINGED = ("long01", "ponytail01", "braid01")
"""Styles that are sometimes worn with a fringe."""
BEARDS = {"none": 0.50, "stubble": 0.26, "short": 0.11, "full": 0.04, "moustache": 0.04, "goatee": 0.05}
EVERYWHERE = (9.0, -9.0)
BEARD_BOXES = {"moustache": (0.165, 0.225), "goatee": (0.14, -9.0)}
"""Half the width and the lower edge of where a beard grows, in the face's chart."""


@dataclass(frozen=True)
class Fur:
    """Short hair or a beard, drawn in shells over the skin.

    Attributes:
        length_m, side: how long it is on top, and the share of that at the sides.
        layers: how many shells; density: how well the outermost covers, about 1.
        comb: how far hair lies flat, towards the front where positive.
        growth: see the shader's FUR.
        color, tip: of roots and tips.
    """

    length_m: float
    side: float
    layers: int
    density: float
    comb: float
    growth: tuple[float, float, float, float]
    color: Color
    tip: Color


@dataclass(frozen=True)
class Grooming:
    """Hair of one person.

    Attributes:
        color, tip: linear albedos at the roots and the tips.
        style: name of a hair garment, or None; mirrored: with left and right exchanged.
        fur: short hair, or None; roots: how much of its colour a scalp has, 0 … 1.
        beard: how dense, 0 none … 1.6; beard_box: where it grows; beard_fur: its shells, or None.
    """

    color: Color
    tip: Color
    style: str | None
    mirrored: bool
    fur: Fur | None
    roots: float
    beard: float
    beard_box: tuple[float, float]
    beard_fur: Fur | None
    beard_color: Color


def random_grooming(
    rng: np.random.Generator, *, male: bool, old: bool, dark: bool, styles: dict[str, float] | None = None
) -> Grooming:
    """Hair and beard of a random person.

    Args:
        styles: other shares than those of women and men.
    """
    shares = np.array(OLD if old and rng.random() < 0.75 else YOUNG_DARK if dark else YOUNG_LIGHT)
    base = np.array(list(HAIR_COLORS.values())[rng.choice(len(shares), p=shares / shares.sum())])
    color = base * np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.04, 3))
    tip = np.clip(color * rng.uniform(0.9, 1.9), 0, 0.6)
    chosen = styles or (MEN if male else WOMEN)
    weights = np.array(list(chosen.values()))
    style = str(rng.choice(list(chosen), p=weights / weights.sum()))
    fur, roots = None, float(rng.uniform(0.7, 0.95))
    if style == "fur":
        fur = _short_hair(rng, as_color(color), as_color(tip), male=male, old=old, dark=dark)
    elif style in FRINGED and rng.random() < 0.35:
        fur = _fringe(rng, as_color(color), as_color(tip))
    elif not style:
        roots = float(rng.uniform(0, 0.55))
    kind = str(rng.choice(list(BEARDS), p=list(BEARDS.values())))
    if not male:
        kind = "none"
    beard_base = np.clip(
        color * rng.uniform(0.6, 1.2) + (0.10 if old and rng.random() < 0.4 else 0.0), 0, 0.5
    )
    beard = {
        "none": float(rng.uniform(0, 0.12) * male),
        "stubble": float(rng.uniform(0.2, 0.55)),
        "short": float(rng.uniform(0.45, 0.85)),
        "full": float(rng.uniform(0.85, 1.3)),
        "moustache": float(rng.uniform(0.6, 1.1)),
        "goatee": float(rng.uniform(0.5, 1.1)),
    }[kind]
    beard_fur = None
    if kind in ("short", "full", "moustache", "goatee"):
        longest = {"short": 0.004, "full": 0.010, "moustache": 0.002, "goatee": 0.006}[kind]
        beard_fur = Fur(
            float(rng.uniform(0.4, 1.0)) * longest,
            1.0,
            3 if kind == "full" else 2,
            float(rng.uniform(0.6, 0.95)),
            float(rng.uniform(0.2, 0.7)),
            (1.15, float(rng.uniform(0.18, 0.34)), 0.0, float(rng.uniform(0.1, 0.45))),
            as_color(beard_base),
            as_color(np.clip(beard_base * 1.5, 0, 0.6)),
        )
    return Grooming(
        color=as_color(color),
        tip=as_color(tip),
        style=style if style not in ("", "fur") else None,
        mirrored=bool(rng.random() < 0.5),
        fur=fur,
        roots=roots,
        beard=beard,
        beard_box=BEARD_BOXES.get(kind, EVERYWHERE),
        beard_fur=beard_fur,
        beard_color=as_color(beard_base),
    )


def _fringe(rng: np.random.Generator, color: Color, tip: Color) -> Fur:
    """Hair that falls over the forehead, under a longer style."""
    growth = (float(rng.uniform(1.5, 2.4)), 0.0, 0.0, 1.0)
    return Fur(
        float(rng.uniform(0.014, 0.034)), 0.5, 5, 1.0, float(rng.uniform(0.9, 1.7)), growth, color, tip
    )


def _short_hair(
    rng: np.random.Generator, color: Color, tip: Color, *, male: bool, old: bool, dark: bool
) -> Fur:
    kind = rng.choice(3, p=[0.3, 0.4, 0.3] if male else [0.1, 0.3, 0.6])
    curly = bool(rng.random() < (0.85 if dark else 0.2))
    longest = (0.004, 0.014, 0.040 if curly else 0.030)[kind]
    length_m = float(rng.uniform(0.35, 1.0)) * longest
    balding = float(rng.uniform(0.3, 1.3)) if male and rng.random() < (0.45 if old else 0.10) else 0.0
    recede = float(abs(rng.normal(0, 0.12))) + 0.2 * min(balding, 1.0)
    combed = rng.uniform(0.0, 0.25) if curly else rng.uniform(0.55, 1.0)
    return Fur(
        length_m,
        float(rng.uniform(0.25, 1.0)),
        (2, 4, 6)[kind],
        1.0,
        0.0 if curly else float(rng.choice([-0.5, 0.5, 1.0, 1.6]) * rng.uniform(0.5, 1.1)),
        (float(rng.uniform(1.3, 2.4)), recede, balding, float(combed)),
        color,
        tip,
    )
