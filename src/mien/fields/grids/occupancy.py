"""Which cells of the bounding box may hold anything: everything else is skipped and has no density."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.nn import functional


class Occupancy:
    """(N, N, N) cells, indexed x, y, z, that fill the bounding box.

    Attributes:
        cells: (N, N, N) whether a cell may hold anything.
    """

    def __init__(self, cells: Bool[Tensor, "n n n"]) -> None:
        self.cells = cells

    @staticmethod
    def full(size: int, device: torch.device | str = "cpu") -> Occupancy:
        """Every cell may hold something."""
        return Occupancy(torch.ones(size, size, size, dtype=torch.bool, device=device))

    @property
    def size(self) -> int:
        return self.cells.shape[0]

    @property
    def fraction(self) -> float:
        """Occupied cells over all cells."""
        return float(self.cells.float().mean())

    def to(self, device: torch.device | str) -> Occupancy:
        return Occupancy(self.cells.to(device))

    def at(self, coordinates: Float[Tensor, "*m 3"]) -> Bool[Tensor, "*m"]:
        """Whether normalised points lie in occupied cells; False outside [-1, 1]."""
        coordinates = coordinates.detach()
        inside = coordinates.abs().amax(dim=-1) <= 1
        index = self.flat_index(coordinates)
        return self.cells.view(-1).take(index) & inside

    def flat_index(self, coordinates: Float[Tensor, "*m 3"]) -> Tensor:
        """Number of the cell (x slowest) that holds each point; points outside get the nearest cell's."""
        n = self.size
        steps = ((coordinates + 1) * (0.5 * n)).clamp_(0, n - 1).long()
        return (steps[..., 0] * n + steps[..., 1]) * n + steps[..., 2]

    def centres(self) -> Float[Tensor, "cells 3"]:
        """Normalised centres of all cells, x slowest."""
        n = self.size
        axis = (torch.arange(n, device=self.cells.device, dtype=torch.float32) + 0.5) * (2 / n) - 1
        return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1).reshape(-1, 3)

    def grown(self, cells: int = 1) -> Occupancy:
        """Occupied cells and their neighbours up to `cells` away."""
        grown = self.cells[None, None].float()
        for axis in range(3):  # one after the other: the same as a cube, which takes ten times as long
            size, padding = [1, 1, 1], [0, 0, 0]
            size[axis], padding[axis] = 2 * cells + 1, cells
            grown = functional.max_pool3d(grown, size, stride=1, padding=padding)
        return Occupancy(grown[0, 0] > 0.5)

    def extent(self) -> Float[Tensor, "2 3"] | None:
        """Normalised corners of the smallest box around the occupied cells; None when there are none."""
        where = self.cells.nonzero()
        if len(where) == 0:
            return None
        return torch.stack([where.amin(dim=0), where.amax(dim=0) + 1]) * (2.0 / self.size) - 1

    def packed(self) -> UInt8[np.ndarray, " bytes"]:
        """Eight cells a byte, for files."""
        return np.packbits(self.cells.cpu().numpy().reshape(-1))

    @staticmethod
    def unpacked(bits: UInt8[np.ndarray, " bytes"], size: int) -> Occupancy:
        """Inverse of `packed`."""
        cells = np.unpackbits(bits, count=size**3).reshape(size, size, size).astype(bool)
        return Occupancy(torch.from_numpy(cells))
