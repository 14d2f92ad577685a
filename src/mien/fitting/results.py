"""What fitting returns: a head for a picture, a head through a video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status


@dataclass(frozen=True)
class HeadFit:
    """A head fitted to the landmarks of one face in one picture.

    Attributes:
        parameters: identity, expression, joints and root pose in the world. For a single picture the
            world's origin is the camera's centre, +x the picture's right, +y up, +z from the scene towards
            the viewer, so a face that looks into the camera has a root rotation near zero.
        camera: the camera in that world.
        landmarks: what was fitted.
        residuals_px: (L, 2) projected model point minus landmark.
        status, iterations, cost_history: how the solver went.
        head_name, head_version: which head model the parameters belong to.
    """

    parameters: HeadParameters
    camera: Camera
    landmarks: Landmarks2D
    residuals_px: Float[np.ndarray, "landmarks 2"]
    status: Status
    iterations: int
    cost_history: tuple[float, ...]
    head_name: str
    head_version: str


@dataclass(frozen=True)
class HeadTrack:
    """One person's head through a video.

    Attributes:
        times_s: (F,) presentation time of each frame.
        identity: (I,) shared by all frames.
        expression: (F, E); joint_rotations: (F, 4, 3); root_rotation: (F, 3); root_translation_m: (F, 3).
            Rows of lost frames repeat the last good one.
        tracked: (F,) False where the face was lost.
        camera: one camera for the whole video.
        points_px, sigma_px: (F, L, 2), (F, L) landmarks, smoothed over time; NaN where lost.
        set_name: their landmark set.
        head_name, head_version: which head model the parameters belong to.
        frames_per_second: nominal frame rate.
    """

    times_s: Float[np.ndarray, " frames"]
    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, "frames expression"]
    joint_rotations: Float[np.ndarray, "frames 4 3"]
    root_rotation: Float[np.ndarray, "frames 3"]
    root_translation_m: Float[np.ndarray, "frames 3"]
    tracked: Bool[np.ndarray, " frames"]
    camera: Camera
    points_px: Float[np.ndarray, "frames landmarks 2"]
    sigma_px: Float[np.ndarray, "frames landmarks"]
    set_name: str
    head_name: str
    head_version: str
    frames_per_second: float

    def __len__(self) -> int:
        return len(self.times_s)

    def parameters(self, frame: int) -> HeadParameters:
        """The head in one frame."""
        return HeadParameters(
            identity=self.identity,
            expression=self.expression[frame],
            joint_rotations=self.joint_rotations[frame],
            root_rotation=self.root_rotation[frame],
            root_translation_m=self.root_translation_m[frame],
        )
