"""What the search network should answer about a scene: a heat map of face centres and their geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from mien.landmarks.candidates import UNIT_SIDE_PX
from mien.landmarks.pyramid import STRIDE_PX
from mien.landmarks.region import Region

SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 30.0, 100.0
"""Sides of the regions that the network must find; beyond them it may answer as it likes near the face."""


@dataclass(frozen=True)
class PlacedFace:
    """A face in a scene: its true region, and whether enough of it can be seen to demand that it is found."""

    region: Region
    visible: bool = True

    @property
    def demanded(self) -> bool:
        """Whether the network must find it."""
        return self.visible and SMALLEST_SIDE_PX <= self.region.side_px <= LARGEST_SIDE_PX


@dataclass(frozen=True)
class Targets:
    """Targets of one scene, per cell.

    Attributes:
        heat: (rows, columns) 1 in the cell of a face's centre, falling off around it, 0 elsewhere.
        weight: (rows, columns) 0 where any score is right, near faces that need not be found.
        geometry: (5, rows, columns) as `mien.landmarks.candidates.encode` defines it.
        geometry_weight: (rows, columns) how much a cell's geometry counts: 0 away from face centres.
    """

    heat: Float32[np.ndarray, "rows columns"]
    weight: Float32[np.ndarray, "rows columns"]
    geometry: Float32[np.ndarray, "5 rows columns"]
    geometry_weight: Float32[np.ndarray, "rows columns"]


def make_targets(faces: list[PlacedFace], *, rows: int, columns: int) -> Targets:
    """The targets of a scene of 8·rows × 8·columns pixels."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    heat = np.zeros((rows, columns), np.float32)
    weight = np.ones_like(heat)
    geometry = np.zeros((5, rows, columns), np.float32)
    geometry_weight = np.zeros_like(heat)
    nearest = np.full_like(heat, np.inf)
    for face in faces:
        region = face.region
        column, row = (region.center_px - (STRIDE_PX - 1) / 2) / STRIDE_PX
        square = (x - column) ** 2 + (y - row) ** 2
        if not face.demanded:
            weight[square <= max(1.5, 0.3 * region.side_px / STRIDE_PX) ** 2] = 0
            continue
        sigma = float(np.clip(0.09 * region.side_px / STRIDE_PX, 0.55, 1.1))
        bump = np.exp(-square / (2 * sigma**2))
        center_row, center_column = round(float(row)), round(float(column))
        if 0 <= center_row < rows and 0 <= center_column < columns:
            bump[center_row, center_column] = 1
        heat = np.maximum(heat, bump)
        mine = (square < nearest) & (square < max(1.6, 2.5 * sigma) ** 2)
        nearest = np.where(mine, square, nearest)
        offset_and_shape = (
            column - x,
            row - y,
            np.log(region.side_px / UNIT_SIDE_PX),
            np.cos(region.roll_rad),
            np.sin(region.roll_rad),
        )
        for channel, value in enumerate(offset_and_shape):
            geometry[channel] = np.where(mine, value, geometry[channel])
        geometry_weight = np.where(mine, bump, geometry_weight)
    weight = np.where(heat > 0.99, 1, weight)
    return Targets(
        heat.astype(np.float32), weight.astype(np.float32), geometry, geometry_weight.astype(np.float32)
    )
