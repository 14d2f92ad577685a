"""The cameras of a 3D generator: on a sphere, looking at the face, rolled and shifted (FaceLift, §3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector

_TRIES = 10_000


@dataclass(frozen=True)
class CameraSpace:
    """All cameras that see a face well, and how often each is drawn.

    The world is the generator's own, with the face upright and looking along +z; lengths are metres.
    """

    radius_m: float = 0.8
    """Radius of the sphere on which cameras stand."""
    look_at_m: tuple[float, float, float] = (0.0, -0.005, 0.055)
    """What they look at: the sphere's centre."""
    focal: float = 3.2
    """Focal length over the picture's side: the same for all of them."""
    azimuth_rad: float = float(np.radians(110))
    """A: largest azimuth; positive: the camera stands on the subject's left."""
    elevation_rad: float = float(np.radians(60))
    """B: largest elevation; positive: it stands above."""
    roll_rad: float = float(np.radians(90))
    """Γ: largest roll; positive: it is turned clockwise, and the face in the picture the other way."""
    sideways_m: float = 0.06
    """Largest shift Δt across the camera's axis, each way."""
    nearer_m: float = 0.35
    """Largest shift along it towards the face."""
    farther_m: float = 0.15
    """Largest shift along it away from the face."""
    smallest_share: float = 0.5
    """Least side of the box around the landmarks over the picture's side."""

    def rotation(self, azimuth_rad: float, elevation_rad: float, roll_rad: float) -> Float[np.ndarray, "3 3"]:
        """Rotation of camera_from_world, OpenCV's axes."""
        world_to_viewer = matrix_from_rotation_vector(
            np.array([elevation_rad, 0.0, 0.0])
        ) @ matrix_from_rotation_vector(np.array([0.0, -azimuth_rad, 0.0]))
        rolled = matrix_from_rotation_vector(np.array([0.0, 0.0, -roll_rad]))
        return rolled @ np.diag([1.0, -1.0, -1.0]) @ world_to_viewer

    def to_sphere_m(self, rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " 3"]:
        """Translation of a camera with this rotation that stands on the sphere and looks at its centre."""
        return np.array([0.0, 0.0, self.radius_m]) - rotation @ np.array(self.look_at_m)

    def camera(
        self,
        azimuth_rad: float,
        elevation_rad: float,
        *,
        roll_rad: float = 0.0,
        shift_m: Float[np.ndarray, " 3"] | None = None,
        size_px: int = 224,
    ) -> Camera:
        """One of them.

        Args:
            shift_m: Δt, in the camera's frame, added to the translation; None: none.
            size_px: side of its square picture.
        """
        rotation = self.rotation(azimuth_rad, elevation_rad, roll_rad)
        pose = np.eye(4)
        pose[:3, :3] = rotation
        pose[:3, 3] = self.to_sphere_m(rotation) + (0 if shift_m is None else shift_m)
        return Camera.from_focal(
            self.focal * size_px, width_px=size_px, height_px=size_px, camera_from_world=pose
        )

    def frames(self, camera: Camera, template_m: Float[np.ndarray, "landmarks 3"]) -> bool:
        """Whether the box around the landmarks lies in the picture and is large enough in it."""
        points_px = camera.project(template_m)
        if not np.isfinite(points_px).all():
            return False
        low, high = points_px.min(axis=0), points_px.max(axis=0)
        inside = (low >= -0.5).all() and (high <= camera.width_px - 0.5).all()
        return bool(inside and (high - low).min() > self.smallest_share * camera.width_px)

    def random_angles(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """Azimuth, elevation and roll: even within their bounds, and accepted with the probability
        exp(-((α/A)² + (β/B)² + (γ/Γ)²)), so that extremes seldom come together."""
        bounds = np.array([self.azimuth_rad, self.elevation_rad, self.roll_rad])
        while True:
            share = rng.uniform(-1, 1, 3)
            if rng.random() < np.exp(-(share**2).sum()):
                azimuth, elevation, roll = share * bounds
                return float(azimuth), float(elevation), float(roll)

    def random_camera(
        self, rng: np.random.Generator, template_m: Float[np.ndarray, "landmarks 3"], *, size_px: int = 224
    ) -> Camera:
        """A draw: angles as `random_angles`, shifts even among those that `frames` accepts.

        Raises:
            InputError: no shift frames these landmarks; the space does not fit them.
        """
        for _ in range(_TRIES):
            azimuth, elevation, roll = self.random_angles(rng)
            for _ in range(40):
                across = rng.uniform(-self.sideways_m, self.sideways_m, 2)
                shift_m = np.array([*across, rng.uniform(-self.nearer_m, self.farther_m)])
                camera = self.camera(azimuth, elevation, roll_rad=roll, shift_m=shift_m, size_px=size_px)
                if self.frames(camera, template_m):
                    return camera
        raise InputError(
            f"no camera at about {self.radius_m} m frames these landmarks, which span "
            f"{np.ptp(template_m, axis=0).max():.3g} m; set radius and look-at to where the face is",
            source="cameras",
        )


LABEL_VIEWS_RAD = tuple(
    (float(np.radians(azimuth)), float(np.radians(elevation)))
    for azimuth, elevation in ((0, -12), (35, 8), (-35, 8), (65, -5), (-65, -5))
)
"""Azimuth and elevation of the fixed views from which pseudo-labels are lifted."""


def label_cameras(space: CameraSpace, *, size_px: int = 224) -> list[Camera]:
    """The fixed views of every latent."""
    return [space.camera(azimuth, elevation, size_px=size_px) for azimuth, elevation in LABEL_VIEWS_RAD]


def many_label_cameras(space: CameraSpace, count: int, *, size_px: int = 224) -> list[Camera]:
    """So many fixed views, spread evenly over 75° to each side and 30° up and down: the more, the better a
    noisy detector's labels."""
    golden = (np.sqrt(5) - 1) / 2
    cameras = []
    for index in range(count):
        azimuth = np.radians(75) * (2 * (index + 0.5) / count - 1)
        elevation = np.radians(30) * (2 * ((index * golden + 0.5) % 1) - 1)
        cameras.append(space.camera(float(azimuth), float(elevation), size_px=size_px))
    return cameras
