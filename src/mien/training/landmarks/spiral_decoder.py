"""SpiralNet++ decoder: features spread over a coarse landmark mesh, refined on the way to all landmarks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.heads.mesh_hierarchy.hierarchy import MeshHierarchy


class SpiralDecoder(nn.Module):
    """Features of a crop to a value vector of every landmark (Simic, section 3.3.2, eqs. 3.10–3.12).

    It works on the landmark set's own triangulation, as Simic's does on the 1,609 face vertices that are his
    landmarks: every vertex of the finest level is a landmark and has a label. A linear map gives each vertex
    of the coarsest level its own features; every level up multiplies with the up-sampling matrix and applies
    a spiral convolution. Spirals and matrices are buffers, so a checkpoint stays whole if the head changes.

    Args:
        features: length of a crop's feature vector.
        sizes: vertices of the levels, finest first.
        spiral_length: vertices in a spiral.
        channels: features of a vertex.
        hierarchy: the meshes; None leaves the buffers empty for a checkpoint to fill.
    """

    def __init__(
        self,
        features: int,
        *,
        sizes: tuple[int, ...],
        spiral_length: int,
        channels: int,
        hierarchy: MeshHierarchy | None = None,
    ) -> None:
        super().__init__()
        self.channels, self.coarsest = channels, sizes[-1]
        self.spread = nn.Linear(features, channels * sizes[-1])
        self.convolutions = nn.ModuleList(
            nn.Linear(channels * spiral_length, channels) for _ in range(max(1, len(sizes) - 1))
        )
        self.last = nn.Linear(channels * spiral_length, 3)
        self.presence = nn.Linear(features, 1)
        self.offset = nn.Parameter(torch.zeros(sizes[0], 3))
        for level, size in enumerate(sizes[:-1]):
            self.register_buffer(f"up_indices{level}", torch.zeros(size, 3, dtype=torch.int64))
            self.register_buffer(f"up_weights{level}", torch.zeros(size, 3))
        for level, size in enumerate(sizes if len(sizes) == 1 else sizes[:-1]):
            self.register_buffer(f"spiral{level}", torch.zeros(size, spiral_length, dtype=torch.int64))
        if hierarchy is not None:
            self._take(hierarchy)

    @torch.no_grad()
    def _take(self, hierarchy: MeshHierarchy) -> None:
        for level, up in enumerate(hierarchy.up_samplings):
            self.get_buffer(f"up_indices{level}").copy_(torch.from_numpy(up.indices))
            self.get_buffer(f"up_weights{level}").copy_(torch.from_numpy(up.weights))
        for level, spiral in enumerate(hierarchy.spirals):
            if f"spiral{level}" in dict(self.named_buffers()):
                self.get_buffer(f"spiral{level}").copy_(torch.from_numpy(spiral))

    @torch.no_grad()
    def start_at(self, mean_points: Float[Tensor, "landmarks 2"] | None) -> None:
        """Let the untrained decoder answer with about these points."""
        self.last.weight.mul_(0.2)
        self.last.bias.zero_()
        self.offset.zero_()
        if mean_points is not None:
            self.offset[:, :2] = mean_points

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch answer"]:
        """All x, y, then a spread of every landmark, then the presence logit."""
        vertices = self.spread(features).reshape(-1, self.coarsest, self.channels)
        levels = range(len(self.convolutions) - 1, -1, -1)
        for convolution, level in zip(self.convolutions, levels, strict=True):
            if f"up_indices{level}" in self._buffers:
                vertices = self._up(vertices, level)
            vertices = nn.functional.elu(convolution(self._around(vertices, level)))
        values = self.last(self._around(vertices, 0)) + self.offset
        return torch.cat([values[..., :2].flatten(1), values[..., 2], self.presence(features)], dim=1)

    def _up(self, vertices: Tensor, level: int) -> Tensor:
        """U = Q_u X (eq. 3.10); a row of Q_u has three entries."""
        indices, weights = self.get_buffer(f"up_indices{level}"), self.get_buffer(f"up_weights{level}")
        corners = vertices.index_select(1, indices.reshape(-1)).reshape(-1, *indices.shape, self.channels)
        return (corners * weights[..., None]).sum(2)

    def _around(self, vertices: Tensor, level: int) -> Tensor:
        """The features along every vertex's spiral, side by side (eq. 3.11)."""
        spiral = self.get_buffer(f"spiral{level}")
        gathered = vertices.index_select(1, spiral.reshape(-1))
        return gathered.reshape(-1, spiral.shape[0], spiral.shape[1] * self.channels)
