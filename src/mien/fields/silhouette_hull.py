"""Where the head can be: the bounding box, and the cells inside every silhouette (visual hull)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float

from mien.camera_files.validation import meeting_point, seen_fraction, seen_radius_m
from mien.cameras import Camera
from mien.errors import InputError
from mien.fields.grids.occupancy import Occupancy
from mien.fields.posed_images import PosedImages

SEEN_BY = 0.5
"""Space that fewer of the cameras see is left out."""
TOLERANCE = 0.03
"""A cell stays although this fraction of the silhouettes excludes it: a bad mask among many must not cut."""
MATTE_TOLERANCE = 0.12
"""The same of mattes that were told by colours."""
FAINT_ALPHA = 12
"""Of 255: less is what reducing and compressing pictures leaves around a silhouette."""
SURELY = 200
"""Of 255: mattes that are less sure carve nothing away."""
_SEARCH_CELLS = 48


def automatic_bounds(images: PosedImages, *, margin: float) -> Float[np.ndarray, "2 3"]:
    """The box around the visual hull; without silhouettes, around what at least half of the cameras see.

    Args:
        margin: added on each side, as a fraction of the box's side.

    Raises:
        InputError: the silhouettes do not meet, or the cameras see nothing together.
    """
    centre_m, _ = meeting_point(images.cameras)
    radius_m = 1.2 * seen_radius_m(images.cameras, centre_m)
    bounds_m = np.stack([centre_m - radius_m, centre_m + radius_m])
    for _ in range(2):  # the second time with finer cells
        found = hull(images, bounds_m, size=_SEARCH_CELLS).extent()
        if found is None:
            raise InputError(_explain_nothing(images), source=images.source or None)
        side_m = bounds_m[1] - bounds_m[0]
        bounds_m = bounds_m.mean(axis=0) + found.numpy() * side_m / 2
    side_m = bounds_m[1] - bounds_m[0]
    return bounds_m + np.stack([-margin * side_m, margin * side_m])


def hull(images: PosedImages, bounds_m: Float[np.ndarray, "2 3"], *, size: int) -> Occupancy:
    """Cells of a box that lie, with all they touch, inside the silhouettes and in enough pictures."""
    occupancy = Occupancy.full(size)
    half_m = (bounds_m[1] - bounds_m[0]) / 2
    points_m = (occupancy.centres().numpy().astype(float) * half_m) + bounds_m.mean(axis=0)
    kept = seen_fraction(images.cameras, points_m) >= SEEN_BY
    if images.has_masks or images.mattes:
        inside = np.flatnonzero(kept)
        allowed = int((MATTE_TOLERANCE if images.mattes else TOLERANCE) * len(images))
        misses = np.zeros(len(inside), dtype=int)
        radius_m = float(np.linalg.norm(half_m)) / size
        for camera, silhouette in zip(images.cameras, _silhouettes(images), strict=True):
            misses += ~_may_be_inside(camera, silhouette, points_m[inside], radius_m)
            still = misses <= allowed
            inside, misses = inside[still], misses[still]
        kept = np.zeros(len(points_m), dtype=bool)
        kept[inside] = True
    return Occupancy(torch.from_numpy(kept.reshape(size, size, size)))


def _silhouettes(images: PosedImages) -> list[Bool[np.ndarray, "_ _"]]:
    """What may be the subject in each picture."""
    if images.mattes:  # all that is not known to be something else
        return [(matte[..., 0] > FAINT_ALPHA) | (matte[..., 1] < SURELY) for matte in images.mattes]
    return [rgba[..., 3] > FAINT_ALPHA for rgba in images.rgba]


def _may_be_inside(
    camera: Camera, mask: Bool[np.ndarray, "h w"], points_m: Float[np.ndarray, "n 3"], radius_m: float
) -> Bool[np.ndarray, " n"]:
    """Whether balls around points touch a silhouette; True where the picture does not show them."""
    if len(points_m) == 0:
        return np.zeros(0, dtype=bool)
    import cv2

    depth_m = np.median(camera.to_camera(points_m)[:, 2])
    reach_px = int(np.ceil(radius_m * camera.focal_px / max(float(depth_m), 1e-6)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach_px + 1, 2 * reach_px + 1))
    grown = cv2.dilate(mask.astype(np.uint8), kernel)
    pixels = camera.project(points_m)
    seen = np.asarray(np.isfinite(pixels).all(axis=1))
    x, y = np.rint(np.where(seen[:, None], pixels, -1)).astype(int).T
    seen &= (x >= 0) & (x < camera.width_px) & (y >= 0) & (y < camera.height_px)
    result = np.ones(len(points_m), dtype=bool)
    result[seen] = grown[y[seen], x[seen]] > 0
    return result


def _explain_nothing(images: PosedImages) -> str:
    if not images.has_masks:
        return "no space is seen by half of the cameras; check that all poses belong to one scene"
    culprit = _odd_one_out(images)
    return (
        "the silhouettes do not meet anywhere: poses and masks contradict each other. Check the axes of the "
        "poses (--axes opencv), that masks are white on the subject, and that the pictures are in the order "
        f"of their cameras{culprit}"
    )


def _odd_one_out(images: PosedImages) -> str:
    """Names the pictures whose silhouette misses the point where the cameras look."""
    centre_m, _ = meeting_point(images.cameras)
    missing = []
    for camera, rgba, name in zip(images.cameras, images.rgba, images.names, strict=True):
        radius_m = 0.2 * seen_radius_m([camera], centre_m)
        if not _may_be_inside(camera, rgba[..., 3] > FAINT_ALPHA, centre_m[None], radius_m)[0]:
            missing.append(name)
    if 0 < len(missing) <= len(images) // 2:
        return f"; suspects: {', '.join(missing[:5])}"
    return ""


def typical_up(cameras: Sequence[Camera]) -> Float[np.ndarray, " 3"]:
    """Mean direction that is up in the pictures, unit, world; an axis of the world when that is near."""
    up = -np.mean([camera.camera_from_world[1, :3] for camera in cameras], axis=0)
    if np.linalg.norm(up) < 1e-3:
        return np.array([0.0, 1.0, 0.0])
    return nearest_axis(up)


def nearest_axis(direction: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    """The axis of the world within 25° of a direction, or the direction itself; unit."""
    direction = direction / np.linalg.norm(direction)
    nearest = np.zeros(3)
    axis = np.abs(direction).argmax()
    nearest[axis] = np.sign(direction[axis])
    return nearest if direction @ nearest > np.cos(np.radians(25)) else direction
