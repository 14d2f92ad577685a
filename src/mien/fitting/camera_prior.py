"""What is known of a picture's camera before a head is fitted to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.errors import InputError, check_type
from mien.fitting.config import FitConfig
from mien.fitting.scene.head_problem import Term
from mien.fitting.terms.distance_prior import DistanceTerm
from mien.fitting.terms.focal_prior import FocalTerm
from mien.images.borders import Content, content_of
from mien.images.photo import Photo
from mien.landmarks.landmarker import check_image

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
            `log_focal_std` ("free"). With "free" the head's distance has a prior too, `log_distance_std`
            about `distance_m`.
        whole: the picture is known to be all that the lens saw, so that the lens' axis goes through its
            middle. Otherwise it may be a part of another picture, and a face's shape is read as if the axis
            went through the face (`mien.fitting.lens_axis`).
        content: what of the picture is one, without plain bars that were put around it; None: all of it.
        alternatives: what else may be the case, as where a picture was either scaled or cut: the best fit
            decides.

    Raises:
        InputError: the focal length is no positive number.
    """

    camera: Camera
    focal: FocalKnowledge = "fixed"
    whole: bool = True
    content: Content | None = None
    alternatives: tuple[CameraPrior, ...] = ()

    def __post_init__(self) -> None:
        call = "mien.CameraPrior(camera), or CameraPrior.near and CameraPrior.free"
        check_type(self.camera, Camera, argument="camera", call=call)
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
        return CameraPrior(guess.camera, "free", whole=False)

    @staticmethod
    def of_image(image: UInt8[np.ndarray, "height width 3"]) -> CameraPrior:
        """Nothing is known but the picture, (H, W, 3): as `free` of its size without bars around it."""
        check_image(image)
        height_px, width_px = image.shape[:2]
        content = content_of(image)
        guess = CameraPrior.near(content.diagonal_px, width_px=width_px, height_px=height_px)
        return CameraPrior(guess.camera, "free", whole=False, content=content)

    @staticmethod
    def of_photo(photo: Photo) -> CameraPrior:
        """What the photo's file says: near the focal length of its EXIF data where it has one, else free.

        Of a picture that was cut out of the one that they are about, it is that one's, unless it was scaled
        too.
        """
        height_px, width_px = photo.image.shape[:2]
        whole = part = None
        if photo.focal_px is not None:
            near = CameraPrior.near(photo.focal_px, width_px=width_px, height_px=height_px)
            whole = replace(near, whole=photo.uncut)
        if photo.part_focal_px is not None:
            near = CameraPrior.near(photo.part_focal_px, width_px=width_px, height_px=height_px)
            part = replace(near, whole=False)
        if part is None:
            return whole or CameraPrior.of_image(photo.image)
        return replace(part, alternatives=(whole or CameraPrior.of_image(photo.image),))

    @staticmethod
    def of(camera: Camera | CameraPrior) -> CameraPrior:
        """A plain camera is one that is known.

        Raises:
            InputError: it is neither.
        """
        check_type(
            camera,
            (Camera, CameraPrior),
            argument="camera",
            call="mien.fit_photo(image, camera=mien.CameraPrior.near(focal_px, width_px=…, height_px=…))",
        )
        return camera if isinstance(camera, CameraPrior) else CameraPrior.known(camera)

    @property
    def focal_unknown(self) -> bool:
        """Whether the fit has to find the focal length."""
        return self.focal != "fixed"

    def focal_term(self, config: FitConfig) -> FocalTerm | None:
        """The prior of the focal length; None where it is known."""
        if not self.focal_unknown:
            return None
        if self.focal == "near":
            return FocalTerm(self.camera.focal_px, config.log_focal_std_known)
        return FocalTerm(
            self.camera.focal_px,
            config.log_focal_std,
            config.shortest_focal * self.camera.focal_px,
            config.shortest_focal_std,
        )

    def terms(self, config: FitConfig) -> tuple[Term, ...]:
        """The priors of the focal length, and where that is a guess of the head's distance.

        How large a face is in a picture depends on the camera, and how large the picture is on who cut it
        out: what a face looks like, near or far, must count for more than the picture's size.
        """
        focal = self.focal_term(config)
        if focal is None:
            return ()
        if self.focal == "near":
            return (focal,)
        return focal, DistanceTerm(config.distance_m, config.log_distance_std)
