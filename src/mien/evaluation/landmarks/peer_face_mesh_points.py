"""Writes MediaPipe Face Mesh's points of pictures. Run by another interpreter, which need not have mien:

    PYTHON peer_face_mesh_points.py POINTS.npz plain|refined PICTURE …

The file holds an array by the name of each picture in which a face was found: (468, 2) or, with refined lips,
eyes and irises, (478, 2) pixels, (0, 0) the centre of the top-left pixel.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(out: str, kind: str, pictures: list[str]) -> None:
    """Look at each picture by itself."""
    import cv2
    import mediapipe  # type: ignore[import-not-found]

    found = {}
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=kind == "refined"
    ) as face_mesh:
        for path in pictures:
            picture = cv2.imread(path)
            if picture is None:
                sys.exit(f"cannot read {path}")
            faces = face_mesh.process(np.ascontiguousarray(picture[..., ::-1])).multi_face_landmarks
            if faces:
                shares = np.array([[point.x, point.y] for point in faces[0].landmark])
                # Shares of width and height count from the corner of the first pixel.
                found[Path(path).name] = shares * picture.shape[1::-1] - 0.5
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
