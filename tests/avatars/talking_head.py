"""A small video of the built-in head that opens its mouth, as prepared frames."""

from __future__ import annotations

from functools import cache

import numpy as np

from mien.avatars.dataset import AvatarData
from mien.cameras import Camera
from mien.drawing.raster import shade_mesh
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.library import load_head


@cache
def talking_head(frames: int = 10, size: int = 32) -> AvatarData:
    """Jaw and head move; the last fifth is held out."""
    head = load_head()
    names = head.expression_names
    albedo = 0.5 + 0.4 * np.sin(60 * head.mean_m)
    rgba, poses = [], []
    weights = np.zeros((frames, len(names)))
    weights[:, names.index("jawOpen")] = 0.5 - 0.5 * np.cos(np.arange(frames))
    camera = Camera.from_focal(size * 0.8 / 0.34, width_px=size, height_px=size)
    for number in range(frames):
        turn = matrix_from_rotation_vector(np.array([0.0, 0.2 * np.sin(number), 0.0]))
        pose = np.eye(4)
        pose[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ turn
        pose[2, 3] = 0.8
        vertices_m = head.rest_vertices_m(np.zeros(head.identity_count), weights[number])
        seen = Camera(camera.intrinsics, pose, size, size)
        colors, raster = shade_mesh(vertices_m, head.triangles, seen, albedo=albedo)
        picture = np.zeros((size, size, 4), np.uint8)
        picture[raster.rows, raster.columns, :3] = np.rint(255 * colors)
        picture[raster.rows, raster.columns, 3] = 255
        rgba.append(picture)
        poses.append(pose)
    return AvatarData(
        source="talking head",
        head_name=head.name,
        head_version=head.version,
        expression_names=names,
        frames_per_second=25.0,
        identity=np.zeros(head.identity_count),
        expression=weights,
        joint_rotations=np.zeros((frames, 4, 3)),
        intrinsics=np.tile(camera.intrinsics, (frames, 1, 1)),
        camera_from_skull=np.stack(poses),
        rgba=np.stack(rgba),
        known=np.full((frames, size, size), 255, np.uint8),
        times_s=np.arange(frames) / 25,
        video_frames=np.arange(frames),
        test=np.arange(frames) >= round(0.8 * frames),
    )
