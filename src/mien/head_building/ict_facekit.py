"""Reading ICT-FaceKit (MIT, © 2020 USC ICT) as packed in `ict_facekit.npz`.

Everything is returned in mien's frame: metres, +x subject's left, +y up, +z out of the face (ICT-FaceKit uses
the same axes in centimetres).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.head_building.makehuman import triangulated
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

VERTEX_RANGES = {
    "face": (0, 9409),
    "head_and_neck": (9409, 11248),
    "mouth_socket": (11248, 13294),
    "left_eye_socket": (13294, 13678),
    "right_eye_socket": (13678, 14062),
    "teeth": (17039, 21451),
    "left_eyeball": (21451, 23021),
    "right_eyeball": (23021, 24591),
}
"""First and one-past-last vertex of each geometry (upstream README, table of geometries)."""

SKIN_FACE_RANGES = ((0, 11144, 0), (11144, 13226, 1), (13226, 13630, 2), (13630, 14034, 3))
"""First and one-past-last polygon, and label, of face with head, mouth and eye sockets (same table)."""

_TOOTH_STARTS = (
    (
        17039, 17230, 17416, 17607, 17730, 17895, 17991, 18067, 18143, 18219, 18295, 18391, 18556,
        18679, 18870, 19056, 19247,
    ),
    (
        19247, 19426, 19602, 19814, 19954, 20079, 20169, 20263, 20349, 20435, 20529, 20619, 20746,
        20884, 21096, 21272, 21451,
    ),
)  # fmt: skip
"""First vertex of each tooth, upper then lower row, and one past the last tooth's."""

TOOTH_RANGES = tuple(tuple(pairwise(row)) for row in _TOOTH_STARTS)
"""Vertex range of each tooth, upper then lower row, from the subject's left third molar to the right one."""


@dataclass(frozen=True)
class IctFaceKit:
    """The ICT-FaceKit light model.

    Attributes:
        neutral_m: (V, 3); triangles: (T, 3).
        quads, quad_labels: (Q, 4) those of face, head, mouth and eye sockets, and (Q,) 0 face and head,
            1 mouth socket, 2 left and 3 right eye socket.
        identity_m: (100, V, 3) for standard normal weights.
        expression_m, expression_names: (53, V, 3) and upstream's names (`eyeBlink_L` …).
        landmarks68: (68,) vertices.
    """

    neutral_m: np.ndarray
    triangles: np.ndarray
    quads: np.ndarray
    quad_labels: np.ndarray
    identity_m: np.ndarray
    expression_m: np.ndarray
    expression_names: tuple[str, ...]
    landmarks68: np.ndarray

    def part_triangles(self, *parts: str) -> np.ndarray:
        """Triangles whose corners all lie in the named geometries."""
        inside = np.zeros(len(self.neutral_m), bool)
        for part in parts:
            first, last = VERTEX_RANGES[part]
            inside[first:last] = True
        return self.triangles[inside[self.triangles].all(axis=1)]


def read_ict_facekit(folder: Path) -> IctFaceKit:
    """Read `ict_facekit.npz` from a folder.

    Raises:
        InputError: it is missing or damaged.
    """
    path = folder / "ict_facekit.npz"
    if not path.exists():
        raise InputError(
            "ICT-FaceKit is not here (ict_facekit.npz is missing); point --assets at it", source=folder
        )
    with open_npz(path, what="holds no ICT-FaceKit") as file:
        values = FileValues(file, source=path, remedy="make the assets anew")
        names = values.texts("expression_names", "expressions")
        data = {
            name: values.array(name, shape, low=-1e4, high=1e4)
            for name, shape in (
                ("neutral", "vertices 3"), ("identity", "identities vertices 3"),
                ("expression", "expressions vertices 3"),
            )
        }  # fmt: skip
        last = len(data["neutral"]) - 1
        faces = values.array("faces", "faces 4", kind="integer", low=-1, high=last)
        landmarks68 = values.array("landmarks68", "68", kind="integer", low=0, high=last)
    if len(faces) < SKIN_FACE_RANGES[-1][1]:
        raise values.damaged(f"it has {len(faces)} faces, fewer than the skin")
    skin_faces = faces[: SKIN_FACE_RANGES[-1][1]]
    labels = np.concatenate([np.full(end - start, label) for start, end, label in SKIN_FACE_RANGES])
    whole = skin_faces[:, 3] >= 0
    return IctFaceKit(
        neutral_m=data["neutral"] / 100,
        triangles=triangulated(faces),
        quads=skin_faces[whole],
        quad_labels=labels[whole],
        identity_m=data["identity"] / 100,
        expression_m=data["expression"] / 100,
        expression_names=names,
        landmarks68=landmarks68,
    )
