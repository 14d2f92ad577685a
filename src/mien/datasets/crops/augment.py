"""One training sample from one synthetic face: crop, occluders, degradation, and the matching targets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8

from mien.datasets.crops.degradation import DegradationConfig, degrade
from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.crops.negatives import negative_crop
from mien.datasets.crops.occluders import add_occluders
from mien.datasets.crops.shards import Face
from mien.datasets.crops.warp import (
    WarpConfig,
    jitter_homography,
    jittered_region,
    mirrored_points,
    net_from_picture,
    transform_points,
    warp,
)


@dataclass(frozen=True)
class AugmentConfig:
    """How much the synthetic pictures are changed."""

    warp: WarpConfig = field(default_factory=WarpConfig)
    """Where the crop lies."""
    degradation: DegradationConfig = field(default_factory=DegradationConfig)
    """What the camera does to it."""
    occluder_share: float = 0.40
    """Share of samples with things drawn over them."""
    clean_share: float = 0.08
    """Share of samples whose appearance is left alone."""
    negative_share: float = 0.08
    """Share of samples without a well-framed face."""

    @classmethod
    def usual(cls, *, crop_scale: float = 1.0) -> AugmentConfig:
        """What a training shows."""
        return cls(warp=WarpConfig(crop_scale=crop_scale))

    @classmethod
    def none(cls, *, crop_scale: float = 1.0) -> AugmentConfig:
        """Crops as a tracker cuts them out of the synthetic pictures, for comparison."""
        still = WarpConfig(
            crop_scale=crop_scale,
            roll_rad=0.15,
            smallest_scale=0.9,
            largest_scale=1.1,
            shift=0.03,
            aspect=0.0,
            perspective=0.0,
        )
        return cls(warp=still, degradation=DegradationConfig.none(), occluder_share=0.0, clean_share=1.0)


@dataclass(frozen=True)
class CropSample:
    """What the network sees of one face and what it should answer.

    Attributes:
        crop: (S, S, 3) RGB.
        points: (L, 2) in the crop's [-1, 1] frame; landmarks outside the crop lie outside that range. Zeros
            where presence is 0.
        presence: 1.0 for a well-framed face, else 0.0.
        posed_mean: (L, 2) likewise of the mean head in the same expression and place, where it is known.
    """

    crop: UInt8[np.ndarray, "size size 3"]
    points: Float32[np.ndarray, "landmarks 2"]
    presence: float
    posed_mean: Float32[np.ndarray, "landmarks 2"] | None = None


def make_sample(
    face: Face,
    other: Face,
    layout: LandmarkLayout,
    *,
    size: int,
    rng: np.random.Generator,
    options: AugmentConfig,
) -> CropSample:
    """Draw one sample; `other` lends its picture to occluders. The same `rng` state gives the same sample."""
    if rng.random() < options.negative_share:
        crop = negative_crop(face, size, rng)
        points = np.zeros((len(layout), 2), np.float32)
        return CropSample(degrade(crop, rng, options.degradation), points, 0.0)
    region = jittered_region(face.region, rng, options.warp)
    matrix = jitter_homography(rng, options.warp) @ net_from_picture(region)
    mirrored = bool(rng.random() < options.warp.flip_share)
    # beyond the picture there are black bars, or its edge as at run time, or (in a larger one) more to see
    border = (0, 1, 4)[int(rng.choice(3, p=[0.4, 0.2, 0.4]))]
    crop = warp(face.picture, matrix, size, mirrored=mirrored, border=border)

    def in_crop(points_px: np.ndarray) -> np.ndarray:
        points = transform_points(matrix, points_px)
        return (mirrored_points(points, layout) if mirrored else points).astype(np.float32)

    if rng.random() >= options.clean_share:
        if rng.random() < options.occluder_share:
            crop = add_occluders(crop, other.picture, rng)
        crop = degrade(crop, rng, options.degradation)
    mean = None if face.posed_mean_px is None else in_crop(face.posed_mean_px)
    return CropSample(crop, in_crop(face.points_px), 1.0, posed_mean=mean)
