"""One labelled picture: what the studio hands to whoever writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

LABEL_SET = "dense703"
"""The landmark set of the labels."""

VISIBLE, BEHIND_HEAD, BEHIND_OBJECT, OUTSIDE = range(4)
"""Values of `Sample.visibility`."""


@dataclass(frozen=True)
class Sample:
    """One labelled picture.

    Attributes:
        picture: RGB.
        mask: coverage of the person, 0 … 255.
        points_px: landmarks in the picture, pixels.
        visibility: per landmark VISIBLE, BEHIND_HEAD, BEHIND_OBJECT (hair, glasses, clothes) or OUTSIDE.
        details: plain data about the scene, ready for JSON.
    """

    picture: UInt8[np.ndarray, "size size 3"]
    mask: UInt8[np.ndarray, "size size"]
    points_px: Float32[np.ndarray, "landmarks 2"]
    visibility: UInt8[np.ndarray, " landmarks"]
    details: dict[str, Any]
