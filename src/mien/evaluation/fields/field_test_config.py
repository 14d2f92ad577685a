"""How the fields are made on which landmarks in fields are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FieldTestConfig:
    """How the test fields are made."""

    cast: Literal["test", "tuning"] = "test"
    """The five people of the test set with all expressions; or twelve others, with skins and hair of their
    own and three expressions each, to choose settings and weights with."""
    preset: Literal["draft", "standard", "quality"] = "draft"
    """`FieldConfig.preset` of each person's neutral field."""
    views: int = 24
    """Pictures of each field."""
    softplus: bool = False
    """Softplus densities (solid fields) instead of ReLU ones (hollow fields)."""
    camera_noise_deg: float = 0.0
    """Standard deviation of the angles by which the cameras that a field is trained with are turned, as if
    badly estimated."""
    expressions: int = 20
    """Number of basic expressions, from neutral on."""
