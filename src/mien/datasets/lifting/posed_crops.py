"""Crops of posed views: the camera turned about its own centre, so that it stays exact.

Moving or scaling a crop would break the 3D labels under perspective; turning the camera does not. A turn is a
homography of the picture, whatever is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.landmarks.region import region_from_points
from mien.lifting.lifter import CROP_FRAMING_SET


@dataclass(frozen=True)
class TurnConfig:
    """How far crops stray from a face that stands upright in the middle."""

    roll_rad: float = 0.30
    """Largest roll; most are smaller."""
    shift: float = 0.07
    """Largest shift along each axis, as a share of the crop's side."""
    flip_share: float = 0.5
    """Share of mirrored crops."""

    @staticmethod
    def none() -> TurnConfig:
        """Upright, in the middle, never mirrored."""
        return TurnConfig(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class PosedCrop:
    """A crop and its camera.

    Attributes:
        crop: (S, S, 3) RGB.
        rotation, translation_m: of camera_from_world; of the mirrored world, when mirrored.
        mirrored: whether it is.
    """

    crop: UInt8[np.ndarray, "size size 3"]
    rotation: Float[np.ndarray, "3 3"]
    translation_m: Float[np.ndarray, " 3"]
    mirrored: bool


def posed_crop(
    picture: UInt8[np.ndarray, "height width 3"],
    camera: Camera,
    framing_m: Float[np.ndarray, "703 3"],
    *,
    size_px: int,
    focal: float,
    rng: np.random.Generator,
    options: TurnConfig,
) -> PosedCrop:
    """Turn a view's camera until the face stands upright in the middle, nearly, and draw what it sees.

    Args:
        framing_m: the mean head's dense landmarks in the cameras' world: they say where the crop lies, as
            those of the 2D network do when the lifting network is used.
        size_px: side of the crop.
        focal: its focal length over its side.
    """
    import cv2

    roll = float(np.clip(rng.normal(0, 0.45), -1, 1)) * options.roll_rad
    shift = rng.uniform(-options.shift, options.shift, 2)
    mirrored = bool(rng.random() < options.flip_share)
    points_px = camera.project(framing_m)
    region = region_from_points(points_px, CROP_FRAMING_SET)
    ray = np.linalg.solve(camera.intrinsics, np.array([*region.center_px, 1.0]))
    turn = _turn_to_axis(ray)
    # what the turn did to the picture's roll is small; the face's own roll is taken away after it
    turn = matrix_from_rotation_vector(np.array([0.0, 0.0, roll - region.roll_rad])) @ turn
    aside = np.array([*(shift / focal), 1.0])
    turn = _turn_to_axis(aside).T @ turn
    middle = (size_px - 1) / 2
    own = np.array([[focal * size_px, 0, middle], [0, focal * size_px, middle], [0, 0, 1.0]])
    crop_from_picture = own @ turn @ np.linalg.inv(camera.intrinsics)
    crop = np.asarray(
        cv2.warpPerspective(picture, crop_from_picture, (size_px, size_px), flags=cv2.INTER_LINEAR), np.uint8
    )
    rotation = turn @ camera.camera_from_world[:3, :3]
    translation_m = turn @ camera.camera_from_world[:3, 3]
    if mirrored:
        flip = np.diag([-1.0, 1.0, 1.0])
        crop, rotation, translation_m = (
            np.ascontiguousarray(crop[:, ::-1]), flip @ rotation @ flip, flip @ translation_m,
        )  # fmt: skip
    return PosedCrop(crop, rotation, translation_m, mirrored)


def _turn_to_axis(ray: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes a ray to the camera's axis."""
    ray = ray / np.linalg.norm(ray)
    axis = np.cross(ray, [0.0, 0.0, 1.0])
    sine = float(np.linalg.norm(axis))
    if sine < 1e-12:
        return np.eye(3)
    return matrix_from_rotation_vector(axis / sine * np.arctan2(sine, ray[2]))
