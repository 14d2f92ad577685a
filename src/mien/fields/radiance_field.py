"""A radiance field: density and colour at every point of a bounding box."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.cameras import Camera
from mien.fields.capture_facts import CaptureFacts
from mien.fields.config import FieldConfig
from mien.fields.grids.color_network import ColorNetwork, Environment
from mien.fields.grids.occupancy import Occupancy
from mien.fields.grids.outer_grid import OuterGrid
from mien.fields.grids.tensor_grids import make_grid
from mien.fields.protocol import FieldBase
from mien.fields.ray_context import RayContext
from mien.fields.rendering.picture import FieldPicture, render_field
from mien.fields.viewpoint import Viewpoint

DENSITY_SCALE = 25.0
"""Density of an activation of 1, per half a side of the bounding box (TensoRF's distance_scale)."""
SOFTPLUS_SHIFT = -10.0
"""Added before the softplus, so that a new field is empty (TensoRF)."""
DEAD_SLOPE = 0.02
"""Slope of the gradient below zero while a ReLU field trains: what is empty can become occupied."""


class _TrainedReLU(torch.autograd.Function):
    """max(x, 0) whose gradient below zero is not quite zero."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values > 0)
        return values.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (positive,) = ctx.saved_tensors
        return torch.where(positive, gradients[0], DEAD_SLOPE * gradients[0])


def _before_activation(config: FieldConfig) -> float:
    if config.density_activation == "relu":
        return config.initial_density
    return math.log(math.expm1(config.initial_density)) - SOFTPLUS_SHIFT


@dataclass(frozen=True)
class TrainingFacts:
    """How a field was trained.

    Attributes:
        views: pictures that it was trained on.
        iterations: steps taken, those of a field it started from not counted.
        seconds: time that took.
        psnr_db: of the last training rays.
        source: name of the file of cameras.
        metres_per_unit: what the lengths of that file were multiplied by.
    """

    views: int = 0
    iterations: int = 0
    seconds: float = 0.0
    psnr_db: float = float("nan")
    source: str = ""
    metres_per_unit: float = 1.0


@dataclass
class FieldFacts:
    """What a field carries along besides its weights: from where the training pictures saw it (medians), and
    how it was trained, what was found in its capture, and the training pictures' cameras as they were
    refined (these are not saved)."""

    viewpoint: Viewpoint = field(default_factory=Viewpoint)
    training: TrainingFacts = field(default_factory=TrainingFacts)
    capture: CaptureFacts | None = None
    cameras: tuple[Camera, ...] = ()


class RadianceField(nn.Module, FieldBase):
    """Density (per metre) and colour at points of the world, by TensoRF grids and a small network.

    A `Field` that knows no context.

    Attributes:
        config: how it is made.
        occupancy: cells that may hold something; elsewhere density is 0.
        facts: viewpoint of the training pictures, training figures.
    """

    occupancy: Occupancy
    bounds: Tensor
    density_per_activation: Tensor

    def __init__(
        self,
        config: FieldConfig,
        bounds_m: Float[np.ndarray, "2 3"],
        *,
        occupancy: Occupancy | None = None,
        resolution: int | None = None,
        environment: bool = False,
        surroundings: bool = False,
    ) -> None:
        """
        Args:
            bounds_m: lower and upper corner of the box, world, metres.
            occupancy: everything when None.
            resolution: nodes per axis; the first of the config when None.
            environment: with a background that depends on the direction.
            surroundings: with a grid of what stands outside the box.
        """
        super().__init__()
        self.config = config
        self.facts = FieldFacts()
        self.occupancy = occupancy or Occupancy.full(32)
        self.register_buffer("bounds", torch.tensor(np.asarray(bounds_m), dtype=torch.float32))
        # Per half a side of the box, so that fields do not depend on the unit of length; it stays when
        # the box changes.
        half_side_m = float(np.diff(np.asarray(bounds_m), axis=0).mean()) / 2
        self.register_buffer("density_per_activation", torch.tensor(DENSITY_SCALE / half_side_m))
        resolution = resolution or config.resolutions[0]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.density_grid = make_grid(config.representation, config.density_components, resolution)
            if config.initial_density > 0:
                self.density_grid.fill(_before_activation(config))
            self.color_grid = make_grid(config.representation, config.color_components, resolution)
            self.features = nn.Linear(self.color_grid.output_size, config.color_features, bias=False)
            self.color_network = ColorNetwork(
                config.color_features,
                width=config.color_width,
                feature_frequencies=config.feature_frequencies,
                direction_frequencies=config.direction_frequencies,
            )
            self.environment = Environment() if environment else None
            self.outer = OuterGrid() if surroundings else None

    @property
    def bounds_m(self) -> Float[np.ndarray, "2 3"]:
        """Lower and upper corner of the box, world, metres."""
        return self.bounds.cpu().numpy().astype(float)

    @property
    def resolution(self) -> int:
        """Nodes per axis."""
        return self.density_grid.resolution

    @property
    def device(self) -> torch.device:
        return self.bounds.device

    @property
    def viewpoint(self) -> Viewpoint:
        """From where the training pictures saw it."""
        return self.facts.viewpoint

    @property
    def half_size(self) -> Tensor:
        """(3,) half the sides of the box, metres."""
        return (self.bounds[1] - self.bounds[0]) / 2

    @property
    def voxel_m(self) -> float:
        """Mean distance of neighbouring nodes."""
        return float(2 * self.half_size.mean()) / (self.resolution - 1)

    @property
    def step_m(self) -> float:
        """Length of ray that a sample stands for in pictures: as in training, but two a voxel at least."""
        return self.voxel_m / max(self.config.samples_per_voxel, 2.0)

    def to(self, *args: Any, **kwargs: Any) -> RadianceField:
        """As torch's, with the occupancy."""
        super().to(*args, **kwargs)
        self.occupancy = self.occupancy.to(self.device)
        return self

    def normalised(self, points_m: Float[Tensor, "*m 3"]) -> Float[Tensor, "*m 3"]:
        """World points in the box's coordinates: its sides are -1 and 1."""
        return (points_m - self.bounds.mean(dim=0)) / self.half_size

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        """Density per metre; 0 outside the box and in cells that are not occupied."""
        coordinates = self.normalised(points_m)
        return self.raw_density(coordinates) * self.occupancy.at(coordinates)

    def raw_density(
        self, coordinates: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        """Density per metre at normalised coordinates, occupied or not."""
        return self.activated(self.density_grid.sums(coordinates)) * self.density_per_activation

    def activated(self, values: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
        """Sums of the density's products as activations, which are not negative."""
        if self.config.density_activation == "softplus":
            return functional.softplus(values + SOFTPLUS_SHIFT)
        if self.training:
            return _TrainedReLU.apply(values)
        return values.clamp(min=0)

    def raw_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> Float[Tensor, "m 3"]:
        """Colour in [0, 1] at normalised coordinates, seen along unit directions (camera to point)."""
        return self.color_network(self.features(self.color_grid(coordinates)), directions)

    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """Density per metre and colour in [0, 1] at world points.

        Args:
            directions: unit vectors from the viewer to the points, world. Seen from the front of a head in
                mien's frame that is (0, 0, -1).
            context: ignored.

        Gradients reach the points, the directions and the weights.
        """
        coordinates = self.normalised(points_m)
        density = self.raw_density(coordinates) * self.occupancy.at(coordinates)
        return density, self.raw_color(coordinates, directions)

    def behind(
        self, directions: Float[Tensor, "r 3"], context: RayContext | None = None
    ) -> Float[Tensor, "r 3"] | None:
        """The ground that it was trained before, learned or plain; None where silhouettes cut it out."""
        if self.environment is not None:
            return self.environment(directions)
        if self.config.background in ("white", "black"):
            return torch.full_like(directions, 1.0 if self.config.background == "white" else 0.0)
        return None

    def resample(self, resolution: int, bounds_m: Float[np.ndarray, "2 3"] | None = None) -> None:
        """Change the number of nodes, and the box; what lies in both boxes stays as it is.

        Densities keep their values per metre. The occupancy does not move with the box: set it anew.
        """
        bounds = self.bounds if bounds_m is None else self.bounds.new_tensor(np.asarray(bounds_m))
        start, end = self.normalised(bounds)
        for grid in (self.density_grid, self.color_grid):
            grid.resample(resolution, start, end)
        self.bounds = bounds

    def render(
        self,
        camera: Camera,
        *,
        background: tuple[int, int, int] | None = (255, 255, 255),
        normals: bool = False,
        supersampling: int = 1,
    ) -> FieldPicture:
        """The picture that a camera takes: see `render_field`."""
        return render_field(self, camera, background=background, normals=normals, supersampling=supersampling)
