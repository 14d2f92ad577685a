"""Parameters of the built-in head's version 1 (6,378 vertices) as those of the head that mien ships now.

What was fitted with version 1 stays readable: identity goes over by a linear map that brings the heads'
surfaces together at 753 places, expressions by their names, and gaze, which version 1 left to the joints
alone, stays with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Version1Conversion:
    """Identity of version 1 → identity of this version: `identity @ matrix`; the means are the same person.

    Attributes:
        matrix: (100, I).
    """

    matrix: Float[np.ndarray, "old new"]

    def identity(self, old: Float[np.ndarray, "*rows old"]) -> Float[np.ndarray, "*rows new"]:
        """Weights of the same person, rows for rows."""
        return old @ self.matrix
