"""Bodies of simple parts, coloured, given by signed distances: what is in a field that shows no head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.geometry.rotations import random_rotation

Points = Float[np.ndarray, "m 3"]
Values = Float[np.ndarray, " m"]


def _ellipsoid(points_m: Points, size_m: np.ndarray) -> Values:
    """Semi-axes; near enough to a distance close to the surface."""
    return (np.linalg.norm(points_m / size_m, axis=1) - 1) * size_m.min()


def _brick(points_m: Points, size_m: np.ndarray) -> Values:
    """Half sides."""
    outside = np.abs(points_m) - size_m
    return np.linalg.norm(np.maximum(outside, 0), axis=1) + np.minimum(outside.max(axis=1), 0)


def _cylinder(points_m: Points, size_m: np.ndarray) -> Values:
    """Radius and half height, about y."""
    return np.maximum(
        np.hypot(points_m[:, 0], points_m[:, 2]) - size_m[0], np.abs(points_m[:, 1]) - size_m[1]
    )


def _cone(points_m: Points, size_m: np.ndarray) -> Values:
    """Radii below and above and half the height between, about y."""
    below_m, half_m, above_m = size_m
    share = np.clip(points_m[:, 1] / half_m, -1, 1) / 2 + 0.5
    slope = (below_m - above_m) / (2 * half_m)
    side = (np.hypot(points_m[:, 0], points_m[:, 2]) - below_m - (above_m - below_m) * share) / np.hypot(
        1, slope
    )
    return np.maximum(side, np.abs(points_m[:, 1]) - half_m)


def _ring(points_m: Points, size_m: np.ndarray) -> Values:
    """Radius of the middle and of the tube, about y."""
    around = np.hypot(points_m[:, 0], points_m[:, 2]) - size_m[0]
    return np.hypot(around, points_m[:, 1]) - size_m[1]


def _cup(points_m: Points, size_m: np.ndarray) -> Values:
    """Outer radius, half height and wall of a cylinder that is open above."""
    wall_m = size_m[2]
    inner = np.array([size_m[0] - wall_m, size_m[1], 0.0])
    return np.maximum(_cylinder(points_m, size_m), -_cylinder(points_m - [0.0, wall_m, 0.0], inner))


SHAPES: dict[str, Callable[[Points, np.ndarray], Values]] = {
    "ellipsoid": _ellipsoid,
    "brick": _brick,
    "cylinder": _cylinder,
    "cone": _cone,
    "ring": _ring,
    "cup": _cup,
}


@dataclass(frozen=True)
class Part:
    """One shape.

    Attributes:
        shape: of `SHAPES`; size_m: (3,) what it says there.
        centre_m: (3,); rotation: (3, 3) from the shape's axes to the body's.
        colour: (3,) in [0, 1]; stripes_per_m: (3,) how quickly it changes along the shape's axes.
    """

    shape: str
    size_m: tuple[float, float, float]
    centre_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: Float[np.ndarray, "3 3"] | None = None
    color: tuple[float, float, float] = (0.6, 0.55, 0.5)
    stripes_per_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def _local(self, points_m: Points) -> Points:
        moved = points_m - np.array(self.centre_m)
        return moved if self.rotation is None else moved @ self.rotation

    def distance_m(self, points_m: Points) -> Values:
        """Signed, negative inside."""
        return SHAPES[self.shape](self._local(points_m), np.array(self.size_m))

    def colors(self, points_m: Points) -> Points:
        """In [0, 1]."""
        wave = np.prod(np.cos(2 * np.pi * self._local(points_m) * np.array(self.stripes_per_m)), axis=1)
        return np.clip(np.array(self.color) * (0.75 + 0.25 * wave[:, None]), 0, 1)

    @property
    def reach_m(self) -> float:
        """No point of it is farther from its centre."""
        return float(np.sum(self.size_m[:2]) if self.shape == "ring" else np.linalg.norm(self.size_m))


@dataclass(frozen=True)
class Solid:
    """Parts that stick together.

    Attributes:
        symmetric: its mirror image (left and right, x) is part of it.
        bump_m: height of waves on its surface; bump_per_m: how many of them.
    """

    parts: tuple[Part, ...]
    symmetric: bool = False
    bump_m: float = 0.0
    bump_per_m: float = 0.0

    def _folded(self, points_m: Points) -> Points:
        if not self.symmetric:
            return points_m
        return np.stack([np.abs(points_m[:, 0]), points_m[:, 1], points_m[:, 2]], axis=1)

    def distance_m(self, points_m: Points) -> Values:
        """Signed distance to the surface, nearly; negative inside."""
        folded = self._folded(points_m)
        distance = np.min([part.distance_m(folded) for part in self.parts], axis=0)
        if self.bump_m:
            distance = distance + self.bump_m * np.prod(np.sin(2 * np.pi * self.bump_per_m * folded), axis=1)
        return distance

    def colors(self, points_m: Points) -> Points:
        """Those of the nearest part, in [0, 1]."""
        folded = self._folded(points_m)
        nearest = np.argmin([part.distance_m(folded) for part in self.parts], axis=0)
        out = np.zeros((len(points_m), 3))
        for index, part in enumerate(self.parts):
            out[nearest == index] = part.colors(folded[nearest == index])
        return out

    def bounds_m(self, *, margin_m: float = 0.01) -> Float[np.ndarray, "2 3"]:
        """Corners of a box around it."""
        centres = np.array([part.centre_m for part in self.parts])
        reaches = np.array([[part.reach_m] for part in self.parts]) + self.bump_m + margin_m
        low, high = (centres - reaches).min(axis=0), (centres + reaches).max(axis=0)
        if self.symmetric:
            high[0] = max(high[0], -low[0])
            low[0] = -high[0]
        return np.stack([low, high])


SIZES = (0.03, 0.11)
"""Smallest and largest half extent of a random part, metres."""
SKIN_COLORED = 0.35
"""Share of the bodies whose parts have more or less a skin's colour."""


def random_solid(rng: np.random.Generator) -> Solid:
    """One to six parts that touch, anyhow turned or standing upright, of any colours."""
    base = rng.uniform(0.1, 1.0, 3)
    if rng.random() < SKIN_COLORED:
        base = rng.uniform(0.25, 1.0) * np.array([0.95, 0.72, 0.6])
    upright, like = rng.random() < 0.5, rng.random()
    parts: list[Part] = []
    for _ in range(1 + int(rng.integers(0, 6))):
        shape = str(rng.choice(list(SHAPES)))
        size = np.exp(rng.uniform(np.log(SIZES[0]), np.log(SIZES[1]), 3)) * (
            1.0 if not parts else rng.uniform(0.3, 1.0)
        )
        if shape == "ring":
            size[1] = size[0] * rng.uniform(0.15, 0.5)
        if shape == "cone" and rng.random() < 0.5:
            size[2] = 0.001
        if shape == "cup":
            size[2] = size[:2].min() * rng.uniform(0.1, 0.4)
        color = base * like + rng.uniform(0, 1, 3) * (1 - like)
        stripes = rng.uniform(0, 25, 3) * (rng.random(3) < 0.4)
        turn = None if upright and rng.random() < 0.7 else random_rotation(rng, largest_rad=np.pi)
        if parts:  # on the surface of another one, or about there
            other = parts[int(rng.integers(len(parts)))]
            way = rng.normal(size=3)
            centre = np.array(other.centre_m) + way / np.linalg.norm(way) * rng.uniform(0.3, 1.0) * np.mean(
                other.size_m
            )
        else:
            centre = rng.normal(0, 0.02, 3)
        parts.append(Part(shape, _triple(size), _triple(centre), turn, _triple(color), _triple(stripes)))
    bumpy = rng.random() < 0.4
    return Solid(
        tuple(parts),
        symmetric=bool(rng.random() < 0.5),
        bump_m=float(rng.uniform(0.002, 0.008)) if bumpy else 0.0,
        bump_per_m=float(rng.uniform(5, 25)) if bumpy else 0.0,
    )


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z
