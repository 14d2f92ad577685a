"""Morphable models: networks and what they are steered with."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.heads.library import load_head
from mien.morphable_fields.code_networks import (
    ExpressionModulation,
    SteeringCodes,
    TextureEncoder,
    code_network_pair,
)
from mien.morphable_fields.config import CodeNetworkConfig, SurfaceNetworkConfig
from mien.morphable_fields.nearby_points import LANDMARK_SET
from mien.morphable_fields.surface_network import SurfaceNetwork

CENTRE_M = (0.0, 0.0, 0.02)
HALF_M = 0.16
"""Positions are measured from the centre, in this unit."""
LANDMARK_UNIT_M = 0.02
BASIC_EXPRESSIONS = 20


class MorphableModel(nn.Module):
    """What Table 4's three models and (d) have in common."""

    kind: ClassVar[str]

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


class SurfaceModel(MorphableModel):
    """(d): a field about the mesh that the landmarks mean, coloured by the texture map."""

    kind: ClassVar[str] = "surface"

    def __init__(self, config: SurfaceNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.network = SurfaceNetwork(config)


class CodeModel(MorphableModel):
    """(a), (b) and (c): networks that know space through codes alone."""

    kind: ClassVar[str] = "codes"
    mean_landmarks: Tensor
    basic: Tensor
    """(20, E) the expressions of (a)'s codes, rest first."""

    def __init__(self, config: CodeNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.coarse, self.fine = code_network_pair(config)
        self.texture_encoder = TextureEncoder(config)
        self.modulation = ExpressionModulation(config) if config.variant == "codes" else None
        head = load_head()
        mean_m = head.mean_m[head.landmark_set(LANDMARK_SET).vertices]
        self.register_buffer("mean_landmarks", torch.from_numpy(mean_m).float())
        self.register_buffer("basic", torch.zeros(BASIC_EXPRESSIONS, head.expression_count))

    def codes(
        self,
        textures: Float[Tensor, "b 3 s s"],
        landmarks_m: Float[Tensor, "b 68 3"],
        identity: Float[Tensor, "b i"],
        expressions: Float[Tensor, "b k"],
    ) -> SteeringCodes:
        """A row for each face.

        Args:
            identity: the first weights are the shape code; expressions: of the 20 learned, for (a).
        """
        size = self.config.texture_size
        small = functional.interpolate(textures, (size, size), mode="bilinear", antialias=True)
        texture = self.texture_encoder(small)
        shape = identity[:, : self.config.shape_channels]
        points = ((landmarks_m - self.mean_landmarks) / LANDMARK_UNIT_M).flatten(1)
        if self.modulation is not None:
            return SteeringCodes(shape, self.modulation(shape, expressions), texture)
        both = points if self.config.variant == "landmarks" else torch.cat([shape, points], dim=1)
        return SteeringCodes(both, None, texture)


def normalised(points_m: Float[Tensor, "*m 3"]) -> Float[Tensor, "*m 3"]:
    """Positions as code networks see them."""
    return (points_m - points_m.new_tensor(CENTRE_M)) / HALF_M


def parameter_count(model: MorphableModel) -> int:
    """Of the networks that make density and colour, which Table 4 counts: encoders of codes are not among
    them."""
    networks: list[nn.Module] = [model]
    if isinstance(model, CodeModel):
        networks = [model.coarse, model.fine]
    return sum(value.numel() for network in networks for value in network.parameters())


def make_model(kind: str, settings: dict[str, Any]) -> MorphableModel:
    """A model with new weights from its kind and settings."""
    if kind == SurfaceModel.kind:
        return SurfaceModel(SurfaceNetworkConfig(**settings))
    return CodeModel(CodeNetworkConfig(**settings))


def basic_expression_weights(
    expression: Float[np.ndarray, " expression"], basic: Float[np.ndarray, "20 expression"]
) -> Float[np.ndarray, " 20"]:
    """What mixture of the 20 learned expressions, rest first, comes nearest to one: (a) knows no others."""
    from scipy.optimize import nnls

    rows = np.concatenate([basic[1:].T, np.full((1, len(basic) - 1), 0.02)])
    found, _ = nnls(rows, np.append(np.maximum(expression, 0), 0.0))
    found = found / max(1.0, found.sum())
    return np.append(1 - found.sum(), found)
