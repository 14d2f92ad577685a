"""Stand-ins for the networks, so that commands are tested quickly and without shipped weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.heads.library import load_head
from mien.landmarks.types import Landmarks2D

MEAN_FACE_DISTANCE_M = 0.8


def landmarks_of_mean_head(width_px: int, height_px: int, *, shift_px: float = 0.0) -> Landmarks2D:
    """Where the mean head's dense320 points are when it looks into the camera."""
    from dataclasses import replace

    from mien.cameras import Camera

    head = load_head()
    camera = Camera.from_focal(
        1.2 * width_px, width_px=width_px, height_px=height_px, camera_from_world=np.diag([1.0, -1, -1, 1])
    )
    parameters = replace(head.neutral(), root_translation_m=np.array([0.0, 0.0, -MEAN_FACE_DISTANCE_M]))
    points_px = camera.project(head.vertices_m(parameters)[head.landmark_set("dense320").vertices])
    return Landmarks2D(
        points_px=points_px + [shift_px, 0.0],
        sigma_px=np.full(len(points_px), 1.5),
        set_name="dense320",
        score=0.9,
    )


class FakeLandmarker:
    """Finds one face in any picture that is not black, two in one whose first pixel is white."""

    def __init__(
        self,
        model: str | Path = "realtime",
        *,
        found: object = None,
        search: object = "search",
        settle: bool = True,
        turned: bool = True,
    ) -> None:
        self.model = model

    def __call__(self, image: np.ndarray, max_faces: int | None = None) -> list[Landmarks2D]:
        if not image.any() or min(image.shape[:2]) < 16:
            return []
        height_px, width_px = image.shape[:2]
        faces = [landmarks_of_mean_head(width_px, height_px)]
        if image[0, 0].min() == 255:
            faces.append(landmarks_of_mean_head(width_px, height_px, shift_px=width_px / 8))
        return faces[:max_faces]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        faces = self(image)
        return faces[0] if faces else None
