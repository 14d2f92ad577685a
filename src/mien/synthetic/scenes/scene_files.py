"""A photographed synthetic head as a nerfstudio dataset, with the truth beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mien.camera_files.posed_picture import HALF_PIXEL
from mien.files import atomic_path, write_text
from mien.heads.model import Head
from mien.images.writing import write_image
from mien.synthetic.scenes.capture_effects import Capture, captured
from mien.synthetic.scenes.posed_scene import PosedView, Sitter
from mien.synthetic.scenes.scene_request import SceneRequest

FORMAT_VERSION = 1
OPENGL_FROM_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])
TRUTH_NAME = "truth.json"
DENSE_SET = "dense703"


def write_posed_scene(
    out: Path, views: list[PosedView], sitter: Sitter, head: Head, *, test: set[int], details: dict[str, Any]
) -> Path:
    """Write pictures (RGBA) of a studio; see `write_capture`."""
    return write_capture(out, captured(views, SceneRequest()), sitter, head, test=test, details=details)


def write_capture(
    out: Path,
    capture: Capture,
    sitter: Sitter,
    head: Head,
    *,
    test: set[int],
    details: dict[str, Any],
    with_cameras: bool = True,
) -> Path:
    """Write pictures, true masks, depths (.npy, metres), transforms.json and truth.json.

    The file's world is the head's frame: metres, +y up, +z out of the face.

    Args:
        test: places in `views` that are kept for testing.
        details: plain data about the scene, kept in truth.json.
        with_cameras: write transforms.json; without it the pictures' folder is all that a capture is.

    Returns:
        transforms.json, or the pictures' folder.
    """
    frames, names = [], []
    for index, (view, silhouette) in enumerate(zip(capture.views, capture.silhouettes, strict=True)):
        names.append(f"images/{index:03d}.png")
        mask, depth = f"masks/{index:03d}.png", f"depth/{index:03d}.npy"
        write_image(out / names[-1], view.picture)
        write_image(out / mask, (silhouette > 127).astype(np.uint8) * 255)
        with atomic_path(out / depth) as path:
            np.save(path, view.depth_m)
        pose = capture.believed[index].world_from_camera @ OPENGL_FROM_OPENCV
        frame = {"file_path": names[-1], "depth_file_path": depth, "transform_matrix": pose.tolist()}
        frames.append(frame | ({"mask_path": mask} if capture.cut_out else {}))
    camera = capture.views[0].camera
    truth = scene_truth(sitter, head) | details
    truth["camera_from_world"] = [view.camera.camera_from_world.tolist() for view in capture.views]
    truth["intrinsics"] = camera.intrinsics.tolist()
    write_text(out / TRUTH_NAME, json.dumps(truth))
    if not with_cameras:
        return out / "images"
    bent = (
        {}
        if capture.lens_terms is None
        else dict(zip(("k1", "k2", "p1", "p2"), capture.lens_terms, strict=True))
    )
    document = {
        "camera_model": "OPENCV",
        "w": camera.width_px,
        "h": camera.height_px,
        "fl_x": camera.intrinsics[0, 0],
        "fl_y": camera.intrinsics[1, 1],
        "cx": camera.intrinsics[0, 2] + HALF_PIXEL,
        "cy": camera.intrinsics[1, 2] + HALF_PIXEL,
        **bent,
        "depth_unit_scale_factor": 1.0,
        "frames": frames,
        "train_filenames": [name for i, name in enumerate(names) if i not in test],
        "val_filenames": [name for i, name in enumerate(names) if i in test],
        "test_filenames": [name for i, name in enumerate(names) if i in test],
    }
    write_text(out / "transforms.json", json.dumps(document, indent=1))
    return out / "transforms.json"


def scene_truth(sitter: Sitter, head: Head) -> dict[str, Any]:
    """Landmarks (metres, the file's world), parameters and looks, ready for JSON."""
    vertices_m = head.vertices_m(sitter.parameters)
    sets = {name: vertices_m[head.landmark_set(name).vertices] for name in ("ict68", DENSE_SET)}
    return {
        "format_version": FORMAT_VERSION,
        "head": {"name": head.name, "version": head.version},
        "landmarks_m": {name: np.round(points, 7).tolist() for name, points in sets.items()},
        "parameters": {name: np.asarray(value).tolist() for name, value in asdict(sitter.parameters).items()},
        "looks": asdict(sitter.looks),
    }
