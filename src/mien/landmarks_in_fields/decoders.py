"""What features say: the weights of a shape model, and where the head is (FLNeRF, eqs. 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.landmarks_in_fields.bilinear import BilinearModel, LinearModel

USUAL_LOG_SPREAD = -3.5
"""Logarithm of a landmark's standard deviation in half sides of the face's box, before training."""
HEAD_UNIT_M = 0.1
"""Landmarks of the shape models are divided by this inside the networks."""


class ShapeDecoder(nn.Module):
    """Landmarks in the head's frame (units of 0.1 m) from features."""

    def __init__(self, features: int, model: BilinearModel | LinearModel) -> None:
        super().__init__()
        self.is_bilinear = isinstance(model, BilinearModel)
        if isinstance(model, BilinearModel):
            arrays = {
                "core": model.core_m / HEAD_UNIT_M,
                "expression_mean": model.expression_mean,
                "expression_spread": model.expression_spread,
                "identity_mean": model.identity_mean,
                "identity_spread": model.identity_spread,
            }
            counts = model.core_m.shape[2:]
        else:
            arrays = {
                "mean": model.mean_m / HEAD_UNIT_M,
                "expression_basis": model.expression_m / HEAD_UNIT_M,
                "identity_basis": model.identity_m / HEAD_UNIT_M,
            }
            counts = (len(model.expression_m), len(model.identity_m))
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.asarray(array, np.float32)))
        self.expression = nn.Linear(features, counts[0])
        self.identity = nn.Linear(features, counts[1])
        for head in (self.expression, self.identity):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b 68 3"]:
        """FLNeRF, eq. 1; weights are in standard deviations from their means."""
        expression, identity = self.expression(features), self.identity(features)
        values: dict[str, Tensor] = dict(self.named_buffers())
        if self.is_bilinear:
            expression = values["expression_mean"] + values["expression_spread"] * expression
            identity = values["identity_mean"] + values["identity_spread"] * identity
            return torch.einsum("lcei,be,bi->blc", values["core"], expression, identity)
        return (
            values["mean"]
            + torch.einsum("elc,be->blc", values["expression_basis"], expression)
            + torch.einsum("ilc,bi->blc", values["identity_basis"], identity)
        )


class SpreadDecoder(nn.Module):
    """Standard deviation of each landmark from features, and from how far opinions about it are apart.

    What it learns changes nothing else: its inputs are cut off from their gradients.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, 64), nn.ReLU(inplace=True), nn.Linear(64, 68))
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=0.01)
        nn.init.constant_(last.bias, USUAL_LOG_SPREAD)
        self.doubt = nn.Parameter(torch.zeros(68))

    def forward(
        self, features: Float[Tensor, "b f"], opinions: Sequence[Float[Tensor, "b 68 3"]]
    ) -> Float[Tensor, "b 68"]:
        """In the box's coordinates, alike in all directions."""
        stacked = torch.stack(list(opinions)).detach()
        apart = (stacked - stacked.mean(dim=0)).norm(dim=-1).mean(dim=0)
        return torch.exp(self.layers(features.detach()) + self.doubt * torch.log(apart + 1e-3))


def rotation_from_6d(six: Float[Tensor, "b 6"]) -> Float[Tensor, "b 3 3"]:
    """Rotation matrices whose first two columns are the orthonormalised halves (Zhou et al., CVPR 2019)."""
    first = functional.normalize(six[:, :3], dim=1)
    second = functional.normalize(six[:, 3:] - (first * six[:, 3:]).sum(1, keepdim=True) * first, dim=1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=2)


class PoseDecoder(nn.Module):
    """The transform of eq. 2, (B, 3, 4): box coordinates from the head's frame in units of 0.1 m.

    Starts as "upright, facing +z, of the usual size" for any features.
    """

    usual: Tensor

    def __init__(
        self, features: int, kind: str, *, usual_scale: float, usual_shift: tuple[float, float, float]
    ) -> None:
        super().__init__()
        self.kind = kind
        self.layer = nn.Linear(features, 10 if kind == "6d" else 12)
        nn.init.normal_(self.layer.weight, std=0.01)
        nn.init.zeros_(self.layer.bias)
        self.usual_scale = usual_scale
        self.register_buffer("usual", torch.tensor(usual_shift))

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b 3 4"]:
        """[scale · rotation | shift], or any 3×4 matrix."""
        values = self.layer(features)
        if self.kind == "matrix":
            start = torch.cat([self.usual_scale * torch.eye(3, device=values.device), self.usual[:, None]], 1)
            return start + values.reshape(-1, 3, 4)
        six = values[:, :6] + torch.tensor([1.0, 0, 0, 0, 1.0, 0], device=values.device)
        scaled = self.usual_scale * torch.exp(values[:, 6:7])[..., None] * rotation_from_6d(six)
        return torch.cat([scaled, (self.usual + values[:, 7:10])[..., None]], dim=2)
