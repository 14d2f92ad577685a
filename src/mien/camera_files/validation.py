"""Whether cameras can have taken pictures of one thing, and if not, why not.

Wrong axes, inverted poses, other units, no overlap: the mistakes that make a reconstruction fail without a
word.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.errors import InputError

MIN_FIELD_OF_VIEW_RAD, MAX_FIELD_OF_VIEW_RAD = np.radians(1.0), np.radians(150.0)
PLAUSIBLE_SIZE_M = (0.05, 5.0)
"""Extent of what the cameras look at; beyond it the unit of length is probably not the metre."""
PARALLEL = 1e-4
"""Mean squared sine of the angle between optical axes below which they count as parallel."""
_OVERLAP = 0.5
"""Some point must be seen by this fraction of the cameras."""


def validate_cameras(cameras: Sequence[Camera], *, names: Sequence[str], source: str | Path) -> list[str]:
    """Check cameras that are meant to look at one thing from several sides.

    Args:
        names: what the file calls the pictures, for messages.

    Returns:
        Sentences about what is odd but usable.

    Raises:
        InputError: they cannot be meant so; the message names the cause and what to do.
    """
    if len(cameras) < 2:
        raise InputError(
            f"has {len(cameras)} picture(s); a field needs several views, 10 or more from all sides",
            source=source,
        )
    for camera, name in zip(cameras, names, strict=True):
        _check_lens(camera, name, source)
    _check_places(cameras, source)
    warnings = []
    meeting, in_front = meeting_point(cameras)
    if in_front < 0.5:
        raise InputError(_explain_looking_away(cameras, in_front), source=source)
    if in_front < 1:
        count = round((1 - in_front) * len(cameras))
        warnings.append(f"{count} of {len(cameras)} cameras look away from where the others look")
    radius_m = seen_radius_m(cameras, meeting)
    overlap = seen_fraction(cameras, _probe(meeting, radius_m)).max()
    if overlap < _OVERLAP:
        raise InputError(
            f"has cameras without overlap: no point is seen by more than {overlap:.0%} of them; check that "
            "all poses belong to one scene and that the focal lengths are pixels of these pictures",
            source=source,
        )
    if not PLAUSIBLE_SIZE_M[0] <= 2 * radius_m <= PLAUSIBLE_SIZE_M[1]:
        warnings.append(
            f"the cameras see a region about {2 * radius_m:.3g} m across: the file's unit is probably not "
            "the metre; give metres_per_unit if sizes and depths shall be metric"
        )
    return warnings


def meeting_point(cameras: Sequence[Camera]) -> tuple[Float[np.ndarray, " 3"], float]:
    """The point nearest to all optical axes (least squares), and which fraction of the cameras look at it."""
    centres = np.array([camera.world_from_camera[:3, 3] for camera in cameras])
    forward = np.array([camera.camera_from_world[2, :3] for camera in cameras])
    middle = centres.mean(axis=0)
    across = np.eye(3) - forward[:, :, None] * forward[:, None, :]
    matrix = across.mean(axis=0)
    if np.linalg.eigvalsh(matrix)[0] < PARALLEL:  # they meet nowhere: somewhere in front that all can see
        spread_m = np.linalg.norm(centres - middle, axis=1).max()
        point = middle + 4 * spread_m * forward.mean(axis=0)
    else:
        right = (across @ (centres - middle)[:, :, None]).mean(axis=0)[:, 0]
        point = middle + np.linalg.solve(matrix, right)
    depths_m = ((point - centres) * forward).sum(axis=1)
    return point, float((depths_m > 0).mean())


def seen_radius_m(cameras: Sequence[Camera], centre_m: Float[np.ndarray, " 3"]) -> float:
    """Radius around a point that the picture of a typical camera shows, across its longer side."""
    radii = [
        camera.to_camera(centre_m)[2] * max(camera.width_px, camera.height_px) / 2 / camera.focal_px
        for camera in cameras
    ]
    return float(np.median([radius for radius in radii if radius > 0] or [1.0]))


def seen_fraction(cameras: Sequence[Camera], points_m: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Fraction of the cameras in whose picture each point lies."""
    count = np.zeros(len(points_m))
    for camera in cameras:
        x, y = camera.project(points_m).T  # NaN behind the camera: no comparison holds
        count += (x > -0.5) & (x < camera.width_px - 0.5) & (y > -0.5) & (y < camera.height_px - 0.5)
    return count / len(cameras)


def _probe(centre_m: np.ndarray, radius_m: float) -> np.ndarray:
    axis = np.linspace(-1, 1, 9) * radius_m
    return centre_m + np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)


def _check_lens(camera: Camera, name: str, source: str | Path) -> None:
    k, width, height = camera.intrinsics, camera.width_px, camera.height_px
    if not np.isfinite(k).all() or not np.isfinite(camera.camera_from_world).all():
        raise InputError(f"the camera of {name!r} has values that are not finite", source=source)
    if width < 1 or height < 1:
        raise InputError(f"the picture {name!r} has the size {width} × {height}", source=source)
    if k[0, 0] <= 0 or k[1, 1] <= 0:
        raise InputError(
            f"the camera of {name!r} has the focal length {k[0, 0]:.4g}, {k[1, 1]:.4g}; it must be positive",
            source=source,
        )
    angle = 2 * np.arctan(0.5 * max(width / k[0, 0], height / k[1, 1]))
    if not MIN_FIELD_OF_VIEW_RAD < angle < MAX_FIELD_OF_VIEW_RAD:
        raise InputError(
            f"the camera of {name!r} has a field of view of {np.degrees(angle):.3g}°: its focal length "
            f"{k[0, 0]:.4g} does not belong to a picture of {width} × {height}; it must be in its pixels",
            source=source,
        )
    if not (-0.5 * width < k[0, 2] < 1.5 * width and -0.5 * height < k[1, 2] < 1.5 * height):
        raise InputError(
            f"the camera of {name!r} has its principal point ({k[0, 2]:.1f}, {k[1, 2]:.1f}) far outside the "
            f"picture of {width} × {height}: its intrinsics belong to another size; scale them",
            source=source,
        )


def _check_places(cameras: Sequence[Camera], source: str | Path) -> None:
    centres = np.array([camera.world_from_camera[:3, 3] for camera in cameras])
    spread_m = np.linalg.norm(centres - centres.mean(axis=0), axis=1).max()
    inverted = np.array([camera.camera_from_world[:3, 3] for camera in cameras])
    distance_m = np.linalg.norm(inverted - inverted.mean(axis=0), axis=1).max()
    if spread_m < 1e-6 or spread_m < 1e-3 * distance_m:
        hint = (
            "the matrices are probably world to camera where camera to world is expected: invert them"
            if distance_m > 1e-6
            else "without different places there is no depth to be found"
        )
        raise InputError(f"has all cameras at the same place; {hint}", source=source)


def _explain_looking_away(cameras: Sequence[Camera], in_front: float) -> str:
    turn = np.diag([1.0, -1.0, -1.0, 1.0])
    flipped = [Camera(c.intrinsics, turn @ c.camera_from_world, c.width_px, c.height_px) for c in cameras]
    inverted = [
        Camera(c.intrinsics, turn @ c.world_from_camera @ turn, c.width_px, c.height_px) for c in cameras
    ]
    start = f"has cameras that look away from each other ({1 - in_front:.0%} of them): "
    reasons = {
        "their y and z axes are turned round. transforms.json means OpenGL's axes (y up, z backwards); for "
        'a file with OpenCV\'s (y down, z forwards) pass axes="opencv" (--axes opencv)': _missing(flipped),
        "the matrices are world to camera where camera to world is expected; invert them": _missing(inverted),
    }
    best = min(reasons, key=lambda reason: reasons[reason])
    if np.isfinite(reasons[best]):
        return start + best
    return start + "check the convention of the poses, and that they belong to one scene"


def _missing(cameras: Sequence[Camera]) -> float:
    """By how much the optical axes miss the point where they should meet, relative; infinite if behind."""
    point, in_front = meeting_point(cameras)
    if in_front < 0.9:
        return float("inf")
    local = np.array([camera.to_camera(point) for camera in cameras])
    return float(np.median(np.linalg.norm(local[:, :2], axis=1) / np.maximum(local[:, 2], 1e-12)))
