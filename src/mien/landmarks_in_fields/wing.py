"""Wing loss and its exact inverse in millimetres (FLNeRF, eq. 4; Feng et al., CVPR 2018)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

OMEGA, EPSILON = 10.0, 2.0
OFFSET = OMEGA - OMEGA * np.log(1 + OMEGA / EPSILON)
"""C of eq. 4: it joins the two parts."""
UNIT_M = 0.1
"""FLNeRF's unit of length in the loss: FaceScape's millimetres over 100."""


def wing(
    predicted_m: Float[np.ndarray, "*points 3"], true_m: Float[np.ndarray, "*points 3"]
) -> Float[np.ndarray, "*points 3"]:
    """The loss of each coordinate, in FLNeRF's unit (errors below 1 m: ω ln(1 + |d| / ε))."""
    distance = np.abs(predicted_m - true_m) / UNIT_M
    return np.where(distance < OMEGA, OMEGA * np.log1p(distance / EPSILON), distance - OFFSET)


def millimetres_of_wing(value: float) -> float:
    """The error of a coordinate, millimetres, whose Wing loss is `value` (a table's ×10 taken back)."""
    distance = EPSILON * np.expm1(value / OMEGA) if value < OMEGA - OFFSET else value + OFFSET
    return float(distance * UNIT_M * 1000)
