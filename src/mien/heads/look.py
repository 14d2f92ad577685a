"""What a head's surface looks like: pictures in its texture coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True, eq=False)
class HeadLook:
    """The pictures that a renderer lays on a head.

    Row 0 is the top of a picture, where the texture coordinate v is 1, as in image files; columns run with u.

    Attributes:
        base_color: (S, S, 3) sRGB without shading, of skin, mouth and eyes.
        roughness: (S, S) 0 mirror … 255 matt, or None for one value a material.
        normals: (S, S, 3) tangent-space normals as glTF and OpenGL have them (red +u, green +v, 128 is zero),
            or None.
        cards: (h, w, 4) sRGB and coverage of the hairs of brows, lashes and hair cards, whose texture
            coordinates refer to this picture alone; None leaves cards out.
    """

    base_color: UInt8[np.ndarray, "size size 3"]
    roughness: UInt8[np.ndarray, "size size"] | None = None
    normals: UInt8[np.ndarray, "size size 3"] | None = None
    cards: UInt8[np.ndarray, "height width 4"] | None = None
