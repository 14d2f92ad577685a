"""Can it be? What is said of fits that no face in front of a camera leads to."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.results import HeadFit
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D

NEAREST_M, FARTHEST_M = 0.03, 100.0
"""Least distance of any landmark from the camera, and greatest of the head."""
SMALLEST_RADIUS_PX = 1.5
"""RMS radius of a face in its picture; one of 40 pixels has about 12."""
LARGEST_RESIDUAL = 0.15
"""Median distance of fitted points from landmarks, over the face's radius: faces have 0.01 to 0.05."""
FEWEST_LANDMARKS = 6
LEAST_INFORMATION = 20.0
"""Σ (radius / σ)² below which landmarks say nothing about where the head is."""


def unusable_landmarks(landmarks: Landmarks2D) -> str | None:
    """Why no head can be fitted to these landmarks; None where one can."""
    known = landmarks.known
    count = int(known.sum())
    if count < FEWEST_LANDMARKS:
        return f"only {count} of {len(landmarks)} landmarks are known, and {FEWEST_LANDMARKS} are the least"
    radius_px = landmarks.radius_px
    if radius_px < 1e-3:
        return "all landmarks lie in one point"
    if radius_px < SMALLEST_RADIUS_PX:
        return f"the face is only {2 * radius_px:.2g} px large"
    with np.errstate(divide="ignore", over="ignore"):
        information = float(((radius_px / landmarks.sigma_px[known]) ** 2).sum())
    if information < LEAST_INFORMATION:
        return f"the landmarks' deviations are larger than the face, which is {2 * radius_px:.3g} px large"
    return None


def too_near(landmarks: Landmarks2D, camera: Camera, head: Head) -> str | None:
    """Why no pose was found, where the camera's focal length leaves no room for one; None where it does."""
    places_m = head.mean_m[head.landmark_set(landmarks.set_name).vertices]
    radius_m = float(np.sqrt(((places_m - places_m.mean(axis=0)) ** 2).sum(axis=1).mean()))
    depth_m = camera.focal_px * radius_m / landmarks.radius_px
    if depth_m > 2 * radius_m:
        return None
    return (
        f"the head's middle would be {100 * depth_m:.2g} cm from the camera; is the focal length, "
        f"{camera.focal_px:.4g} px, right?"
    )


def implausible(fit: HeadFit, head: Head) -> str | None:
    """Why a fit cannot be a face, in words that go on after "the fit is implausible:"; None where it can."""
    reason = implausible_place(fit.parameters, fit.camera, head, fit.landmarks.set_name)
    if reason is None:
        reason = _implausible_residual(fit.residuals_px, fit.landmarks)
    if reason is None and not fit.identity_known:
        reason = _implausible_identity(fit.parameters.identity)
    return reason


def implausible_place(parameters: HeadParameters, camera: Camera, head: Head, set_name: str) -> str | None:
    """Why a head cannot be where it is; None where it can."""
    focal = f"is the focal length, {camera.focal_px:.4g} px, right?"
    depth_m = float(camera.to_camera(parameters.root_translation_m)[2])
    if not math.isfinite(depth_m):
        return "the head is at no place that could be told"
    if depth_m > FARTHEST_M:
        return f"the head would be {depth_m:,.0f} m from the camera; {focal}"
    # Only who is near can be too near: no landmark is 0.3 m from the head's origin.
    if depth_m < NEAREST_M + 0.3:
        landmarks_m = head.vertices_m(parameters)[head.landmark_set(set_name).vertices]
        nearest_m = float(camera.to_camera(landmarks_m)[:, 2].min())
        if nearest_m < NEAREST_M:
            return f"the face would be {100 * max(nearest_m, 0):.1f} cm from the camera; {focal}"
    return None


def _implausible_residual(
    residuals_px: Float[np.ndarray, "landmarks 2"], landmarks: Landmarks2D
) -> str | None:
    offsets_px = np.linalg.norm(residuals_px[landmarks.known], axis=1)
    if not np.isfinite(offsets_px).all():
        return "the head lies behind the camera in part"
    residual = float(np.median(offsets_px)) / landmarks.radius_px
    if residual > LARGEST_RESIDUAL:
        return (
            f"the head's points lie {residual:.0%} of the face's radius beside the landmarks; are they a "
            "face's, in the order of their set?"
        )
    return None


def _implausible_identity(identity: Float[np.ndarray, " identity"]) -> str | None:
    # Weights are standard normal over people, so their norm is near √I for everybody; a fit's are looser.
    length = float(np.linalg.norm(identity))
    if length > 1.5 * math.sqrt(len(identity)) + 5:
        return f"a shape {length:.0f} standard deviations from the mean head is nobody's"
    return None
