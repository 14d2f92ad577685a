"""The person's texture before any training: what a video seldom shows begins as it usually is."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import rig_of
from mien.fitting.results import HeadFit
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status

SEEN = 4
"""Frames that the texture is made of."""
_LARGEST_PX = 512


def first_texture(data: AvatarData, *, size_px: int) -> Float32[np.ndarray, "size size 3"]:
    """(S, S, 3) base colours in the head's atlas, sRGB in [0, 1], completed where no frame shows the skin.

    Args:
        data: frames to learn from.
    """
    import cv2

    from mien.looks.head_look import head_look

    rig, controls = rig_of(data, points=34)
    turns = np.linalg.norm(data.camera_from_skull[:, 0, :3] - data.camera_from_skull[0, 0, :3], axis=1)
    rows = np.unique(np.quantile(np.argsort(turns), np.linspace(0, 1, SEEN)).astype(int))
    fits, pictures = [], []
    for row in rows:
        camera = data.camera(int(row))
        parameters = HeadParameters(
            rig.identity, controls[row].weights, np.zeros((4, 3)), np.zeros(3), np.zeros(3)
        )
        points_px = camera.project(
            rig.head.vertices_m(parameters)[rig.head.landmark_set("dense320").vertices]
        )
        sigma_px = np.ones(len(points_px))
        fits.append(
            HeadFit(
                parameters=parameters,
                camera=camera,
                landmarks=Landmarks2D(points_px, sigma_px, "dense320"),
                status=Status.CONVERGED,
                residuals_px=np.zeros_like(points_px),
                iterations=0,
                cost_history=(),
                head_name=rig.head.name,
                head_version=rig.head.version,
            )
        )
        share = data.rgba[row, ..., 3:] / 255.0
        pictures.append(np.rint(data.rgba[row, ..., :3] * share + 128 * (1 - share)).astype(np.uint8))
    look = head_look(fits, pictures, size_px=min(_LARGEST_PX, 2 * size_px), head=rig.head)
    small = cv2.resize(look.base_color, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return (small / 255).astype(np.float32)
