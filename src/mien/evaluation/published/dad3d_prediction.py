"""mien's own predictions for DAD-3DHeads, as a submission."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mien.evaluation.published.dad3d import dataset_folder, read_item_boxes
from mien.evaluation.published.scan_to_mesh import SEVEN_POINTS
from mien.files import write_text
from mien.fitting.results import HeadFit
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.progress import ProgressReport, reported, silent

_CORNER_ORIGIN = 0.5
"""The data's (0, 0) is the top-left pixel's corner, mien's its centre."""


def prediction_of(head: Head, fit: HeadFit) -> dict[str, Any]:
    """A fit in the submission's terms: pixels, and metres in OpenCV's camera."""
    vertices_m = fit.camera.to_camera(head.vertices_m(fit.parameters))
    landmarks = head.landmark_set("ibug68").vertices
    points_px = fit.camera.project(head.vertices_m(fit.parameters)[landmarks])
    root, (neck, skull) = fit.parameters.root_rotation, fit.parameters.joint_rotations[:2]
    turns = [matrix_from_rotation_vector(each) for each in (root, neck, skull)]
    rotation = fit.camera.camera_from_world[:3, :3] @ turns[0] @ turns[1] @ turns[2]
    fitted_px = fit.landmarks.points_px
    return {
        "68_landmarks_2d": (points_px + _CORNER_ORIGIN).tolist(),
        "N_landmarks_3d": np.round(vertices_m, 6).tolist(),
        "7_landmarks_3d": vertices_m[landmarks[list(SEVEN_POINTS)]].tolist(),
        "rotation_matrix": rotation.tolist(),
        "landmarks_2d": fitted_px.tolist(),
        "reprojected_landmarks_2d": (fitted_px + fit.residuals_px).tolist(),
    }


def predict(
    data: str | Path,
    out: str | Path,
    *,
    split: str,
    landmarker: Callable,
    head: Head,
    report: ProgressReport = silent,
) -> None:
    """Fit a head to every picture and write the submission; of several faces the one that overlaps the item's
    box most is taken. Pictures without a usable fit are left out.

    Raises:
        InputError: a picture is missing or damaged.
    """
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_photo

    context = Context(head=head, landmarker=landmarker)
    folder = dataset_folder(data, split)
    submission = {}
    items = read_item_boxes(folder / f"{split}.json")
    for name, box_px in reported(items, report, label="fit"):
        fits = fit_photo(folder / "images" / f"{name}.png", context=context)
        usable = [fit for fit in fits if fit.status.usable]
        if usable:
            best = max(usable, key=lambda fit: _overlap(fit.landmarks.box_px, box_px))
            submission[name] = prediction_of(head, best)
    write_text(out, json.dumps(submission))


def _overlap(face_px: tuple[float, float, float, float], box_px: tuple[float, float, float, float]) -> float:
    """Area that a face's box (left, top, right, bottom) and an item's (left, top, width, height) share, over
    the area of both."""
    left, top = max(face_px[0], box_px[0]), max(face_px[1], box_px[1])
    right, bottom = min(face_px[2], box_px[0] + box_px[2]), min(face_px[3], box_px[1] + box_px[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    both = (face_px[2] - face_px[0]) * (face_px[3] - face_px[1]) + box_px[2] * box_px[3] - shared
    return shared / max(both, 1e-9)
