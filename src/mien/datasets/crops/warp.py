"""Geometric augmentation: one homography from the picture to a jittered, perhaps mirrored crop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from mien.datasets.crops.layout import LandmarkLayout
from mien.landmarks.region import Region


@dataclass(frozen=True)
class WarpConfig:
    """How far the crop strays from the exact region."""

    crop_scale: float = 1.0
    """Side of a crop without jitter over the exact region's; the network has to be used with such looks."""
    roll_rad: float = np.pi / 6
    """Largest roll, radians; most draws are much smaller."""
    smallest_scale: float = 0.75
    """Smallest side of the crop over that."""
    largest_scale: float = 1.3
    """Largest side of the crop over that."""
    shift: float = 0.10
    """Largest shift of the centre along each axis, as a share of the side."""
    aspect: float = 0.06
    """Largest stretching of one axis against the other (log of the ratio)."""
    perspective: float = 0.08
    """Largest perspective distortion: change of scale from the middle to the crop's edge."""
    flip_share: float = 0.5
    """Share of samples that are mirrored."""
    tight_share: float = 0.5
    """Share of samples that are framed nearly as by the landmarks themselves: a tracker's usual crop."""
    tight: float = 0.3
    """How much of all the above these are jittered by."""


def jittered_region(region: Region, rng: np.random.Generator, options: WarpConfig) -> Region:
    """A region near the exact one: roll bell-shaped, scale log-uniform, shift uniform."""
    share = options.tight if rng.random() < options.tight_share else 1.0
    roll = float(np.clip(rng.normal(0, 0.45), -1, 1)) * options.roll_rad * share
    low, high = share * np.log(options.smallest_scale), share * np.log(options.largest_scale)
    side_px = region.side_px * options.crop_scale * float(np.exp(rng.uniform(low, high)))
    shift_px = rng.uniform(-options.shift, options.shift, 2) * side_px * share
    return Region(region.center_px + shift_px @ region.axes, side_px, region.roll_rad + roll)


def net_from_picture(region: Region) -> Float[np.ndarray, "3 3"]:
    """The homogeneous matrix of `Region.picture_to_network`."""
    matrix = np.eye(3)
    matrix[:2, :2] = region.axes / (region.side_px / 2)
    matrix[:2, 2] = -matrix[:2, :2] @ region.center_px
    return matrix


def jitter_homography(rng: np.random.Generator, options: WarpConfig) -> Float[np.ndarray, "3 3"]:
    """A slight change of aspect and perspective in the network's frame that keeps its centre."""
    stretch = np.exp(rng.uniform(-0.5, 0.5) * options.aspect)
    matrix = np.diag([stretch, 1 / stretch, 1.0])
    matrix[2, :2] = rng.uniform(-1, 1, 2) * options.perspective
    return matrix


def transform_points(
    matrix: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "landmarks 2"]
) -> Float[np.ndarray, "landmarks 2"]:
    """A homography applied to points."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    # far behind the crop the denominator could vanish; such points are no use as targets beyond a bound
    return mapped[:, :2] / np.maximum(mapped[:, 2:], 0.3)


def mirrored_points(
    points: Float[np.ndarray, "landmarks 2"], layout: LandmarkLayout
) -> Float[np.ndarray, "landmarks 2"]:
    """Landmarks (network frame) of the mirrored crop: x changes sign and partners change places."""
    return points[layout.mirror] * np.array([-1.0, 1.0])


def warp(
    picture: UInt8[np.ndarray, "height width 3"],
    crop_net_from_picture: Float[np.ndarray, "3 3"],
    size: int,
    *,
    mirrored: bool = False,
    border: int = 0,
) -> UInt8[np.ndarray, "size size 3"]:
    """Draw the crop whose network frame is given; `border` is one of OpenCV's border modes.

    As in `Region.crop`, shrinking by more than a quarter draws at twice the size and averages.
    """
    import cv2

    step = 2 / (np.sqrt(abs(np.linalg.det(crop_net_from_picture[:2, :2]))) * size)
    drawn = 2 * size if step > 1.25 else size
    crop_from_net = np.array([[drawn / 2, 0, drawn / 2 - 0.5], [0, drawn / 2, drawn / 2 - 0.5], [0, 0, 1]])
    matrix = crop_from_net @ (np.diag([-1.0, 1, 1]) if mirrored else np.eye(3)) @ crop_net_from_picture
    if np.abs(matrix[2, :2]).max() < 1e-12:
        crop = cv2.warpAffine(picture, matrix[:2], (drawn, drawn), flags=cv2.INTER_LINEAR, borderMode=border)
    else:
        crop = cv2.warpPerspective(picture, matrix, (drawn, drawn), flags=cv2.INTER_LINEAR, borderMode=border)
    if drawn != size:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)
