"""Pinhole cameras in OpenCV's convention: x right, y down, z forward.

Pixel (0, 0) is the *centre* of the top-left pixel, so a picture of width W spans
[-0.5, W - 0.5]. Lengths are metres, angles radians.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

PICTURE_CAMERA_FROM_WORLD = np.diag([1.0, -1.0, -1.0, 1.0])
"""The camera in the world of a single picture: its origin is the camera's centre, +x the picture's right,
+y up, +z from the scene towards the viewer."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera without lens distortion.

    Attributes:
        intrinsics: (3, 3), pixels.
        camera_from_world: (4, 4) rigid transform, metres.
        width_px, height_px: size of the picture.
    """

    intrinsics: Float[np.ndarray, "3 3"]
    camera_from_world: Float[np.ndarray, "4 4"]
    width_px: int
    height_px: int

    @staticmethod
    def from_focal(
        focal_px: float,
        *,
        width_px: int,
        height_px: int,
        camera_from_world: Float[np.ndarray, "4 4"] | None = None,
    ) -> Camera:
        """A camera with square pixels whose principal point is the picture's centre.

        Args:
            focal_px: focal length, pixels.
            width_px, height_px: size of the picture.
            camera_from_world: (4, 4) rigid transform, metres; the camera's frame is the world when None.
        """
        intrinsics = np.array(
            [[focal_px, 0.0, (width_px - 1) / 2], [0.0, focal_px, (height_px - 1) / 2], [0, 0, 1]]
        )
        pose = np.eye(4) if camera_from_world is None else np.asarray(camera_from_world, float)
        return Camera(intrinsics, pose, width_px, height_px)

    @property
    def focal_px(self) -> float:
        """Mean of the horizontal and vertical focal lengths, pixels."""
        return float((self.intrinsics[0, 0] + self.intrinsics[1, 1]) / 2)

    @property
    def world_from_camera(self) -> Float[np.ndarray, "4 4"]:
        """(4, 4) inverse of `camera_from_world`, metres."""
        rotation, translation = self.camera_from_world[:3, :3], self.camera_from_world[:3, 3]
        inverse = np.eye(4)
        inverse[:3, :3] = rotation.T
        inverse[:3, 3] = -rotation.T @ translation
        return inverse

    def with_focal(self, focal_px: float) -> Camera:
        """The same camera with the focal length `focal_px`, pixels, in both directions."""
        intrinsics = self.intrinsics.copy()
        intrinsics[0, 0] = intrinsics[1, 1] = focal_px
        return replace(self, intrinsics=intrinsics)

    def resized(self, *, width_px: int, height_px: int) -> Camera:
        """The camera of the same picture, reduced or enlarged to `width_px` × `height_px`."""
        scale = np.array([width_px / self.width_px, height_px / self.height_px])
        intrinsics = self.intrinsics.copy()
        intrinsics[:2, :2] *= scale[:, None]
        intrinsics[:2, 2] = (intrinsics[:2, 2] + 0.5) * scale - 0.5  # pixel 0 is a centre
        return replace(self, intrinsics=intrinsics, width_px=width_px, height_px=height_px)

    def to_camera(self, points_m: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """World points `points_m`, (…, 3) metres, in the camera's frame: (…, 3) metres, z in front of it."""
        return points_m @ self.camera_from_world[:3, :3].T + self.camera_from_world[:3, 3]

    def project(self, points_m: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 2"]:
        """World points `points_m`, (…, 3) metres, in the picture: (…, 2) pixels, from the centre of the
        top-left one. Points at or behind the camera become NaN."""
        local = self.to_camera(np.asarray(points_m, dtype=float))
        depth = np.where(local[..., 2:] > 1e-9, local[..., 2:], np.nan)
        homogeneous = (local / depth) @ self.intrinsics.T
        return homogeneous[..., :2]
