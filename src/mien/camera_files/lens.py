"""Lenses that are no pinholes: what files call them, and pictures made as a pinhole would have taken them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from mien.cameras import Camera
from mien.errors import InputError

Projection = Literal["perspective", "fisheye"]

_NEGLIGIBLE = 1e-8
_LARGEST_TERM = 1e3
_STRIP_PIXELS = 1_000_000
MAX_FIELD_OF_VIEW_RAD = float(np.radians(150.0))
"""Of a pinhole; what a fisheye shows beyond it has no place in its picture."""


@dataclass(frozen=True, eq=False)
class Lens:
    """A lens with distortion (Brown–Conrady, or the fisheye of Kannala and Brandt as OpenCV has it).

    Attributes:
        projection: "perspective" bends a pinhole's picture, "fisheye" one in which distances from the middle
            grow with the angle.
        terms: OpenCV's coefficients: k1, k2, p1, p2, k3, k4, k5, k6 of a perspective lens (the first 4, 5 or
            8), k1 to k4 of a fisheye.
        intrinsics: (3, 3) pixels, of the picture as the lens took it.
        width_px, height_px: its size.
    """

    projection: Projection
    terms: tuple[float, ...]
    intrinsics: Float[np.ndarray, "3 3"]
    width_px: int
    height_px: int

    def pinhole(self) -> Float[np.ndarray, "3 3"]:
        """(3, 3) intrinsics, pixels, of a pinhole whose picture of the same size the lens fills."""
        import cv2

        size = self.width_px, self.height_px
        if self.projection == "fisheye":
            found = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
                self.intrinsics, np.array(self.terms), size, np.eye(3), balance=0.0
            )
        else:
            found, _ = cv2.getOptimalNewCameraMatrix(self.intrinsics, np.array(self.terms), size, 0.0)
        return np.asarray(found, float)

    def grows_to(self, tangent: float) -> bool:
        """Whether what is further from the axis lies further from the picture's middle, up to a tangent."""
        r = np.linspace(0.0, tangent, 200)
        if self.projection == "fisheye":
            angle = np.arctan(r)
            powers = angle[:, None] ** np.arange(2, 10, 2)
            bent = angle * (1 + powers @ np.array(self.terms))
        else:
            k1, k2, _, _, *rest = (*self.terms, *[0.0] * (8 - len(self.terms)))
            k3, k4, k5, k6 = rest
            with np.errstate(divide="ignore", invalid="ignore"):
                bent = r * (1 + k1 * r**2 + k2 * r**4 + k3 * r**6) / (1 + k4 * r**2 + k5 * r**4 + k6 * r**6)
        return bool((np.diff(bent) > 0).all())

    def undistorted(
        self, image: Shaped[np.ndarray, "height width *channels"], camera: Camera, *, exact: bool = False
    ) -> Shaped[np.ndarray, "height width *channels"]:
        """A picture that this lens took, as a pinhole would have taken it.

        Args:
            image: in its stored size, which may be another than the lens's.
            camera: of the result, with the size of `image`.
            exact: take the nearest value instead of a mean: for depths.
        """
        import cv2

        height, width = image.shape[:2]
        own = Camera(self.intrinsics, np.eye(4), self.width_px, self.height_px)
        k = own.resized(width_px=width, height_px=height).intrinsics
        terms, how = np.array(self.terms), cv2.INTER_NEAREST if exact else cv2.INTER_LINEAR
        make = cv2.fisheye if self.projection == "fisheye" else cv2
        image, result = np.ascontiguousarray(image), np.empty_like(image)
        rows = max(1, _STRIP_PIXELS // width)
        for top in range(0, height, rows):  # maps of the whole would take more than the picture
            strip = camera.intrinsics - np.array([[0, 0, 0], [0, 0, top], [0, 0, 0]])
            size = width, min(rows, height - top)
            maps = make.initUndistortRectifyMap(k, terms, np.eye(3), strip, size, cv2.CV_32FC1)
            result[top : top + rows] = cv2.remap(image, maps[0], maps[1], how).reshape(
                result[top : top + rows].shape
            )
        return result


def is_distorted(terms: Sequence[float]) -> bool:
    """Whether any term of a perspective lens does anything."""
    return any(abs(value) > _NEGLIGIBLE for value in terms)


def refuse_distortion(terms: Sequence[float], *, source: str | Path) -> None:
    """For who takes pinholes alone.

    Raises:
        InputError: a term is not zero.
    """
    if is_distorted(terms):
        raise InputError(
            f"has lens distortion {[round(float(v), 6) for v in terms]}, and mien's cameras are "
            "pinholes: undistort the pictures first (colmap image_undistorter, cv2.undistort), or pass "
            "ignore_distortion=True",
            source=source,
        )


def undistorting_camera(
    projection: Projection, terms: Sequence[float], camera: Camera, *, source: str | Path, name: str
) -> tuple[Camera, Lens]:
    """The pinhole for a lens's undistorted pictures, and the lens.

    Args:
        terms: as `Lens.terms`.
        camera: with the lens's own intrinsics, pixel (0, 0) the centre of the top-left one.

    Raises:
        InputError: terms are not finite or huge, or no pinhole shows what the lens does.
    """
    terms = tuple(float(value) for value in terms)
    if not all(abs(value) <= _LARGEST_TERM for value in terms):
        raise InputError(
            f"the lens of {name!r} has terms of distortion that cannot be: {terms}", source=source
        )
    lens = Lens(projection, terms, camera.intrinsics, camera.width_px, camera.height_px)
    try:
        intrinsics = lens.pinhole()
    except Exception as error:  # cv2.error
        raise InputError(f"the lens of {name!r} cannot be undistorted", source=source) from error
    sides = np.array([camera.width_px, camera.height_px])
    angles = 2 * np.arctan(0.5 * sides / np.diagonal(intrinsics)[:2])
    if not np.isfinite(intrinsics).all() or (np.diagonal(intrinsics) <= 0).any():
        raise InputError(
            f"the lens of {name!r} cannot be undistorted: its terms fold the picture", source=source
        )
    if angles.max() > MAX_FIELD_OF_VIEW_RAD:
        raise InputError(
            f"the lens of {name!r} sees {np.degrees(angles.max()):.0f}°, more than a pinhole can; cut its "
            "pictures down to the middle",
            source=source,
        )
    if not lens.grows_to(np.hypot(*(sides / np.diagonal(intrinsics)[:2])) / 2):
        raise InputError(f"the lens of {name!r} cannot be undistorted: it folds the picture", source=source)
    undistorted = Camera(intrinsics, camera.camera_from_world, camera.width_px, camera.height_px)
    return undistorted, lens
