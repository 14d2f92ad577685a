"""A radiance field from posed pictures, and 3D landmarks found in the field itself. Needs mien[fields].

python examples/05_field.py [TRANSFORMS.JSON]

Without a capture of your own, the built-in head is photographed from 24 sides.
"""

from __future__ import annotations

import sys

import numpy as np

import mien

SIZE_PX, DISTANCE_M, VIEWS = 128, 1.0, 24


def photographs() -> mien.PosedImages:
    """Cut-outs of the built-in head from a spiral of cameras; alpha is the silhouette."""
    head = mien.load_head()
    centre_m = (head.mean_m.min(axis=0) + head.mean_m.max(axis=0)) / 2
    cameras = [camera_on_spiral(centre_m, step) for step in range(VIEWS)]
    return mien.PosedImages.of(cameras, [cut_out(head, camera) for camera in cameras])


def camera_on_spiral(centre_m: np.ndarray, step: int) -> mien.Camera:
    """From a little below the head to well above it."""
    azimuth_rad, height = 2.4 * step, -0.4 + 1.1 * step / VIEWS
    towards = np.array([np.sin(azimuth_rad), height, np.cos(azimuth_rad)])
    towards /= np.linalg.norm(towards)
    right = np.cross([0.0, 1.0, 0.0], towards)
    right /= np.linalg.norm(right)
    pose = np.eye(4)  # camera_from_world: x right, y down, z into the picture
    pose[:3, :3] = [right, -np.cross(towards, right), -towards]
    pose[:3, 3] = -pose[:3, :3] @ (centre_m + DISTANCE_M * towards)
    return mien.Camera.from_focal(2.7 * SIZE_PX, width_px=SIZE_PX, height_px=SIZE_PX, camera_from_world=pose)


def cut_out(head: mien.Head, camera: mien.Camera) -> np.ndarray:
    """(SIZE_PX, SIZE_PX, 4) picture of the mean head, drawn twice as large and averaged.

    What differs between a picture before black and one before white is what can be seen through.
    """
    large = camera.resized(width_px=2 * SIZE_PX, height_px=2 * SIZE_PX)
    on_black, on_white = (
        mien.draw_mesh(
            np.full((2 * SIZE_PX, 2 * SIZE_PX, 3), shade, np.uint8),
            head.mean_m,
            head.triangles,
            large,
            opacity=1.0,
            albedo=mien.part_colors(head),
        )
        .reshape(SIZE_PX, 2, SIZE_PX, 2, 3)
        .mean(axis=(1, 3))
        for shade in (0, 255)
    )
    alpha = 255 - (on_white - on_black).mean(axis=2, keepdims=True)
    rgb = 255 * on_black / np.maximum(alpha, 1e-6)
    return np.rint(np.concatenate([rgb, alpha], axis=2)).clip(0, 255).astype(np.uint8)


def main() -> None:
    pictures = sys.argv[1] if len(sys.argv) > 1 else photographs()
    field = mien.train_field(pictures, mien.FieldConfig.preset("draft"))
    print(f"trained in {field.facts.training.seconds:.0f} s, {field.facts.training.psnr_db:.1f} dB")
    print("written to", mien.save_field(field, "out/examples/head.field"))

    cameras = mien.turntable_cameras(field, count=24, size_px=160)
    views = [field.render(camera).rgb for camera in cameras]
    with mien.VideoWriter("out/examples/turntable.mp4", frames_per_second=12) as video:
        for view in views:
            video.write(view)
    print("written to", video.path)

    found = mien.field_landmarks(field)
    if not found.found:
        sys.exit(f"no head in the field (confidence {found.confidence:.2f})")
    print(f"68 landmarks, confidence {found.confidence:.2f}")
    # Seen by a camera they are landmarks as any others: on the first view, from the front.
    sigma_px = cameras[0].focal_px * found.sigma_m / cameras[0].to_camera(found.points_m)[:, 2]
    seen = mien.Landmarks2D(cameras[0].project(found.points_m), sigma_px, found.set_name)
    picture = mien.draw_landmarks(views[0], seen, min_face_px=400)
    print("written to", mien.write_image("out/examples/field-landmarks.png", picture))
    if len(sys.argv) == 1:
        head = mien.load_head()
        truth_m = head.mean_m[head.landmark_set(found.set_name).vertices]
        error_mm = 1000 * np.linalg.norm(found.points_m - truth_m, axis=1).mean()
        print(f"{error_mm:.1f} mm from where they are on the head, on average")


main()
