"""Files of what was edited: weights, textured mesh, field, turntables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien.exporters.arkit import export_weights
from mien.files import write_text
from mien.heads.library import load_head
from mien.heads.look import HeadLook
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.textured_mesh import write_textured_mesh
from mien.progress import ProgressReport, reported, silent
from mien.viewer.field_pictures import WHITE, FieldPictures, FieldRequest, fields_can_be_drawn
from mien.viewer.orbit import OrbitView, middle_m

if TYPE_CHECKING:
    from mien.morphable_fields.models import MorphableModel

TURNTABLE_PICTURES = 48
FIELD_PX, MESH_PX = 192, 384
_ELEVATION_RAD = 0.1


def save_face(face: MorphableFace, folder: Path, *, model: MorphableModel | None = None) -> list[Path]:
    """Write edited.weights.json, edited.glb and, where torch is installed, edited.field.

    Weights are ARKit's, as exports have them: within 0 … 1, mouthClose at most jawOpen.

    Args:
        model: of the field; the shipped one when None.

    Raises:
        OutputError: the place takes no files.
    """
    names = load_head().expression_names
    weights = export_weights(face.expression, names)
    document = {
        "weights": {name: round(float(weight), 6) for name, weight in zip(names, weights, strict=True)},
        "landmarks_m": face.landmarks_m.tolist(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    weights_path = folder / "edited.weights.json"
    write_text(weights_path, json.dumps(document, indent=1) + "\n")
    written = [weights_path, write_textured_mesh(face, folder / "edited.glb")]
    if fields_can_be_drawn():
        from mien.morphable_fields.field_files import save_morphable_field

        written.append(save_morphable_field(face, folder / "edited.field", model=model))
    return written


def turntable_views(face: MorphableFace) -> list[OrbitView]:
    """Views once around a face, starting at the front."""
    target_m = middle_m(face.vertices_m)
    return [
        OrbitView(2 * np.pi * step / TURNTABLE_PICTURES, _ELEVATION_RAD, target_m=target_m)
        for step in range(TURNTABLE_PICTURES)
    ]


def write_field_turntable(
    face: MorphableFace, pictures: FieldPictures, path: Path, *, report: ProgressReport = silent
) -> Path:
    """Write a turntable of a face's field as .mp4.

    Raises:
        OutputError: the place takes no files.
    """
    frames = []
    for view in reported(turntable_views(face), report):
        picture = pictures.picture(FieldRequest(face, view, FIELD_PX, WHITE))
        assert picture is not None
        frames.append(picture)
    return _write_video(frames, path)


def write_mesh_turntable(
    face: MorphableFace, look: HeadLook, path: Path, *, report: ProgressReport = silent
) -> Path:
    """Write a turntable of a face's textured mesh as .mp4.

    Args:
        look: that is laid on it.

    Raises:
        OutputError: the place takes no files.
    """
    import cv2

    from mien.drawing.textured import draw_look

    head = load_head()
    still = replace(head, mean_m=face.vertices_m)  # so that moved landmarks are shown, beyond all weights
    empty = np.full((2 * MESH_PX, 2 * MESH_PX, 3), WHITE, np.uint8)
    frames = []
    for view in reported(turntable_views(face), report):
        picture = draw_look(empty, still, still.neutral(), view.camera(2 * MESH_PX), look)
        frames.append(cv2.resize(picture, (MESH_PX, MESH_PX), interpolation=cv2.INTER_AREA))
    return _write_video(frames, path)


def _write_video(frames: list[np.ndarray], path: Path) -> Path:
    from mien.images.video import VideoWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, frames_per_second=16.0) as video:
        for frame in frames:
            video.write(np.ascontiguousarray(frame))
    return path
