"""What landmarks in fields are compared with (FLNeRF, Table 1): 2D landmarks triangulated, and single
pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.geometry.alignment import align_similarity
from mien.heads.library import load_head
from mien.landmarks.triangulation import triangulate

WHITE = 255


@dataclass(frozen=True)
class Shot:
    """A picture with its camera."""

    image: UInt8[np.ndarray, "h w 3"]
    camera: Camera


def on_white(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    """A cut-out over white."""
    alpha = rgba[..., 3:].astype(float) / 255
    return np.rint(rgba[..., :3] * alpha + WHITE * (1 - alpha)).astype(np.uint8)


def triangulated_landmarks(shots: Sequence[Shot], landmarker: object) -> Float[np.ndarray, "68 3"]:
    """Our 2D landmarks in several pictures, triangulated; NaN if fewer than two show a face."""
    found = []
    for shot in shots:
        faces = landmarker(shot.image)  # type: ignore[operator]
        if faces:
            found.append((faces[0].to("ict68"), shot.camera))
    if len(found) < 2:
        return np.full((68, 3), np.nan)
    points = np.stack([face.points_px for face, _ in found]).astype(float)
    sigma = np.stack([face.sigma_px for face, _ in found]).astype(float)
    return triangulate(points, sigma, [camera for _, camera in found])


def triangulated_truth(
    shots: Sequence[Shot], true_m: Float[np.ndarray, "68 3"], *, noise_px: float
) -> Float[np.ndarray, "68 3"]:
    """What triangulation gives where every point of every picture is off by independent Gaussian noise."""
    rng = np.random.default_rng(0)
    points = np.stack([shot.camera.project(true_m) for shot in shots])
    noisy = points + rng.normal(0, noise_px, points.shape)
    return triangulate(noisy, np.full(points.shape[:2], noise_px), [shot.camera for shot in shots])


@dataclass(frozen=True)
class SinglePictureLandmarks:
    """Landmarks of the head fitted to one picture; NaN where no face was found.

    Attributes:
        as_placed_m: (68, 3) in the world by the known camera; aligned_m: after a similarity onto the truth,
            which takes away what one picture cannot tell (distance and size).
    """

    as_placed_m: Float[np.ndarray, "68 3"]
    aligned_m: Float[np.ndarray, "68 3"]


def single_picture_landmarks(
    shot: Shot, true_m: Float[np.ndarray, "68 3"], landmarker: object
) -> SinglePictureLandmarks:
    """Our single-picture fit, with the camera's true focal length."""
    from mien.fitting.photo import fit_landmarks

    nothing = np.full((68, 3), np.nan)
    faces = landmarker(shot.image)  # type: ignore[operator]
    if not faces:
        return SinglePictureLandmarks(nothing, nothing)
    own = replace(shot.camera, camera_from_world=PICTURE_CAMERA_FROM_WORLD)
    fit = fit_landmarks(faces[0], own)
    if not fit.status.usable:
        return SinglePictureLandmarks(nothing, nothing)
    head = load_head()
    in_picture_m = head.vertices_m(fit.parameters)[head.landmark_set("ict68").vertices]
    local_m = own.to_camera(in_picture_m)
    placed = local_m @ shot.camera.world_from_camera[:3, :3].T + shot.camera.world_from_camera[:3, 3]
    return SinglePictureLandmarks(placed, align_similarity(placed, true_m).apply(placed))
