"""(d): density and colour about a head's surface; landmarks say where it is, a texture map its colour."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.morphable_fields.config import SurfaceNetworkConfig
from mien.morphable_fields.head_surface import LOCAL_CHANNELS, SurfacePlaces

THUMBNAIL = 8
"""Side of the texture map reduced to what tells a skin's tone."""
HEIGHT_UNIT_M = 0.001
HIGHEST_M = 0.006
"""Nothing is farther above the surface."""


class SurfaceNetwork(nn.Module):
    """How bright the texture is seen, and how far hair, lashes and lids reach beyond the mesh.

    Colour is the texture's times a learned factor plus a learned colour; density is that of a solid whose
    surface lies a learned distance above the mesh. Both depend on the place on the head, how it is turned,
    displaced and stretched there, the texture, and the direction from which it is seen: on nothing far away,
    so that a mouth moves nothing but itself.
    """

    def __init__(self, config: SurfaceNetworkConfig) -> None:
        super().__init__()
        self.config = config
        size, channels = config.plane_size, config.plane_channels
        self.plane = nn.Parameter(0.1 * torch.randn(1, channels, size, size))
        self.texture_code = nn.Linear(3 * THUMBNAIL**2, config.texture_code)
        # texture, normal, direction, cosine, height, local
        inputs = channels + config.texture_code + 3 + 3 + 3 + 1 + 1 + LOCAL_CHANNELS
        sizes = [inputs] + [config.width] * (config.layers - 1)
        self.hidden = nn.ModuleList([nn.Linear(each, config.width) for each in sizes])
        self.out = nn.Linear(config.width, 7)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():
            self.out.weight *= 0.1
        self.log_density = nn.Parameter(torch.tensor(8.0))
        self.log_softness = nn.Parameter(torch.tensor(-0.7))

    def code_of(self, textures: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """What is told of whole texture maps in [0, 1]."""
        small = functional.adaptive_avg_pool2d(textures, THUMBNAIL)
        return self.texture_code(small.flatten(1))

    def forward(
        self,
        places: SurfacePlaces,
        directions: Float[Tensor, "m 3"],
        texels: Float[Tensor, "m 3"],
        code: Float[Tensor, "rows c"],
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """Density per metre, and colour in about [0, 1].

        Args:
            texels: the texture map at the places; code: of the map, a row each or one for all.
        """
        grid = (2 * places.uv - 1)[None, None]
        features = functional.grid_sample(self.plane, grid, align_corners=False)[0, :, 0].T
        height = (places.height_m / HEIGHT_UNIT_M).clamp(-6, 6)[:, None]
        facing = (places.normals * directions).sum(dim=1, keepdim=True)
        hidden = torch.cat(
            [
                features, code.expand(len(texels), -1), texels, places.normals, directions, facing,
                0.2 * height, places.local.clamp(-5, 5),
            ],
            dim=1,
        )  # fmt: skip
        for layer in self.hidden:
            hidden = functional.silu(layer(hidden))
        out = self.out(hidden).float()
        color = texels * (1 + out[:, 0:3]) + out[:, 3:6]
        softness = self.log_softness.exp()
        density = self.log_density.exp() * torch.sigmoid((out[:, 6] - height[:, 0]) / softness)
        return torch.where(places.distance_m > HIGHEST_M, _deep(density, places), density), color


def _deep(density: Tensor, places: SurfacePlaces) -> Tensor:
    """Far from the surface: nothing above it, solid below."""
    return torch.where(places.height_m < 0, density, torch.zeros_like(density))
