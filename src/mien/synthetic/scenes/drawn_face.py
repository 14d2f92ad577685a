"""One labelled picture: what the studio hands to whoever writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float16, Float32, Float64, UInt8

LABEL_SET = "dense703"
"""The landmark set of the labels."""

VISIBLE, BEHIND_HEAD, BEHIND_OBJECT, OUTSIDE = range(4)
"""Values of `DrawnFace.visibility`."""


@dataclass(frozen=True)
class LabelMaps:
    """Labels at the pixels' centres; hair counts where it covers at least half.

    Attributes:
        depth_m: along the camera's axis; 0 where nobody is.
        normals: in the camera's frame (OpenCV), towards the camera; 0 where nobody is.
        parts: place in `part_names` of the head that was drawn; 0 is the background.
    """

    depth_m: Float32[np.ndarray, "size size"]
    normals: Float32[np.ndarray, "size size 3"]
    parts: UInt8[np.ndarray, "size size"]


@dataclass(frozen=True)
class DrawnFace:
    """One labelled picture.

    Attributes:
        picture: RGB.
        mask: coverage of the person, 0 … 255.
        points_px: landmarks in the picture, pixels, on what was drawn.
        posed_mean_px: landmarks of the mean head with the same expression, pose and camera: where everybody's
            would be.
        identity, expression: the head's weights.
        visibility: per landmark VISIBLE, BEHIND_HEAD, BEHIND_OBJECT (hair, glasses, clothes) or OUTSIDE.
        details: plain data about the scene, ready for JSON.
        maps: what each pixel shows, where the studio was asked for it.
        points_m: landmarks in the scene's world, on what was drawn.
    """

    picture: UInt8[np.ndarray, "size size 3"]
    mask: UInt8[np.ndarray, "size size"]
    points_px: Float32[np.ndarray, "landmarks 2"]
    posed_mean_px: Float32[np.ndarray, "landmarks 2"]
    identity: Float16[np.ndarray, " identity"]
    expression: Float16[np.ndarray, " expression"]
    visibility: UInt8[np.ndarray, " landmarks"]
    details: dict[str, Any]
    maps: LabelMaps | None = None
    points_m: Float64[np.ndarray, "landmarks 3"] | None = None
