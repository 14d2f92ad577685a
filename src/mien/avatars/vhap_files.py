"""Prepared frames in the layout that VHAP writes, from which others' avatar trainers start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import rig_of
from mien.checked_calls import checked_call
from mien.files import check_folder_could_be_made, new_folder

_OPENGL_FROM_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])
CAMERA = "00"


@checked_call
def write_vhap(data: AvatarData, folder: str | Path) -> Path:
    """Write transforms.json (all frames), transforms_train.json, transforms_val.json and transforms_test.json
    (both the frames held out), images/, fg_masks/ and meshes/ (the fitted head of each moment, OBJ, metres).

    `transform_matrix` is world from camera with OpenGL's axes, the world being the skull's frame. What
    belongs to FLAME (`flame_param/`) is not there: the tracker's head is mien's own, and `weights` holds its
    ARKit weights by name.

    Raises:
        InputError: the folder exists and is not empty.
        OutputError: it cannot be written.
    """
    from mien.images.writing import png_bytes

    folder = Path(folder)
    check_folder_could_be_made(folder)
    rig, controls = rig_of(data, points=34)
    faces = "\n".join("f " + " ".join(str(corner + 1) for corner in one) for one in rig.head.triangles)
    frames: list[dict[str, Any]] = []
    with new_folder(folder) as temporary:
        for name in ("images", "fg_masks", "meshes"):
            (temporary / name).mkdir()
        for row in range(len(data)):
            stem = f"{row:05d}_{CAMERA}"
            picture = np.ascontiguousarray(data.rgba[row, ..., :3])
            (temporary / f"images/{stem}.png").write_bytes(png_bytes(picture))
            mask = np.ascontiguousarray(data.rgba[row, ..., 3])
            (temporary / f"fg_masks/{stem}.png").write_bytes(png_bytes(mask))
            vertices = "\n".join(
                "v {:.6f} {:.6f} {:.6f}".format(*one) for one in rig.vertices_m(controls[row])
            )
            (temporary / f"meshes/{row:05d}.obj").write_text(f"{vertices}\n{faces}\n", encoding="utf-8")
            frames.append(_frame(data, row, stem, controls[row].weights))
        held = [frame for frame, test in zip(frames, data.test, strict=True) if test]
        learned = [frame for frame, test in zip(frames, data.test, strict=True) if not test]
        parts = {
            "transforms": frames,
            "transforms_train": learned,
            "transforms_val": held,
            "transforms_test": held,
        }
        for name, part in parts.items():
            document = {**_common(data, frames), "frames": part}
            (temporary / f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return folder


def _frame(data: AvatarData, row: int, stem: str, weights: np.ndarray) -> dict[str, Any]:
    camera = data.camera(row)
    k = camera.intrinsics
    return {
        "timestep_index": row,
        "timestep_index_original": int(data.video_frames[row]),
        "timestep_id": f"{row:05d}",
        "camera_index": 0,
        "camera_id": CAMERA,
        # Their principal point counts from the picture's corner, mien's from the first pixel's centre
        "cx": float(k[0, 2] + 0.5),
        "cy": float(k[1, 2] + 0.5),
        "fl_x": float(k[0, 0]),
        "fl_y": float(k[1, 1]),
        "w": data.size_px,
        "h": data.size_px,
        "camera_angle_x": float(2 * np.arctan(data.size_px / (2 * k[0, 0]))),
        "camera_angle_y": float(2 * np.arctan(data.size_px / (2 * k[1, 1]))),
        "transform_matrix": (camera.world_from_camera @ _OPENGL_FROM_OPENCV).tolist(),
        "file_path": f"images/{stem}.png",
        "fg_mask_path": f"fg_masks/{stem}.png",
        "mesh_path": f"meshes/{row:05d}.obj",
        "weights": dict(zip(data.expression_names, np.round(weights, 5).tolist(), strict=True)),
    }


def _common(data: AvatarData, frames: list[dict[str, Any]]) -> dict[str, Any]:
    first = {
        name: frames[0][name]
        for name in ("cx", "cy", "fl_x", "fl_y", "w", "h", "camera_angle_x", "camera_angle_y")
    }
    return {"camera_indices": [0], "timestep_indices": list(range(len(data))), **first}
