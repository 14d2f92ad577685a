"""The residual log-likelihood: the flow is a density, it learns shapes, σ̂ becomes a standard deviation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.training.landmarks.losses import ResidualLogLikelihood, vertex_edge_loss
from mien.training.landmarks.losses.real_nvp import RealNVP


def shaken_flow() -> RealNVP:
    torch.manual_seed(3)
    flow = RealNVP(layers=5, width=8).double()
    with torch.no_grad():
        for value in flow.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return flow


def test_the_flow_is_a_density():
    flow = shaken_flow()
    axis = torch.linspace(-12, 12, 301, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        total = flow.log_density(grid).exp().sum() * (24 / 300) ** 2
    assert total.item() == pytest.approx(1, abs=5e-3)


def test_the_flow_goes_both_ways():
    """Through x = f(z), log N(z) - log |det ∂f/∂z| is the density of x."""
    flow = shaken_flow()
    z = torch.randn(2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    jacobian = torch.autograd.functional.jacobian(lambda v: flow.points_from(v[None])[0], z)
    expected = -0.5 * z.square().sum() - np.log(2 * np.pi) - torch.linalg.det(jacobian).abs().log()
    assert flow.log_density(flow.points_from(z[None]))[0].item() == pytest.approx(expected.item(), abs=1e-9)


def test_sigma_becomes_a_standard_deviation():
    """Errors of a known spread: after training scale and flow, σ̂ times the residual's σ is that spread."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    radius = rng.gamma(2, 0.1, 4000)  # heavier tails than a Gaussian's
    angle = rng.uniform(0, 2 * np.pi, 4000)
    errors = torch.tensor(np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None], dtype=torch.float32)
    loss = ResidualLogLikelihood()
    log_sigma = torch.full((1,), -1.0, requires_grad=True)
    optimiser = torch.optim.Adam([log_sigma, *loss.parameters()], lr=1e-2)
    for step in range(150):
        part = errors[(step % 8) * 500 : (step % 8 + 1) * 500]
        value = loss(part[None], log_sigma.expand(1, 500)).mean()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    told = (log_sigma + loss.log_standard_deviation()).exp().item()
    assert told == pytest.approx(errors.square().mean().sqrt().item(), rel=0.25)


def test_moving_a_face_moves_no_edge():
    points = torch.rand(2, 6, 2)
    edges = torch.tensor([[0, 1], [1, 2], [3, 5]])
    shifted = points + torch.tensor([0.3, -0.2])
    assert vertex_edge_loss(shifted, points, torch.ones(2), edges=edges).item() == pytest.approx(0, abs=1e-6)
    moved = points.clone()
    moved[0, 0, 0] += 0.3  # one end of one of three edges, in one of two faces
    value = vertex_edge_loss(moved, points, torch.ones(2), edges=edges).item()
    assert value == pytest.approx(100 * 0.09 / 6, rel=1e-4)
