"""Held-out synthetic faces with everything that is known of them, to measure on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.datasets.crops.layout import load_layout
from mien.datasets.crops.shards import FaceStore
from mien.errors import InputError
from mien.evaluation.landmarks.synthetic_faces import EXACT_SET, DrawnPerson, ExactFace
from mien.heads.parameters import HeadParameters
from mien.reading.damage import damage_named

_PARAMETERS = ("identity", "expression", "joint_rotations", "root_rotation", "root_translation_m")


def read_exact_faces(folders: Sequence[str | Path], *, most: int, held_out: int = 1) -> list[ExactFace]:
    """Up to `most` held-out faces of folders made with `mien synth`, evenly chosen.

    Raises:
        InputError: there are none.
    """
    paths = [Path(folder) for folder in folders]
    store = FaceStore(paths, load_layout(EXACT_SET), held_out=held_out, part="validation")
    store.refresh()
    if not len(store):
        raise InputError("no held-out shards there; make some with: mien synth", source=paths[0])
    chosen = np.linspace(0, len(store) - 1, min(most, len(store))).astype(int)
    with damage_named(paths[0], "holds pictures without what mien synth writes of them; draw them anew"):
        return [_exact_face(store, index) for index in chosen.tolist()]


def _exact_face(store: FaceStore, index: int) -> ExactFace:
    face, known = store[index], store.details(index)
    height_px, width_px = face.picture.shape[:2]
    focal_px, (x_px, y_px) = known["focal_px"], known["principal_px"]
    intrinsics = np.array([[focal_px, 0, x_px], [0, focal_px, y_px], [0, 0, 1.0]])
    return ExactFace(
        picture=face.picture,
        points_px=face.points_px,
        visibility=face.visibility,
        parameters=HeadParameters(**{name: np.asarray(known[name], float) for name in _PARAMETERS}),
        camera=Camera(intrinsics, PICTURE_CAMERA_FROM_WORLD, width_px, height_px),
        yaw_rad=float(known["yaw_rad"]),
        person=_person(known),
    )


def _person(known: dict[str, Any]) -> DrawnPerson | None:
    """None in folders of older drawings, which did not say."""
    person, albedo = known.get("person"), known.get("skin_level")
    if not isinstance(person, dict) or albedo is None:
        return None
    return DrawnPerson(float(albedo), str(person.get("sex")), str(person.get("age")))
