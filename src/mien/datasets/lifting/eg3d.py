"""A 3D-aware GAN that takes EG3D's camera labels, as a generator of posed views."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.errors import ShapeError
from mien.lifting.camera_space import CameraSpace
from mien.lifting.generator import GeneratedView

DrawLatent = Callable[[int, np.ndarray], np.ndarray]
"""A latent's number and the camera's 25 numbers to an (S, S, 3) uint8 RGB picture."""


class Eg3dGenerator:
    """A `MultiViewGenerator` around somebody's own EG3D-style network.

    Its world is EG3D's: the face looks along +z with +y up, cameras have OpenCV's axes. A camera is told by
    25 numbers: world_from_camera (4, 4) in the network's units, then intrinsics (3, 3) over the picture's
    side, with the principal point at 0.5.

    >>> def make():                                     # mien lift views --generator my_gan:make
    ...     network = load_my_gan()
    ...     def draw(latent, camera): return network.picture(seed=latent, c=camera)
    ...     return Eg3dGenerator(draw, metres_per_unit=0.3)
    """

    exact_set: str | None = None

    def __init__(self, draw: DrawLatent, *, metres_per_unit: float, space: CameraSpace | None = None) -> None:
        """
        Args:
            draw: the network.
            metres_per_unit: of its world: a head is about 0.24 m high.
            space: its cameras; None: EG3D's sphere of radius 2.7 and focal length 4.2647.
        """
        self._draw, self._metres = draw, metres_per_unit
        usual = CameraSpace(
            radius_m=2.7 * metres_per_unit, look_at_m=(0.0, 0.0, 0.2 * metres_per_unit), focal=4.2647
        )
        self.space = usual if space is None else space

    def views(self, latent: int, cameras: Sequence[Camera]) -> list[GeneratedView]:
        """See `MultiViewGenerator`.

        Raises:
            ShapeError: a picture has another size than its camera's.
        """
        views = []
        for camera in cameras:
            picture = np.asarray(self._draw(latent, camera_label(camera, metres_per_unit=self._metres)))
            expected = (camera.height_px, camera.width_px, 3)
            if picture.shape != expected or picture.dtype != np.uint8:
                raise ShapeError(
                    f"a generator's picture of dtype {picture.dtype}",
                    expected=f"{expected} of uint8; choose --size as the network has it",
                    actual=picture.shape,
                )
            views.append(GeneratedView(picture, camera))
        return views


def camera_label(camera: Camera, *, metres_per_unit: float) -> Float[np.ndarray, " 25"]:
    """EG3D's 25 numbers of a camera."""
    pose = camera.world_from_camera
    pose[:3, 3] /= metres_per_unit
    intrinsics = camera.intrinsics.copy()
    intrinsics[:2, 2] += 0.5  # there a pixel's edge is at whole numbers
    intrinsics[0] /= camera.width_px
    intrinsics[1] /= camera.height_px
    return np.concatenate([pose.ravel(), intrinsics.ravel()])
