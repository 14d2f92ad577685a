"""Grids stored as sums of products of planes and lines (VM) or of lines (CP): TensoRF, sections 3 and 4.

Coordinates are normalised to the bounding box: -1 and 1 are its sides, and the outermost nodes lie on them.
Gradients reach the coordinates.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

PLANE_AXES = ((0, 1), (0, 2), (1, 2))
"""Axes of the three planes; `LINE_AXES` holds the axis that each leaves out."""
LINE_AXES = (2, 1, 0)


def _sample_lines(lines: Tensor, positions: Tensor) -> Tensor:
    """(3, C, N, 1) lines at (3, M) positions in [-1, 1]: (3, C, M)."""
    grid = torch.stack([torch.zeros_like(positions), positions], dim=-1)[:, None]
    return functional.grid_sample(lines, grid, align_corners=True, padding_mode="border")[:, :, 0]


def _resample_lines(lines: Tensor, axes: tuple[int, ...], size: int, start: Tensor, end: Tensor) -> Tensor:
    steps = torch.linspace(0, 1, size, device=lines.device)
    where = torch.stack([start[axis] + (end[axis] - start[axis]) * steps for axis in axes])
    return _sample_lines(lines, where)[..., None]


class VectorMatrixGrid(nn.Module):
    """Σ over three orientations of plane ∘ line: (M, 3·components) products per point."""

    def __init__(self, components: int, resolution: int, *, scale: float = 0.1) -> None:
        super().__init__()
        self.planes = nn.Parameter(scale * torch.randn(3, components, resolution, resolution))
        self.lines = nn.Parameter(scale * torch.randn(3, components, resolution, 1))

    @property
    def output_size(self) -> int:
        return 3 * self.planes.shape[1]

    @property
    def resolution(self) -> int:
        return self.planes.shape[-1]

    def forward(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, "m c"]:
        """Products at normalised coordinates."""
        return self._products(coordinates).flatten(0, 1).T

    def sums(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, " m"]:
        """The sum of all products: a scalar grid."""
        return self._products(coordinates).sum(dim=(0, 1))

    def _products(self, coordinates: Tensor) -> Tensor:
        x, y, z = coordinates.T.unbind()
        flat = torch.stack([torch.stack(pair, dim=1) for pair in ((x, y), (x, z), (y, z))])[:, None]
        planes = functional.grid_sample(self.planes, flat, align_corners=True, padding_mode="border")[:, :, 0]
        return planes * _sample_lines(self.lines, torch.stack([z, y, x]))

    def resample(self, resolution: int, start: Float[Tensor, " 3"], end: Float[Tensor, " 3"]) -> None:
        """Change the nodes: from `start` to `end` (in the present coordinates), `resolution` per axis."""
        with torch.no_grad():
            steps = torch.linspace(0, 1, resolution, device=self.planes.device)
            along = [start[axis] + (end[axis] - start[axis]) * steps for axis in range(3)]
            grid = torch.stack([
                torch.stack(torch.meshgrid(along[x], along[y], indexing="xy"), dim=-1) for x, y in PLANE_AXES
            ])  # fmt: skip
            planes = functional.grid_sample(self.planes, grid, align_corners=True, padding_mode="border")
            lines = _resample_lines(self.lines, LINE_AXES, resolution, start, end)
            self.planes, self.lines = nn.Parameter(planes.contiguous()), nn.Parameter(lines.contiguous())

    def fill(self, value: float) -> None:
        """Add a constant to the sum of the products."""
        with torch.no_grad():
            self.planes[:, 0] += 1.0
            self.lines[:, 0] += value / 3

    def sparsity(self) -> Tensor:
        """Mean absolute value of planes and lines (TensoRF, L1 loss)."""
        return self.planes.abs().mean() + self.lines.abs().mean()

    def total_variation(self) -> Tensor:
        """Mean squared difference of neighbouring nodes of the planes (TensoRF, TV loss)."""
        return (self.planes.diff(dim=2) ** 2).mean() + (self.planes.diff(dim=3) ** 2).mean()


class CanonicalPolyadicGrid(nn.Module):
    """Products of one line per axis: (M, components) products per point."""

    def __init__(self, components: int, resolution: int, *, scale: float = 0.2) -> None:
        super().__init__()
        self.lines = nn.Parameter(scale * torch.randn(3, components, resolution, 1))

    @property
    def output_size(self) -> int:
        return self.lines.shape[1]

    @property
    def resolution(self) -> int:
        return self.lines.shape[2]

    def forward(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, "m c"]:
        """Products at normalised coordinates."""
        return _sample_lines(self.lines, coordinates.T).prod(dim=0).T

    def sums(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, " m"]:
        """The sum of all products: a scalar grid."""
        return self(coordinates).sum(dim=1)

    def resample(self, resolution: int, start: Float[Tensor, " 3"], end: Float[Tensor, " 3"]) -> None:
        """Change the nodes: from `start` to `end` (in the present coordinates), `resolution` per axis."""
        with torch.no_grad():
            lines = _resample_lines(self.lines, (0, 1, 2), resolution, start, end)
            self.lines = nn.Parameter(lines.contiguous())

    def fill(self, value: float) -> None:
        """Add a constant to the sum of the products."""
        with torch.no_grad():
            self.lines[:2, 0] += 1.0
            self.lines[2, 0] += value

    def sparsity(self) -> Tensor:
        """Mean absolute value of the lines."""
        return self.lines.abs().mean()

    def total_variation(self) -> Tensor:
        """Mean squared difference of neighbouring nodes of the lines."""
        return (self.lines.diff(dim=2) ** 2).mean()


TensorGrid = VectorMatrixGrid | CanonicalPolyadicGrid


def make_grid(representation: str, components: int, resolution: int) -> TensorGrid:
    """A grid of small random products; `representation` is "vm" or "cp"."""
    if representation == "vm":
        return VectorMatrixGrid(components, resolution)
    return CanonicalPolyadicGrid(components, resolution)
