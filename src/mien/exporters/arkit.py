"""ARKit's names for expression weights, and weights as other programs expect them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from mien.heads.arkit_names import ARKIT_NAMES

_SWAPPED = {
    "jawLeft": "jawRight",
    "jawRight": "jawLeft",
    "mouthLeft": "mouthRight",
    "mouthRight": "mouthLeft",
}

LIVE_LINK_FACE_NAMES = tuple(
    name[0].upper() + name[1:] for name in (_SWAPPED.get(name, name) for name in ARKIT_NAMES)
)
"""The 52 weights in a Live Link Face CSV file's order: ARKit's, but jaw and mouth have right before left."""


def export_weights(
    expression: Float[np.ndarray, "*frames expression"], names: Sequence[str]
) -> Float[np.ndarray, "*frames expression"]:
    """Expression weights in ARKit's range and semantics.

    Fits may leave [0, 1] slightly; ARKit weights never do. ARKit's mouthClose brings the lips together
    *relative to* an open jaw, so a value above jawOpen would push the lips through each other.

    Args:
        expression: weights as fitted, any number of leading axes.
        names: their ARKit names.
    """
    weights = np.clip(np.nan_to_num(expression, nan=0.0), 0.0, 1.0)
    index = {name: i for i, name in enumerate(names)}
    if "mouthClose" in index and "jawOpen" in index:
        close, jaw = index["mouthClose"], index["jawOpen"]
        weights[..., close] = np.minimum(weights[..., close], weights[..., jaw])
    return weights
