"""Two dental arches: which teeth stand where, in the sizes that books on dental anatomy give.

The frame of a dentition: metres, +x the subject's left, +y up, +z forwards, the origin between the biting
edges of the upper central incisors, teeth closed as in a normal bite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

INCISOR, CANINE, PREMOLAR, MOLAR = range(4)


@dataclass(frozen=True)
class Tooth:
    """A crown's kind and size in millimetres: width along the arch, depth across it, visible height."""

    kind: int
    width_mm: float
    depth_mm: float
    height_mm: float


UPPER = (
    Tooth(INCISOR, 8.5, 6.6, 10.0),
    Tooth(INCISOR, 6.7, 6.0, 9.0),
    Tooth(CANINE, 7.6, 7.6, 9.8),
    Tooth(PREMOLAR, 7.1, 9.0, 8.2),
    Tooth(PREMOLAR, 6.7, 9.0, 7.5),
    Tooth(MOLAR, 10.0, 10.8, 7.0),
    Tooth(MOLAR, 9.2, 10.6, 6.4),
)
LOWER = (
    Tooth(INCISOR, 5.3, 5.7, 8.6),
    Tooth(INCISOR, 5.8, 6.0, 8.8),
    Tooth(CANINE, 6.7, 7.2, 9.6),
    Tooth(PREMOLAR, 7.0, 7.7, 8.2),
    Tooth(PREMOLAR, 7.1, 8.0, 7.4),
    Tooth(MOLAR, 10.8, 10.2, 6.8),
    Tooth(MOLAR, 10.3, 10.0, 6.2),
)
"""The left half of each row, from the middle."""


@dataclass(frozen=True)
class Arch:
    """One row's line of tooth middles and its biting edges.

    Attributes:
        teeth: from the middle to the back, of the left half.
        half_width_m, depth_m: w and d of the line |x / w|^p + (1 - z / d)^p = 1, p = 2.35 and z backwards,
            that the middles of the teeth follow.
        front_m: (y, z) of the biting edge of the central incisors.
        rise_m: how much higher the last molar's edge lies than the front's.
        up: 1 when roots are above the edges (upper row), -1 when below.
    """

    teeth: tuple[Tooth, ...]
    half_width_m: float
    depth_m: float
    front_m: tuple[float, float]
    rise_m: float
    up: int

    def at(self, along_m: Float[np.ndarray, " n"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places (n, 3) on the line of the biting edges at lengths from the middle towards the left, and the
        unit directions along the arch and outwards there."""
        turn = np.linspace(0, np.pi / 2, 4000)
        power = 2 / 2.35
        x = self.half_width_m * np.sin(turn) ** power
        z = self.front_m[1] - self.depth_m * (1 - np.cos(turn) ** power)
        length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
        far = np.clip(along_m / length[-1], 0, 1)
        rise = self.front_m[0] + self.rise_m * np.maximum(far - 0.15, 0) ** 1.5
        places = np.stack([np.interp(along_m, length, x), rise, np.interp(along_m, length, z)], axis=1)
        step = 1e-3
        ahead, behind = (
            np.stack([np.interp(a, length, x), np.interp(a, length, z)], axis=1)
            for a in (np.minimum(along_m + step, length[-1]), np.maximum(along_m - step, 0))
        )
        direction = ahead - behind
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        zero = np.zeros(len(along_m))
        along = np.stack([direction[:, 0], zero, direction[:, 1]], axis=1)
        outward = np.stack([-direction[:, 1], zero, direction[:, 0]], axis=1)
        return places, along, outward

    @property
    def borders_m(self) -> np.ndarray:
        """(teeth + 1,) lengths along the arch at which teeth meet."""
        return np.concatenate([[0], np.cumsum([tooth.width_mm for tooth in self.teeth])]) / 1000


UPPER_ARCH = Arch(UPPER, half_width_m=0.0262, depth_m=0.0500, front_m=(0.0, -0.0022), rise_m=0.0045, up=1)
LOWER_ARCH = Arch(LOWER, half_width_m=0.0242, depth_m=0.0480, front_m=(0.0022, -0.0048), rise_m=0.0030, up=-1)
"""The upper row bites 2 mm over and in front of the lower one."""
