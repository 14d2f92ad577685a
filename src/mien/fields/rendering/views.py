"""Cameras around a field, and its pictures as files: turntables, depth, normals, alpha."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.protocol import Field
from mien.fields.rendering.picture import FieldPicture

TURNTABLE_FORMATS = (".mp4", ".gif", ".png")


def camera_towards(
    field: Field,
    *,
    azimuth_rad: float = 0.0,
    elevation_rad: float = 0.0,
    size_px: int = 256,
    distance_m: float | None = None,
) -> Camera:
    """A camera that looks at the middle of a field.

    Args:
        azimuth_rad: around the upward axis, from the front towards up × front (a head's left side).
        elevation_rad: above the horizon.
        distance_m: from the middle; that of the training cameras when None.
    """
    view = field.viewpoint
    up, front = np.array(view.up), np.array(view.front)
    front = front - (front @ up) * up
    front /= np.linalg.norm(front)
    side = np.cross(up, front)
    level = np.cos(azimuth_rad) * front + np.sin(azimuth_rad) * side
    outward = np.cos(elevation_rad) * level + np.sin(elevation_rad) * up
    # Right in the picture stays level, so that straight above and below work too.
    right = np.cross(up, level)
    down = -np.cross(outward, right)
    rotation = np.stack([right, down, -outward])
    target_m = field.bounds_m.mean(axis=0)
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = -rotation @ (target_m + (distance_m or view.distance_m) * outward)
    focal_px = 0.5 * size_px / np.tan(view.field_of_view_rad / 2)
    return Camera.from_focal(float(focal_px), width_px=size_px, height_px=size_px, camera_from_world=pose)


@checked_call
def turntable_cameras(
    field: Field, *, count: int = 48, size_px: int = 256, elevation_rad: float = 0.1
) -> list[Camera]:
    """Cameras once around a field, starting at the front."""
    return [
        camera_towards(
            field, azimuth_rad=2 * np.pi * step / count, elevation_rad=elevation_rad, size_px=size_px
        )
        for step in range(count)
    ]


def write_turntable(
    frames: Sequence[UInt8[np.ndarray, "h w 3"]], path: str | Path, *, frames_per_second: float = 16.0
) -> Path:
    """Write pictures as .mp4, .gif or, all on one sheet, .png.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        from mien.images.video import VideoWriter

        with VideoWriter(path, frames_per_second=frames_per_second) as video:
            for frame in frames:
                video.write(np.ascontiguousarray(frame))
        return path
    if suffix == ".gif":
        from mien.images.writing import write_gif

        return write_gif(path, frames, frames_per_second=frames_per_second)
    if suffix == ".png":
        from mien.images.writing import write_image

        columns = int(np.ceil(np.sqrt(len(frames))))
        blank = np.zeros_like(frames[0])
        padded = [*frames, *[blank] * (-len(frames) % columns)]
        rows = [np.concatenate(padded[i : i + columns], axis=1) for i in range(0, len(padded), columns)]
        return write_image(path, np.concatenate(rows))
    raise InputError(f"unknown format {suffix!r}; use {', '.join(TURNTABLE_FORMATS)}", source=path)


def depth_in_millimetres(picture: FieldPicture) -> np.ndarray:
    """(H, W) uint16 depth along the camera's axis, millimetres; 0 where there is none (beyond 65.5 m too)."""
    mm = np.nan_to_num(1000 * picture.depth_m)
    return np.where(mm < 65535.5, np.rint(mm), 0).astype(np.uint16)


def normals_as_colors(picture: FieldPicture) -> UInt8[np.ndarray, "h w 3"]:
    """Normals in the camera's frame as usual in pictures: red right, green up, blue towards the viewer."""
    if picture.normals is None:
        raise InputError("was rendered without normals; ask for them", source="picture")
    local = picture.normals @ picture.camera.camera_from_world[:3, :3].T * [1.0, -1.0, -1.0]
    known = np.linalg.norm(picture.normals, axis=2, keepdims=True) > 0
    return np.rint(127.5 * (local + 1) * known).astype(np.uint8)


def shown_depth(picture: FieldPicture, *, near_m: float, far_m: float) -> UInt8[np.ndarray, "h w 3"]:
    """Depth for people: near is light, far is dark, nothing is black."""
    part = (far_m - picture.depth_m) / max(far_m - near_m, 1e-9)
    grey = np.nan_to_num(40 + 215 * np.clip(part, 0, 1)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def depth_range_m(field: Field) -> Float[np.ndarray, " 2"]:
    """Nearest and farthest depth of most of a field, seen from its viewpoint's distance."""
    radius_m = float(np.linalg.norm(field.bounds_m[1] - field.bounds_m[0])) / 2
    # Short of the box's corners, which hardly anything reaches: depths use more of the greys
    return field.viewpoint.distance_m + 0.8 * np.array([-radius_m, radius_m])
