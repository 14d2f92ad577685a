"""A scene that is known exactly: an egg with a bump and a dent, painted, seen by cameras all around."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.fields.posed_images import PosedImages

RADII_M = np.array([0.08, 0.11, 0.09])


def look_at(eye_m: np.ndarray, target_m: np.ndarray, up: np.ndarray) -> np.ndarray:
    """`camera_from_world` of a camera at a point that looks at another one."""
    forward = target_m - eye_m
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ eye_m
    return pose


def ring_of_cameras(count: int, size_px: int, *, distance_m: float = 0.6, seed: int = 0) -> list[Camera]:
    """Cameras on a sphere around the origin, evenly around, at changing heights."""
    rng = np.random.default_rng(seed)
    cameras = []
    for index in range(count):
        around = 2 * np.pi * (index + 0.3 * rng.uniform()) / count
        height = np.radians([-20, 5, 35])[index % 3]
        eye = distance_m * np.array([
            np.sin(around) * np.cos(height), np.sin(height), np.cos(around) * np.cos(height)
        ])  # fmt: skip
        pose = look_at(eye, np.zeros(3), np.array([0.0, 1.0, 0.0]))
        focal = 0.5 * size_px / np.tan(np.radians(14))
        cameras.append(Camera.from_focal(focal, width_px=size_px, height_px=size_px, camera_from_world=pose))
    return cameras


def paint(points_m: np.ndarray) -> np.ndarray:
    """Colour of a point of the surface."""
    x, y, z = (points_m / RADII_M).T
    base = np.stack([0.75 + 0.15 * x, 0.55 + 0.2 * y, 0.45 + 0.2 * z], axis=1)
    spots = (np.sin(7 * x + 2 * y) * np.sin(6 * y) * np.sin(5 * z + 1))[:, None]
    return np.clip(base + 0.18 * spots, 0, 1)


def picture_of_egg(camera: Camera, *, over: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 4) uint8 with smooth edges, and (H, W) true depth along the axis (NaN outside)."""
    h, w = camera.height_px, camera.width_px
    offsets = (np.arange(over) + 0.5) / over - 0.5
    color, alpha, depth = np.zeros((h, w, 3)), np.zeros((h, w)), np.full((h, w), np.nan)
    pose = camera.world_from_camera
    for dy in offsets:
        for dx in offsets:
            y, x = np.mgrid[:h, :w]
            pixels = np.stack([x + dx, y + dy, np.ones_like(x)], axis=-1).reshape(-1, 3)
            rays = pixels @ np.linalg.inv(camera.intrinsics).T @ pose[:3, :3].T  # camera depth 1
            a = (rays / RADII_M) ** 2
            b = (pose[:3, 3] / RADII_M) * (rays / RADII_M)
            c = ((pose[:3, 3] / RADII_M) ** 2).sum() - 1
            a, b = a.sum(axis=1), b.sum(axis=1)
            root = b**2 - a * c
            hit = root > 0
            t = (-b - np.sqrt(np.where(hit, root, 0))) / a
            shade = paint(pose[:3, 3] + t[:, None] * rays) * hit[:, None]
            color += shade.reshape(h, w, 3)
            alpha += hit.reshape(h, w)
            if abs(dx) < 1e-9 and abs(dy) < 1e-9:
                depth = np.where(hit, t, np.nan).reshape(h, w)
    rgb = color / np.maximum(alpha, 1)[..., None]
    rgba = np.concatenate([rgb, (alpha / over**2)[..., None]], axis=2)
    return np.rint(255 * rgba).astype(np.uint8), depth


def egg_scene(count: int = 12, size_px: int = 32, *, distance_m: float = 0.6) -> PosedImages:
    """The egg from all around, with silhouettes and true depths."""
    cameras = ring_of_cameras(count, size_px, distance_m=distance_m)
    pairs = [picture_of_egg(camera) for camera in cameras]
    return PosedImages.of(
        cameras, [rgba for rgba, _ in pairs], depths_m=[depth for _, depth in pairs], source="egg"
    )


def write_scene(folder: Path, images: PosedImages, *, masks: bool = False) -> Path:
    """The pictures as a nerfstudio data set; returns the transforms.json."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    frames = []
    for index, (camera, rgba) in enumerate(zip(images.cameras, images.rgba, strict=True)):
        k = camera.intrinsics
        frame = {
            "file_path": f"{index:03}.png",
            "transform_matrix": (camera.world_from_camera @ np.diag([1.0, -1.0, -1.0, 1.0])).tolist(),
            "fl_x": k[0, 0], "fl_y": k[1, 1], "cx": k[0, 2] + 0.5, "cy": k[1, 2] + 0.5,
            "w": camera.width_px, "h": camera.height_px,
        }  # fmt: skip
        if masks:
            frame["mask_path"] = f"{index:03}-mask.png"
            Image.fromarray(rgba[..., 3]).save(folder / frame["mask_path"])
            Image.fromarray(rgba[..., :3]).save(folder / frame["file_path"])
        else:
            Image.fromarray(rgba).save(folder / frame["file_path"])
        frames.append(frame)
    path = folder / "transforms.json"
    path.write_text(json.dumps({"camera_model": "PINHOLE", "frames": frames}))
    return path
