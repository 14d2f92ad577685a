"""What is known of a picture's camera before a head is fitted to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.errors import InputError
from mien.fitting.config import FitConfig
from mien.fitting.terms.focal_prior import FocalTerm
from mien.images.photo import Photo

FocalKnowledge = Literal["fixed", "near", "free"]
"""fixed: the focal length is known and kept; near: nearly known, as from EXIF data; free: a guess."""


@dataclass(frozen=True)
class CameraPrior:
    """What is known of the camera: all of it, its focal length nearly, or only the picture's size.

    >>> mien.fit_photo(image, camera=mien.CameraPrior.near(1400.0, width_px=1920, height_px=1080))

    Attributes:
        camera: the camera that a fit starts from; with "fixed" also the one that it ends with.
        focal: what is known of its focal length. Where that is an unknown of the fit, its logarithm has a
            normal prior about the start's, of deviation `FitConfig.log_focal_std_known` ("near") or
            `log_focal_std` ("free").

    Raises:
        InputError: the focal length is no positive number.
    """

    camera: Camera
    focal: FocalKnowledge = "fixed"

    def __post_init__(self) -> None:
        focal_px = self.camera.focal_px
        if not (np.isfinite(focal_px) and focal_px > 0):
            raise InputError(
                f"the focal length must be a positive number of pixels, not {focal_px:g}; where it is not "
                "known use CameraPrior.free"
            )

    @staticmethod
    def known(camera: Camera) -> CameraPrior:
        """A calibrated camera: its focal length is kept, and the head is placed in its world."""
        return CameraPrior(camera, "fixed")

    @staticmethod
    def near(focal_px: float, *, width_px: int, height_px: int) -> CameraPrior:
        """A focal length that is nearly known, pixels of a picture of this size; refined by the fit."""
        camera = Camera.from_focal(
            focal_px,
            width_px=width_px,
            height_px=height_px,
            camera_from_world=PICTURE_CAMERA_FROM_WORLD,
        )
        return CameraPrior(camera, "near")

    @staticmethod
    def free(*, width_px: int, height_px: int) -> CameraPrior:
        """Nothing is known but the picture's size: a loose prior about √(H² + W²) pixels (Simic's thesis, eq.
        3.38)."""
        guess = CameraPrior.near(float(np.hypot(width_px, height_px)), width_px=width_px, height_px=height_px)
        return CameraPrior(guess.camera, "free")

    @staticmethod
    def of_photo(photo: Photo) -> CameraPrior:
        """What the photo's file says: near the focal length of its EXIF data where it has one, else free."""
        height_px, width_px = photo.image.shape[:2]
        if photo.focal_px is None:
            return CameraPrior.free(width_px=width_px, height_px=height_px)
        return CameraPrior.near(photo.focal_px, width_px=width_px, height_px=height_px)

    @staticmethod
    def of(camera: Camera | CameraPrior) -> CameraPrior:
        """A plain camera is one that is known."""
        return camera if isinstance(camera, CameraPrior) else CameraPrior.known(camera)

    @property
    def focal_unknown(self) -> bool:
        """Whether the fit has to find the focal length."""
        return self.focal != "fixed"

    def focal_term(self, config: FitConfig) -> FocalTerm | None:
        """The prior of the focal length; None where it is known."""
        if not self.focal_unknown:
            return None
        known = self.focal == "near"
        deviation = config.log_focal_std_known if known else config.log_focal_std
        return FocalTerm(self.camera.focal_px, deviation)
