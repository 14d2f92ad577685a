"""Losses of the landmark network, each named as in the papers; `LandmarkObjective` puts them together."""

from __future__ import annotations

from mien.training.landmarks.losses.distributions import DENSITIES as DENSITIES
from mien.training.landmarks.losses.distributions import gaussian_nll as gaussian_nll
from mien.training.landmarks.losses.distributions import landmark_loss as landmark_loss
from mien.training.landmarks.losses.distributions import laplacian_nll as laplacian_nll
from mien.training.landmarks.losses.distributions import presence_loss as presence_loss
from mien.training.landmarks.losses.distributions import squared_error as squared_error
from mien.training.landmarks.losses.edges import vertex_edge_loss as vertex_edge_loss
from mien.training.landmarks.losses.objective import LOSSES as LOSSES
from mien.training.landmarks.losses.objective import LandmarkObjective as LandmarkObjective
from mien.training.landmarks.losses.residual import ResidualLogLikelihood as ResidualLogLikelihood
