"""The networks of Table 4."""

from __future__ import annotations

import pytest
import torch

from mien.morphable_fields.code_networks import (
    ExpressionModulation,
    SteeringCodes,
    TextureEncoder,
    code_network_pair,
    encoded,
)
from mien.morphable_fields.config import CodeNetworkConfig

PUBLISHED = {"codes": 29_100_936, "shape-landmarks": 29_584_776, "landmarks": 29_456_776}


@pytest.mark.parametrize("variant", PUBLISHED)
def test_parameters_are_as_many_as_published(variant):
    with torch.device("meta"):
        pair = code_network_pair(CodeNetworkConfig.paper(variant))
    assert sum(value.numel() for net in pair for value in net.parameters()) == PUBLISHED[variant]


def test_positions_are_encoded_in_63_and_directions_in_27_channels():
    values = torch.randn(5, 3)
    assert encoded(values, 10).shape == (5, 63)
    assert encoded(values, 4).shape == (5, 27)
    torch.testing.assert_close(encoded(values, 4)[:, :3], values)
    torch.testing.assert_close(encoded(values, 4)[:, 12:15], (8 * values).sin())


@pytest.mark.parametrize("variant", PUBLISHED)
def test_what_steers_reaches_density_and_what_paints_does_not(variant):
    torch.manual_seed(0)
    config = CodeNetworkConfig(variant=variant, coarse_width=16, fine_width=16)
    coarse, _ = code_network_pair(config)
    positions, directions = torch.randn(2, 3, 3), torch.nn.functional.normalize(torch.randn(2, 3), dim=1)
    expression = torch.randn(2, 30) if variant == "codes" else None
    shape = torch.randn(2, config.density_channels, requires_grad=True)
    texture = torch.randn(2, 64, requires_grad=True)
    density, color = coarse(positions, directions, SteeringCodes(shape, expression, texture))
    density.sum().backward(retain_graph=True)
    assert shape.grad is not None
    assert shape.grad.abs().max() > 0
    assert texture.grad is None
    color.sum().backward()
    assert texture.grad is not None


def test_textures_and_expressions_become_codes():
    config = CodeNetworkConfig(texture_size=32)
    assert TextureEncoder(config)(torch.rand(2, 3, 32, 32)).shape == (2, 64)
    modulation = ExpressionModulation(config)
    assert modulation(torch.randn(3, 50), torch.eye(20)[:3]).shape == (3, 30)
