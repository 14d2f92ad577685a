"""Networks and losses: shapes, the start at the mean layout, honest σ at the optimum, masks and weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.errors import InputError
from mien.training.landmarks.config import SizedLandmarkNetworkConfig
from mien.training.landmarks.losses import (
    DENSITIES,
    LandmarkObjective,
    gaussian_nll,
    landmark_loss,
    laplacian_nll,
)
from mien.training.landmarks.networks import LandmarkNetwork, LandmarkOutput


@pytest.mark.parametrize("name", ["resnet10_half", "resnet18_half", "mobilenet_v2_half"])
def test_network_starts_at_the_mean_layout(name):
    torch.manual_seed(0)
    mean = np.random.default_rng(0).uniform(-0.8, 0.8, (20, 2))
    network = LandmarkNetwork(
        SizedLandmarkNetworkConfig(network=name, landmarks=20, input_size=64), mean_points=mean
    )
    output = network(torch.rand(4, 3, 64, 64))
    assert output.points.shape == (4, 20, 2)
    assert output.log_sigma.shape == (4, 20)
    assert output.presence.shape == (4,)
    assert np.abs(output.points.detach().numpy() - mean).mean() < 0.25
    assert output.log_sigma.mean().item() == pytest.approx(-2, abs=0.3)


def test_an_unknown_network_is_named():
    with pytest.raises(InputError, match="resnet18_half"):
        LandmarkNetwork(SizedLandmarkNetworkConfig(network="resnet7"))


def test_gaussian_loss_is_equation_1():
    squared, log_sigma = torch.tensor([[0.04]]), torch.tensor([[-1.5]])
    sigma = np.exp(-1.5)
    assert gaussian_nll(squared, log_sigma).item() == pytest.approx(np.log(sigma**2) + 0.04 / (2 * sigma**2))


@pytest.mark.parametrize("nll", [gaussian_nll, laplacian_nll])
def test_the_best_sigma_is_the_data_s(nll):
    """For distances drawn with a known σ, the loss is least near that σ."""
    rng = np.random.default_rng(0)
    if nll is gaussian_nll:
        squared = (rng.normal(0, 0.1, (20000, 2)) ** 2).sum(axis=1)
    else:  # radius of the density ∝ exp(-√3 d / σ) in the plane
        squared = rng.gamma(2, 0.1 / 3**0.5, 20000) ** 2
    candidates = np.linspace(np.log(0.05), np.log(0.2), 61)
    values = [nll(torch.tensor(squared)[None], torch.full((1, 20000), c)).mean().item() for c in candidates]
    assert np.exp(candidates[int(np.argmin(values))]) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("loss", DENSITIES)
def test_absent_faces_and_weightless_landmarks_do_not_count(loss):
    torch.manual_seed(0)
    output = LandmarkOutput(torch.randn(3, 5, 2), torch.randn(3, 5), torch.zeros(3))
    points, presence = torch.randn(3, 5, 2), torch.tensor([1.0, 0.0, 1.0])
    weights = torch.tensor([1.0, 1.0, 0.0, 2.0, 1.0])
    before = landmark_loss(output, points, presence, weights=weights, loss=loss)
    points[1] += 100
    points[:, 2] -= 50
    assert landmark_loss(output, points, presence, weights=weights, loss=loss) == before
    points[0, 0] += 1
    assert landmark_loss(output, points, presence, weights=weights, loss=loss) != before


def test_a_batch_without_faces_has_no_landmark_loss():
    output = LandmarkOutput(torch.randn(2, 5, 2), torch.randn(2, 5), torch.zeros(2))
    assert landmark_loss(output, torch.zeros(2, 5, 2), torch.zeros(2), weights=torch.ones(5)) == 0


def test_opening_weight_charges_a_missed_blink_and_nothing_for_a_shift():
    pairs = torch.tensor([[0, 1]])
    weights = torch.ones(3)
    with_gaps = LandmarkObjective("gaussian", weights=weights, openings=pairs, opening_weight=2.0)
    without = LandmarkObjective("gaussian", weights=weights)
    points = torch.zeros(1, 3, 2)
    present = torch.ones(1)

    def extra(predicted: torch.Tensor) -> float:
        output = LandmarkOutput(predicted, torch.zeros(1, 3), torch.zeros(1))
        return float(with_gaps(output, points, present) - without(output, points, present))

    assert extra(points + 0.1) == pytest.approx(0.0, abs=1e-6)
    missed = points.clone()
    missed[0, 0, 1] = 0.1
    assert extra(missed) == pytest.approx(2.0 * 100 * 0.01, rel=1e-5)
