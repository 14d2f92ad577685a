"""Everything that a field is made with, in one place, and three settings that work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from mien.errors import InputError

PRESETS = ("draft", "standard", "quality")


@dataclass(frozen=True)
class FieldConfig:
    """How a radiance field is represented and trained (TensoRF: Chen et al., ECCV 2022)."""

    representation: Literal["vm", "cp"] = "vm"
    """Vector–matrix (planes times lines) or CP (products of three lines: smaller, less detail)."""
    density_activation: Literal["relu", "softplus"] = "relu"
    """ReLU trains quicker and sharper and leaves a hollow shell; softplus leaves a solid body."""
    initial_density: float = 0.3
    """Activation everywhere before the first step: training starts from the solid visual hull and carves it,
    so that parts without texture stay where the silhouettes put them. 0, and without silhouettes: from
    nothing."""
    density_components: int = 8
    """Products per axis for density; a CP field needs about ten times as many."""
    color_components: int = 16
    """Products per axis for colour."""
    color_features: int = 27
    """Numbers per point that the colour network sees."""
    color_width: int = 48
    """Width of the two hidden layers of the colour network."""
    feature_frequencies: int = 0
    """Frequencies of the position encoding of the colour features; 0: the features alone."""
    direction_frequencies: int = 2
    """Frequencies of the encoding of the viewing direction; -1: colour does not depend on the direction."""
    resolutions: tuple[int, ...] = (48, 64, 96)
    """Nodes per axis, coarse to fine."""
    upsample_at: tuple[float, ...] = (0.25, 0.5)
    """Fractions of the iterations at which the next resolution begins."""
    iterations: int = 800
    """Steps of the optimiser."""
    rays_per_step: int = 2048
    """Rays in a step."""
    pixel_rays_each_way: int = 2
    """Rays through each pixel, across and down; what a picture shows is their mean. With 1 (through the
    centre) a field explains pixels at edges by soft surfaces, and its depth is some millimetres too large."""
    samples_per_voxel: float = 1.5
    """Samples along a ray for each voxel it crosses."""
    grid_rate: float = 0.03
    """Learning rate of planes and lines at the start of each resolution."""
    network_rate: float = 2e-3
    """Learning rate of the colour network."""
    rate_decay: float = 0.1
    """Factor of the learning rates from the first to the last step."""
    sparsity: float = 4e-5
    """Weight of the mean absolute value of the density's planes and lines."""
    sharpening: float = 20.0
    """Density per activation grows by this factor during the training. Pictures alone leave a soft
    surface, whose depth is some millimetres too large: soft edges explain them as well."""
    distortion: float = 0.0
    """Weight of the spread of each ray's weights along the ray (mip-NeRF 360, eq. 15): thin surfaces."""
    smoothness: float = 0.0
    """Weight of the total variation of all planes."""
    alpha_weight: float = 0.1
    """Weight of the squared error of alpha where silhouettes are known."""
    background: Literal["auto", "random", "white", "black", "environment", "scene"] = "auto"
    """Behind the head: "random" with silhouettes; "white" or "black" for pictures on that ground;
    "environment" learns a colour for every direction; "scene" what stands before and behind the box, in a "
    "coarse
    grid that reaches to infinity; "auto" chooses."""
    each_exposure: bool = False
    """Learn gains of the three channels for each picture."""
    refine_cameras: bool = False
    """Learn a small motion of each camera."""
    camera_deviation: tuple[float, float] = (1.0, 10.0)
    """How far off cameras may be that are refined: deviations of turns, degrees, and of shifts,
    millimetres."""
    correction_rate: float = 1e-3
    """Learning rate of exposures and cameras."""
    picture_side_px: int = 160
    """Larger pictures are reduced so that their longer side has this many pixels."""
    bounds_margin: float = 0.06
    """Margin of the automatic bounding box, as a fraction of its side."""
    patience: int = 0
    """Stop when the training error has not fallen for this many checks of 50 steps; 0: never."""
    seed: int = 0
    """The same seed, pictures and machine give the same field."""

    def __post_init__(self) -> None:
        if len(self.upsample_at) != len(self.resolutions) - 1:
            raise InputError(
                f"{len(self.resolutions)} resolutions need {len(self.resolutions) - 1} values of upsample_at,"
                f" not {len(self.upsample_at)}",
                source="FieldConfig",
            )
        if (
            min(self.resolutions) < 4
            or min(self.iterations, self.rays_per_step, self.pixel_rays_each_way) < 1
        ):
            raise InputError(
                "resolutions start at 4; iterations, rays_per_step and pixel_rays_each_way at 1",
                source="FieldConfig",
            )

    @staticmethod
    def preset(name: str) -> FieldConfig:
        """The settings "draft", "standard" or "quality".

        Raises:
            InputError: there is no such setting.
        """
        if name == "standard":
            return FieldConfig()
        if name == "draft":
            return FieldConfig(
                density_components=6,
                color_components=12,
                color_width=32,
                resolutions=(32, 64),
                upsample_at=(0.4,),
                iterations=300,
                rays_per_step=1536,
                picture_side_px=96,
            )
        if name == "quality":
            return FieldConfig(
                density_components=16,
                color_components=32,
                color_width=64,
                resolutions=(64, 96, 128, 176),
                upsample_at=(0.15, 0.3, 0.5),
                iterations=2500,
                rays_per_step=4096,
                picture_side_px=400,
            )
        raise InputError(f"there is no setting {name!r}; choose from {', '.join(PRESETS)}", source="preset")

    @staticmethod
    def from_plain(values: dict[str, Any]) -> FieldConfig:
        """Of what JSON holds, which knows no tuples.

        Raises:
            TypeError: a setting is unknown.
        """
        with_tuples: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return FieldConfig(**with_tuples)

    def for_refinement(self, *, iterations: int) -> FieldConfig:
        """Settings to go on from a trained field: the last resolution only, fewer steps."""
        return replace(self, resolutions=self.resolutions[-1:], upsample_at=(), iterations=iterations)
