"""Expression weights by name while an expression is being put together."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head

_SIDES = ("Left", "Right")


class WeightList:
    """All shapes of a head at zero, to be added to by ARKit name.

    Args:
        rng: makes left and right a little different.
    """

    def __init__(self, head: Head, rng: np.random.Generator) -> None:
        self._place = {name: row for row, name in enumerate(head.expression_names)}
        self._values = np.zeros(len(self._place))
        self._rng = rng

    def __contains__(self, name: str) -> bool:
        return name in self._place

    def __getitem__(self, name: str) -> float:
        return float(self._values[self._place[name]])

    def __setitem__(self, name: str, value: float) -> None:
        self._values[self._place[name]] = value

    def add(self, name: str, amount: float) -> None:
        """To one shape."""
        self._values[self._place[name]] += amount

    def both(self, stem: str, amount: float, spread: float = 0.12) -> None:
        """To the left and the right shape, which differ by a share."""
        for side in _SIDES:
            self.add(stem + side, amount * (1 + self._rng.normal(0, spread)))

    def any(self, name: str, amount: float) -> None:
        """To a shape, or to both sides of one."""
        if name in self._place:
            self.add(name, amount)
        else:
            self.both(name, amount)

    def clipped(self) -> Float[np.ndarray, " expression"]:
        """(E,) weights in [0, 1]."""
        return np.clip(self._values, 0.0, 1.0)
