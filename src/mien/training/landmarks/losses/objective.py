"""Everything that a training makes small about landmarks, chosen by name."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from mien.errors import InputError
from mien.training.landmarks.losses.distributions import DENSITIES, landmark_loss, over_present
from mien.training.landmarks.losses.edges import vertex_edge_loss
from mien.training.landmarks.losses.residual import ResidualLogLikelihood
from mien.training.landmarks.networks import LandmarkOutput

LOSSES: dict[str, Literal["bounded", "sigmoid", "exponential"]] = {
    **dict.fromkeys(DENSITIES, "bounded"),
    "residual": "sigmoid",
    "residual_exp": "exponential",
}
"""Name of each loss to the form of σ that its network needs (`SizedLandmarkNetworkConfig.sigma`)."""


class LandmarkObjective(nn.Module):
    """A landmark loss with its own parameters (the flow, if any) and the vertex–edge loss beside it.

    Args:
        name: one of `LOSSES`.
        weights: (L,) weight of each landmark (λ of Wood et al. 2022, eq. 1).
        edges: (E, 2) edges of the landmark mesh; needed where they count.
        edge_weight: weight of the vertex–edge loss.
        openings: (P, 2) landmarks across from each other at lids and lips, as
            `heads.landmark_sets.opening_pairs` lists them.
        opening_weight: weight of the same loss over these pairs alone.

    Raises:
        InputError: the name is unknown, or edges should count but there are none.
    """

    def __init__(
        self,
        name: str,
        *,
        weights: Float[Tensor, " landmarks"],
        edges: Int[Tensor, "edges 2"] | None = None,
        edge_weight: float = 0.0,
        openings: Int[Tensor, "pairs 2"] | None = None,
        opening_weight: float = 0.0,
    ) -> None:
        super().__init__()
        if name not in LOSSES:
            raise InputError(f"unknown loss {name!r}; choose one of {', '.join(LOSSES)}", source="--loss")
        if edge_weight and (edges is None or not len(edges)):
            raise InputError("the vertex–edge loss needs the edges of a mesh", source="--edge-weight")
        self.name, self.edge_weight = name, edge_weight
        self.opening_weight = 0.0 if openings is None else opening_weight
        self.residual = ResidualLogLikelihood() if name.startswith("residual") else None
        # derived from the landmark set, so no part of the state
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("edges", edges, persistent=False)
        self.register_buffer("openings", openings, persistent=False)

    def forward(
        self,
        output: LandmarkOutput,
        points: Float[Tensor, "batch landmarks 2"],
        presence: Float[Tensor, " batch"],
    ) -> Float[Tensor, ""]:
        """Mean over present faces; the network must be in training mode."""
        weights = self.get_buffer("weights")
        if self.residual is not None:
            # absent faces have meaningless points: they must not reach the flow with huge errors
            error = (points - output.points) * presence[:, None, None]
            loss = over_present(self.residual(error, output.log_sigma), presence, weights=weights)
        else:
            loss = landmark_loss(output, points, presence, weights=weights, loss=self.name)
        if self.edge_weight:
            edges = self.get_buffer("edges")
            loss = loss + self.edge_weight * vertex_edge_loss(output.points, points, presence, edges=edges)
        if self.opening_weight:
            openings = self.get_buffer("openings")
            gaps = vertex_edge_loss(output.points, points, presence, edges=openings)
            loss = loss + self.opening_weight * gaps
        return loss

    def residual_log_sigma(self) -> Float[Tensor, ""] | None:
        """What the network adds to log σ̂ when it answers; None for losses whose σ is one already."""
        return None if self.residual is None else self.residual.log_standard_deviation()
