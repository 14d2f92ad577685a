"""Losses of the landmark network, each named as in the papers; `LandmarkObjective` puts them together."""

from __future__ import annotations

from mien.training.landmark_network.losses.distributions import DENSITIES as DENSITIES
from mien.training.landmark_network.losses.distributions import gaussian_nll as gaussian_nll
from mien.training.landmark_network.losses.distributions import landmark_loss as landmark_loss
from mien.training.landmark_network.losses.distributions import laplacian_nll as laplacian_nll
from mien.training.landmark_network.losses.distributions import presence_loss as presence_loss
from mien.training.landmark_network.losses.distributions import squared_error as squared_error
from mien.training.landmark_network.losses.edges import vertex_edge_loss as vertex_edge_loss
from mien.training.landmark_network.losses.objective import LOSSES as LOSSES
from mien.training.landmark_network.losses.objective import LandmarkObjective as LandmarkObjective
from mien.training.landmark_network.losses.residual import ResidualLogLikelihood as ResidualLogLikelihood
