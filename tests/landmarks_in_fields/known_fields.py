"""Small fields whose contents are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mien.fields.grid_field import GridField
from mien.fields.mesh_field import mesh_field
from mien.fields.protocol import Field, FieldBase, box_of
from mien.fields.ray_context import RayContext
from mien.heads.library import load_head


@dataclass
class BlobField(FieldBase):
    """A pear on its side: a big ball at the origin, a small one towards +x, half as high towards +y.

    Attributes:
        unit: units per metre; thickness_m: of the shell, None for a solid body; fog: density outside;
        floater: with a ball far away.
    """

    unit: float = 1.0
    thickness_m: float | None = None
    fog: float = 0.0
    floater: bool = False

    @property
    def bounds_m(self) -> np.ndarray:
        return self.unit * np.array([[-0.2, -0.2, -0.2], [0.25, 0.2, 0.2]])

    def density_and_color(
        self, points_m: Tensor, directions: Tensor, context: RayContext | None = None
    ) -> tuple[Tensor, Tensor]:
        points = points_m.double() / self.unit
        balls = torch.tensor([[0.0, 0, 0], [0.12, 0.05, 0]], dtype=torch.float64)
        radii = torch.tensor([0.1, 0.05], dtype=torch.float64)
        distance = ((points[:, None] - balls).norm(dim=2) - radii).amin(dim=1)
        dense = distance < 0
        if self.thickness_m is not None:
            dense &= distance > -self.thickness_m
        if self.floater:
            dense |= (points - torch.tensor([0.2, -0.15, 0.15], dtype=torch.float64)).norm(dim=1) < 0.02
        density = torch.where(dense, 2000.0, self.fog) / self.unit
        color = torch.stack([points[:, 0] > 0.08, points[:, 1] > 0, points[:, 2] > 0], dim=1).float()
        lower, upper = box_of(self)
        inside = ((points_m >= lower) & (points_m <= upper)).all(dim=1)
        return density.float() * inside, color


@dataclass
class MovedField(FieldBase):
    """Another field, turned, scaled and shifted: point x of it lies at scale · rotation · x + shift."""

    inner: Field
    rotation: np.ndarray
    scale: float = 1.0
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def bounds_m(self) -> np.ndarray:
        low, high = self.inner.bounds_m
        corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
        moved = self.scale * corners @ self.rotation.T + self.shift_m
        return np.stack([moved.min(axis=0), moved.max(axis=0)])

    def density_and_color(
        self, points_m: Tensor, directions: Tensor, context: RayContext | None = None
    ) -> tuple[Tensor, Tensor]:
        rotation = torch.from_numpy(self.rotation).float()
        local = (points_m - torch.tensor(self.shift_m).float()) @ rotation / self.scale
        density, color = self.inner.density_and_color(local, directions @ rotation, context)
        return density / self.scale, color


def head_field() -> tuple[GridField, np.ndarray]:
    """The built-in mean head with plain colours, and its 68 landmarks."""
    head = load_head()
    colors = np.tile([0.75, 0.55, 0.45], (head.vertex_count, 1))
    names = np.array(head.part_names)[head.vertex_parts]
    colors[np.isin(names, ("left_eye", "right_eye"))] = [0.85, 0.85, 0.85]
    colors[np.isin(names, ("mouth_interior", "eye_sockets"))] = [0.35, 0.15, 0.12]
    points_m = head.mean_m[head.landmark_set("ict68").vertices]
    for lips in (points_m[48:68],):
        near = np.linalg.norm(head.mean_m[:, None] - lips[None], axis=2).min(axis=1) < 0.004
        colors[near & (names == "skin")] = [0.6, 0.25, 0.25]
    for brow in (points_m[17:22], points_m[22:27]):
        near = np.linalg.norm(head.mean_m[:, None] - (brow - [0, 0.004, 0])[None], axis=2).min(axis=1) < 0.006
        colors[near & (names == "skin")] = [0.12, 0.08, 0.06]
    scalp = (head.mean_m[:, 1] > 0.09) | (head.mean_m[:, 2] < -0.02) & (head.mean_m[:, 1] > 0)
    colors[scalp & (names == "skin")] = [0.1, 0.07, 0.05]
    return mesh_field(head.mean_m, head.triangles, colors), points_m
