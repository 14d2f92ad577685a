"""The canonical field: a TensoRF that knows how the light was and, for NerFace's rival, the expression."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.fields.config import FieldConfig
from mien.fields.grids.color_network import ColorNetwork, encode, encoded_size
from mien.fields.grids.occupancy import Occupancy
from mien.fields.radiance_field import RadianceField

OCCUPIED_ALPHA = 1e-3
"""Cells that stay occupied take at least this from a ray that crosses them."""
_PLACE_FREQUENCIES = 5


class CanonicalField(RadianceField):
    """Colours also depend on an appearance code (ω^a, eq. 5).

    Args:
        appearance: numbers of the code.
        conditions: numbers that density and features depend on too (NerFace); 0: none.
    """

    def __init__(
        self,
        config: FieldConfig,
        bounds_m: Float[np.ndarray, "2 3"],
        *,
        appearance: int,
        conditions: int = 0,
        occupancy: Occupancy | None = None,
        resolution: int | None = None,
    ) -> None:
        super().__init__(config, bounds_m, occupancy=occupancy, resolution=resolution)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed + 1)
            self.color_network = ColorNetwork(
                config.color_features + appearance,
                width=config.color_width,
                feature_frequencies=config.feature_frequencies,
                direction_frequencies=config.direction_frequencies,
            )
            self.change = _ExpressionNetwork(config.color_features, conditions) if conditions else None

    def values(
        self,
        coordinates: Float[Tensor, "m 3"],
        conditions: Float[Tensor, "m conditions"] | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m features"] | None]:
        """Density per metre and, where it depends on conditions, what they add to the colour's features."""
        if self.change is None or conditions is None:
            return self.raw_density(coordinates), None
        added = self.change(coordinates, conditions)
        values = self.density_grid.sums(coordinates) + added[:, 0]
        return self.activated(values) * self.density_per_activation, added[:, 1:]

    def colors(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        appearance: Float[Tensor, "m code"],
        added: Float[Tensor, "m features"] | None = None,
    ) -> Float[Tensor, "m 3"]:
        """Colour in [0, 1]."""
        features = self.features(self.color_grid(coordinates))
        if added is not None:
            features = features + added
        return self.color_network(torch.cat([features, appearance], dim=1), directions)

    @torch.no_grad()
    def prune(self, *, grown: int = 2) -> None:
        """Leave only cells that hold something, and their neighbours."""
        centres = self.occupancy.centres()
        occupied = self.occupancy.cells.view(-1).nonzero()[:, 0]
        density = torch.zeros(len(centres), device=self.device)
        parts = centres[occupied].split(1 << 17)
        density[occupied] = torch.cat([self.raw_density(part) for part in parts])
        alpha = 1 - torch.exp(-density * 2 * self.half_size.mean() / self.occupancy.size)
        held = Occupancy((alpha > OCCUPIED_ALPHA).view_as(self.occupancy.cells)).grown(grown)
        self.occupancy = Occupancy(held.cells & self.occupancy.cells)


class _ExpressionNetwork(nn.Module):
    """What an expression adds to density and features at a place."""

    def __init__(self, features: int, conditions: int, width: int = 128) -> None:
        super().__init__()
        inputs = encoded_size(3, _PLACE_FREQUENCIES) + conditions
        self.layers = nn.Sequential(
            nn.Linear(inputs, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 1 + features),
        )
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=1e-3)
        nn.init.zeros_(last.bias)

    def forward(
        self, coordinates: Float[Tensor, "m 3"], conditions: Float[Tensor, "m conditions"]
    ) -> Float[Tensor, "m added"]:
        return self.layers(torch.cat([encode(np.pi * coordinates, _PLACE_FREQUENCIES), conditions], dim=1))
