"""A radiance field from posed pictures, and 3D landmarks found in the field itself. Needs mien[fields].

python examples/05_field.py [TRANSFORMS.JSON]

Without a capture of your own, the built-in head is photographed from 24 sides.
"""

from __future__ import annotations

import sys

import numpy as np

import mien
from mien.cameras import Camera
from mien.drawing.mesh import part_colors
from mien.drawing.raster import rasterize
from mien.fields.rendering.views import turntable_cameras, write_turntable
from mien.geometry.normals import vertex_normals
from mien.landmarks_in_fields.writing import write_ply

SIZE_PX, DISTANCE_M, VIEWS = 128, 1.0, 24


def photographs() -> mien.PosedImages:
    """Cut-outs of the built-in head from a spiral of cameras; alpha is the silhouette."""
    head = mien.load_head()
    vertices_m = head.mean_m
    light = vertex_normals(vertices_m, head.triangles) @ [0.4, 0.6, 0.7]
    colors = part_colors(head) * (0.65 + 0.35 * np.maximum(light, 0))[:, None]
    centre_m = (vertices_m.min(axis=0) + vertices_m.max(axis=0)) / 2
    cameras = [camera_on_spiral(centre_m, step) for step in range(VIEWS)]
    return mien.PosedImages.of(
        cameras, [cut_out(camera, vertices_m, head.triangles, colors) for camera in cameras]
    )


def camera_on_spiral(centre_m: np.ndarray, step: int) -> Camera:
    """From a little below the head to well above it."""
    azimuth_rad, height = 2.4 * step, -0.4 + 1.1 * step / VIEWS
    towards = np.array([np.sin(azimuth_rad), height, np.cos(azimuth_rad)])
    towards /= np.linalg.norm(towards)
    right = np.cross([0.0, 1.0, 0.0], towards)
    right /= np.linalg.norm(right)
    pose = np.eye(4)  # camera_from_world: x right, y down, z into the picture
    pose[:3, :3] = [right, -np.cross(towards, right), -towards]
    pose[:3, 3] = -pose[:3, :3] @ (centre_m + DISTANCE_M * towards)
    return Camera.from_focal(2.7 * SIZE_PX, width_px=SIZE_PX, height_px=SIZE_PX, camera_from_world=pose)


def cut_out(camera: Camera, vertices_m: np.ndarray, triangles: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """(SIZE_PX, SIZE_PX, 4) picture of a mesh, drawn twice as large and averaged."""
    large = camera.resized(width_px=2 * SIZE_PX, height_px=2 * SIZE_PX)
    depths_m = large.to_camera(vertices_m)[:, 2]
    raster = rasterize(
        large.project(vertices_m), depths_m, triangles, width_px=2 * SIZE_PX, height_px=2 * SIZE_PX
    )
    rgba = np.zeros((2 * SIZE_PX, 2 * SIZE_PX, 4))
    rgba[raster.rows, raster.columns, :3] = raster.interpolate(colors, triangles)
    rgba[raster.rows, raster.columns, 3] = 1
    rgba = rgba.reshape(SIZE_PX, 2, SIZE_PX, 2, 4).mean(axis=(1, 3))
    rgba[..., :3] /= np.maximum(rgba[..., 3:], 1e-6)
    return np.rint(255 * rgba).astype(np.uint8)


def main() -> None:
    images = mien.load_posed_images(sys.argv[1]) if len(sys.argv) > 1 else photographs()
    field = mien.train_field(images, mien.FieldConfig.preset("draft"))
    print(f"trained in {field.facts.training.seconds:.0f} s, {field.facts.training.psnr_db:.1f} dB")
    print("written to", mien.save_field(field, "out/examples/head.field"))
    views = [field.render(camera).rgb for camera in turntable_cameras(field, count=16, size_px=160)]
    print("written to", write_turntable(views, "out/examples/turntable.gif"))

    found = mien.field_landmarks(field)
    if not found.found:
        sys.exit(f"no head in the field (confidence {found.confidence:.2f})")
    print(f"68 landmarks, confidence {found.confidence:.2f}")
    print("written to", write_ply("out/examples/landmarks.ply", found.points_m))
    if len(sys.argv) == 1:
        head = mien.load_head()
        truth_m = head.mean_m[head.landmark_set(found.set_name).vertices]
        error_mm = 1000 * np.linalg.norm(found.points_m - truth_m, axis=1).mean()
        print(f"{error_mm:.1f} mm from where they are on the head, on average")


main()
