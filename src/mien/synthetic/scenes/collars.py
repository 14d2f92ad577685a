"""Collars, hoods and scarves around the neck of the mean head, before they are tied to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.synthetic.scenes.accessories import Accessory

NECK_Z_M = -0.010
"""Where the neck's middle is."""


@dataclass(frozen=True)
class Collar:
    """A mesh at rest, and per point how much of the light around reaches it: its edges show."""

    mesh: Accessory
    shade: Float[np.ndarray, " points"]


@dataclass(frozen=True)
class NeckLine:
    """A closed or open path around the neck.

    Attributes:
        front_m, back_m: its height at the throat and at the nape.
        gap_rad: how far it stays open to each side of the front.
    """

    front_m: float
    back_m: float
    gap_rad: float = 0.0

    def angles(self, count: int = 44) -> np.ndarray:
        """(count,) around the neck from the subject's left of the front to the right."""
        return np.linspace(self.gap_rad, 2 * np.pi - self.gap_rad, count)

    def height(self, angles: np.ndarray) -> np.ndarray:
        return self.front_m + (self.back_m - self.front_m) * (1 - np.cos(angles)) / 2

    def radius(self, body_m: Float[np.ndarray, "points 3"], angles: np.ndarray, rise_m: float) -> np.ndarray:
        """(count,) how far the neck's or shoulders' surface is from the neck's middle, above the line."""
        offset = body_m - [0, 0, NECK_Z_M]
        own_angle, own_radius = np.arctan2(offset[:, 0], offset[:, 2]), np.hypot(offset[:, 0], offset[:, 2])
        radius = np.full(len(angles), np.nan)
        for i, (angle, y) in enumerate(zip(angles, self.height(angles) + rise_m, strict=True)):
            turn = np.abs((own_angle - angle + np.pi) % (2 * np.pi) - np.pi)
            near = (turn < 0.28) & (np.abs(offset[:, 1] - y) < 0.010)
            if near.any():
                radius[i] = np.median(own_radius[near])
        known = np.isfinite(radius)
        radius = np.interp(angles, angles[known], radius[known])
        return np.convolve(np.pad(radius, 3, mode="edge"), np.full(7, 1 / 7), "valid")


def _swept(line: NeckLine, angles: np.ndarray, radius_m: np.ndarray, up_m: np.ndarray) -> Accessory:
    """A strip along a line: per angle and step its distance from the neck's middle and its rise."""
    points = np.stack(
        [
            np.sin(angles)[:, None] * radius_m,
            line.height(angles)[:, None] + up_m,
            NECK_Z_M + np.cos(angles)[:, None] * radius_m,
        ],
        axis=2,
    )
    count, steps = radius_m.shape
    corner = np.arange(count * steps).reshape(count, steps)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[:-1, 1:], corner[1:, 1:]
    triangles = [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)]
    return Accessory(points.reshape(-1, 3), np.concatenate(triangles))


def _strip(
    body_m: np.ndarray, line: NeckLine, profile: list[tuple[float, float, float]], *, point_m: float = 0.0
) -> Collar:
    """A collar along a line.

    Args:
        profile: per step how high on the neck its distance is taken, how far it stands off, how far it rises.
        point_m: how much longer its last step is at the front ends.
    """
    angles = line.angles()
    radius_m = np.stack([line.radius(body_m, angles, at) + off for at, off, _ in profile], axis=1)
    up_m = np.tile([up for _, _, up in profile], (len(angles), 1))
    from_front = np.minimum(angles, 2 * np.pi - angles) - line.gap_rad
    pointed = point_m * np.exp(-((from_front / 0.40) ** 2))
    up_m[:, -1] -= pointed
    up_m[:, -2] -= 0.4 * pointed
    shade = np.ones(radius_m.shape)
    shade[:, 0], shade[:, -1] = 0.5, 0.70
    shade[from_front < 0.03, :] *= 0.75
    return Collar(_swept(line, angles, radius_m, up_m), shade.ravel())


def all_collars(body_m: Float[np.ndarray, "points 3"]) -> dict[str, Collar]:
    """Everything that is worn around a neck, by name.

    Args:
        body_m: neck and shoulders of the mean head.
    """
    shirt = [(-0.006, 0.003, -0.010), (0.024, 0.003, 0.026), (0.024, 0.007, 0.028), (0.010, 0.009, 0.008),
             (-0.004, 0.011, -0.012)]  # fmt: skip
    roll = [(-0.02, 0.002, -0.022), (0.018, 0.002, 0.022), (0.018, 0.006, 0.026), (0.010, 0.008, 0.016),
            (0.0, 0.008, -0.002), (-0.01, 0.006, -0.014)]  # fmt: skip
    lapel = [(-0.010, 0.008, -0.016), (0.004, 0.010, 0.010), (0.004, 0.014, 0.013), (-0.004, 0.018, -0.006),
             (-0.014, 0.018, -0.028)]  # fmt: skip
    folds = [(-0.02, 0.004, -0.030), (-0.015, 0.020, -0.024), (-0.005, 0.024, -0.006), (0.0, 0.015, 0.0),
             (0.005, 0.022, 0.010), (0.018, 0.018, 0.028), (0.018, 0.004, 0.026)]  # fmt: skip
    hood = [(-0.02, 0.008, -0.020), (0.0, 0.020, 0.012), (0.004, 0.030, 0.018), (0.0, 0.045, 0.006),
            (-0.02, 0.046, -0.028), (-0.03, 0.036, -0.045)]  # fmt: skip
    return {
        "shirt collar": _strip(body_m, NeckLine(-0.138, -0.106, 0.14), shirt, point_m=0.024),
        "open collar": _strip(body_m, NeckLine(-0.152, -0.106, 0.40), shirt, point_m=0.024),
        "polo neck": _strip(body_m, NeckLine(-0.124, -0.096), roll),
        "jacket collar": _strip(body_m, NeckLine(-0.215, -0.106, 0.70), lapel),
        "hood": _strip(body_m, NeckLine(-0.185, -0.112, 0.50), hood),
        "neck scarf": _strip(body_m, NeckLine(-0.136, -0.106), folds),
    }
