"""Pictures taken of a face that was found in a field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fields.protocol import Field
from mien.fields.rendering.picture import FieldPicture, render_field
from mien.geometry.rotations import nearest_rotation
from mien.landmarks_in_fields.types import Landmarks3D

DISTANCE_M = 0.9
"""From the head's middle to the cameras."""
BEHIND_M = 0.03
"""How far behind the landmarks' mean the head's middle lies."""


@dataclass(frozen=True)
class Looks:
    """From where a face is looked at, and how closely."""

    azimuth_elevation_deg: tuple[tuple[float, float], ...]
    """About the face's own axes, towards the subject's left and upwards."""
    size_px: int
    """Side of the pictures."""
    focal: float = 2.4
    """Focal length over the side: with 2.4 the head fills most of the picture, with 3.4 the face does."""


def pictures_of_face(
    field: Field, found: Landmarks3D, looks: Looks, *, metres_per_unit: float = 1.0
) -> Iterator[FieldPicture]:
    """What cameras around a found face see of the field, with normals; world and depths in metres.

    Args:
        metres_per_unit: of the field's unit.
    """
    for camera in cameras_about(found, looks, metres_per_unit=metres_per_unit):
        seen = render_field(field, _scaled(camera, 1 / metres_per_unit), normals=True)
        yield replace(seen, camera=camera, depth_m=seen.depth_m * metres_per_unit)


def cameras_about(found: Landmarks3D, looks: Looks, *, metres_per_unit: float = 1.0) -> list[Camera]:
    """Before the face and around it, upright as the face is; the world is the field's, in metres."""
    side, up, front = nearest_rotation(found.field_from_head[:, :3]).T
    middle_m = metres_per_unit * found.points_m.mean(axis=0) - BEHIND_M * front
    return [
        _camera(side, up, front, middle_m, azimuth=azimuth, elevation=elevation, looks=looks)
        for azimuth, elevation in np.radians(looks.azimuth_elevation_deg)
    ]


def _camera(
    side: Float[np.ndarray, " 3"],
    up: Float[np.ndarray, " 3"],
    front: Float[np.ndarray, " 3"],
    middle_m: Float[np.ndarray, " 3"],
    *,
    azimuth: float,
    elevation: float,
    looks: Looks,
) -> Camera:
    level = np.cos(azimuth) * front + np.sin(azimuth) * side
    outward = np.cos(elevation) * level + np.sin(elevation) * up
    right = np.cross(up, level)
    turn = np.stack([right, np.cross(right, outward), -outward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, -turn @ (middle_m + DISTANCE_M * outward)
    return Camera.from_focal(
        looks.focal * looks.size_px, width_px=looks.size_px, height_px=looks.size_px, camera_from_world=pose
    )


def _scaled(camera: Camera, factor: float) -> Camera:
    """The same camera in a world whose lengths are multiplied."""
    pose = camera.camera_from_world.copy()
    pose[:3, 3] *= factor
    return replace(camera, camera_from_world=pose)


def surface_of(
    seen: Sequence[FieldPicture],
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
    """Points of the surface that pictures see, not too slantingly, and their normals, world."""
    points, normals = [], []
    for picture in seen:
        assert picture.normals is not None
        camera = picture.camera
        rows, columns = np.nonzero(np.isfinite(picture.depth_m) & (picture.alpha > 0.9))
        rays = np.stack([columns, rows, np.ones_like(rows)], axis=1) @ np.linalg.inv(camera.intrinsics).T
        pose = camera.world_from_camera
        world_m = (rays * picture.depth_m[rows, columns, None]) @ pose[:3, :3].T + pose[:3, 3]
        own = picture.normals[rows, columns]
        facing = -(own * (rays @ pose[:3, :3].T)).sum(axis=1) / np.linalg.norm(rays, axis=1)
        points.append(world_m[facing > 0.4])
        normals.append(own[facing > 0.4])
    return np.concatenate(points), np.concatenate(normals)
