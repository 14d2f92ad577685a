"""Things that are no heads, to measure with: none is drawn while networks are trained."""

from __future__ import annotations

import numpy as np

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.synthetic.negatives.solids import Part, Solid

WOOD, CLAY, STEEL, LEAF = (0.55, 0.38, 0.22), (0.72, 0.42, 0.3), (0.62, 0.64, 0.68), (0.2, 0.42, 0.16)
FUR, CREAM, RED, SKIN = (0.45, 0.3, 0.18), (0.9, 0.86, 0.74), (0.7, 0.12, 0.1), (0.8, 0.6, 0.5)


def _leaning(x: float, y: float, z: float) -> np.ndarray:
    return matrix_from_rotation_vector(np.array([x, y, z]))


def _chair() -> Solid:
    leg, seat = (0.011, 0.06, 0.011), Part("brick", (0.075, 0.01, 0.07), (0, -0.01, 0), color=WOOD)
    back = Part("brick", (0.075, 0.08, 0.009), (0, 0.075, -0.062), color=CLAY, stripes_per_m=(40, 0, 0))
    legs = [Part("brick", leg, (0.062, -0.075, z), color=WOOD) for z in (-0.058, 0.058)]
    return Solid((seat, back, *legs), symmetric=True)


def _table() -> Solid:
    legs = [Part("cylinder", (0.012, 0.06, 0), (0.1, -0.06, z), color=WOOD) for z in (-0.07, 0.07)]
    return Solid(
        (Part("brick", (0.13, 0.012, 0.1), color=WOOD, stripes_per_m=(0, 0, 30)), *legs), symmetric=True
    )


def _teddy() -> Solid:
    """Head and body of a toy without a face."""
    return Solid(
        (
            Part("ellipsoid", (0.065, 0.06, 0.06), (0, 0.07, 0), color=FUR),
            Part("ellipsoid", (0.024, 0.024, 0.015), (0.055, 0.125, 0), color=FUR),
            Part("ellipsoid", (0.028, 0.024, 0.03), (0, 0.055, 0.05), color=CREAM),
            Part("ellipsoid", (0.075, 0.085, 0.065), (0, -0.06, 0), color=FUR),
            Part("ellipsoid", (0.026, 0.055, 0.028), (0.085, -0.03, 0.02), _leaning(0, 0, 0.6), FUR),
        ),
        symmetric=True,
    )


def _jug() -> Solid:
    handle = Part("ring", (0.05, 0.011, 0), (0.085, 0.01, 0), _leaning(np.pi / 2, 0, 0), RED)
    return Solid((Part("cup", (0.08, 0.1, 0.009), color=CREAM, stripes_per_m=(0, 12, 0)), handle))


def _bottle() -> Solid:
    return Solid(
        (
            Part("cylinder", (0.05, 0.09, 0), (0, -0.05, 0), color=LEAF),
            Part("cone", (0.05, 0.025, 0.018), (0, 0.064, 0), color=LEAF),
            Part("cylinder", (0.018, 0.035, 0), (0, 0.12, 0), color=LEAF),
            Part("cylinder", (0.052, 0.035, 0), (0, -0.05, 0), color=CREAM),
        )
    )


def _plant() -> Solid:
    leaves = [
        Part(
            "ellipsoid",
            (0.02, 0.06, 0.008),
            (0.04 * float(np.sin(a)), 0.08, 0.04 * float(np.cos(a))),
            _leaning(0.6 * float(np.cos(a)), 0, -0.6 * float(np.sin(a))),
            LEAF,
        )
        for a in np.arange(7) * 2 * np.pi / 7
    ]
    pot = Part("cone", (0.045, 0.05, 0.065), (0, -0.05, 0), color=CLAY)
    return Solid((pot, Part("cylinder", (0.025, 0.045, 0), (0, 0.03, 0), color=LEAF), *leaves))


def _hand() -> Solid:
    """A palm with five fingers."""
    fingers = [
        Part(
            "ellipsoid",
            (0.011, 0.05, 0.011),
            (-0.036 + 0.024 * k, 0.08, 0),
            _leaning(0, 0, 0.12 - 0.08 * k),
            SKIN,
        )
        for k in range(4)
    ]
    thumb = Part("ellipsoid", (0.013, 0.042, 0.013), (-0.062, 0.0, 0.01), _leaning(0, 0, 0.7), SKIN)
    return Solid((Part("ellipsoid", (0.05, 0.06, 0.02), color=SKIN), *fingers, thumb))


def _car() -> Solid:
    turned = _leaning(0, 0, np.pi / 2)
    wheels = [
        Part("cylinder", (0.028, 0.012, 0), (0.062, -0.045, z), turned, (0.1, 0.1, 0.1))
        for z in (-0.07, 0.07)
    ]
    body = Part("brick", (0.06, 0.028, 0.125), (0, -0.015, 0), color=RED)
    return Solid(
        (body, Part("brick", (0.052, 0.024, 0.06), (0, 0.035, -0.01), color=STEEL), *wheels), symmetric=True
    )


def _lamp() -> Solid:
    return Solid(
        (
            Part("cone", (0.085, 0.05, 0.05), (0, 0.09, 0), color=CREAM),
            Part("cylinder", (0.012, 0.09, 0), (0, -0.02, 0), color=STEEL),
            Part("cylinder", (0.06, 0.01, 0), (0, -0.11, 0), color=STEEL),
        )
    )


def _shoe() -> Solid:
    return Solid(
        (
            Part("ellipsoid", (0.045, 0.035, 0.12), (0, -0.03, 0.02), color=FUR),
            Part("cup", (0.042, 0.06, 0.008), (0, 0.01, -0.05), color=FUR),
            Part("brick", (0.045, 0.01, 0.125), (0, -0.062, 0.015), color=(0.1, 0.1, 0.1)),
        )
    )


def _duck() -> Solid:
    """A toy: two balls and a beak."""
    yellow = (0.9, 0.75, 0.15)
    return Solid(
        (
            Part("ellipsoid", (0.075, 0.06, 0.1), (0, -0.04, 0), color=yellow),
            Part("ellipsoid", (0.05, 0.05, 0.05), (0, 0.05, 0.06), color=yellow),
            Part("ellipsoid", (0.025, 0.008, 0.03), (0, 0.045, 0.115), color=RED),
        )
    )


def _mushroom() -> Solid:
    stem = Part("cone", (0.04, 0.07, 0.03), (0, -0.05, 0), color=CREAM)
    return Solid(
        (stem, Part("ellipsoid", (0.11, 0.06, 0.11), (0, 0.04, 0), color=RED, stripes_per_m=(20, 0, 20)))
    )


def things() -> dict[str, Solid]:
    """By name: simple bodies and things put together of them, about as large as a head."""
    return {
        "ball": Solid((Part("ellipsoid", (0.1, 0.1, 0.1), color=RED, stripes_per_m=(10, 0, 0)),)),
        "egg": Solid((Part("ellipsoid", (0.08, 0.11, 0.09), color=SKIN),)),
        "cube": Solid((Part("brick", (0.09, 0.09, 0.09), color=STEEL, stripes_per_m=(15, 15, 15)),)),
        "cone": Solid((Part("cone", (0.1, 0.12, 0.001), color=CLAY),)),
        "pillar": Solid((Part("cylinder", (0.07, 0.13, 0), color=CREAM, stripes_per_m=(0, 8, 0)),)),
        "ring": Solid((Part("ring", (0.09, 0.035, 0), color=CLAY),)),
        "rock": Solid((Part("ellipsoid", (0.11, 0.08, 0.09), color=STEEL),), bump_m=0.008, bump_per_m=11.0),
        "bowl": Solid((Part("cup", (0.12, 0.05, 0.012), color=CLAY),)),
        "chair": _chair(),
        "table": _table(),
        "teddy": _teddy(),
        "jug": _jug(),
        "bottle": _bottle(),
        "plant": _plant(),
        "hand": _hand(),
        "car": _car(),
        "lamp": _lamp(),
        "shoe": _shoe(),
        "duck": _duck(),
        "mushroom": _mushroom(),
    }
