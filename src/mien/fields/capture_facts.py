"""What a field remembers of the capture that it is of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.fields.photographed_face import PhotographedFace


@dataclass(frozen=True)
class CaptureFacts:
    """What was found in a capture, and assumed; saved with its field.

    Attributes:
        world_from_head: 12 numbers, the rows of (3, 4): where the fitted head's frame is in the field's
            world.
        place_deviation_m: of that place, metres.
        metres_per_unit: what the file's lengths were multiplied by; unit_deviation: relative deviation of
            that where the head's size told it, else 0.
        views: pictures that show the face; people: how many persons were seen.
        photographed_m: 204 numbers, (68, 3): where the photographs put the landmarks of `ict68`, in the
            field's world; none where too few show the face. photographed_evidence, photographed_views: see
            `PhotographedFace`.
        assumed: sentences.
    """

    world_from_head: tuple[float, ...] = ()
    place_deviation_m: float = 0.0
    metres_per_unit: float = 1.0
    unit_deviation: float = 0.0
    views: int = 0
    people: int = 0
    photographed_m: tuple[float, ...] = ()
    photographed_evidence: float = 0.0
    photographed_views: int = 0
    assumed: tuple[str, ...] = ()

    @property
    def place(self) -> Float[np.ndarray, "3 4"] | None:
        """`world_from_head` as a matrix; None where nobody was found."""
        return np.array(self.world_from_head).reshape(3, 4) if self.world_from_head else None

    @property
    def photographed(self) -> PhotographedFace | None:
        """What the photographs said of the face."""
        if not self.photographed_m:
            return None
        points_m = np.array(self.photographed_m).reshape(-1, 3)
        return PhotographedFace(points_m, self.photographed_evidence, self.photographed_views)
