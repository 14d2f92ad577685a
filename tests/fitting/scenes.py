"""Scenes with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.cameras import Camera
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D

CAMERA_FROM_WORLD = np.diag([1.0, -1.0, -1.0, 1.0])


def some_parameters(head: Head, *, seed: int, turn: float = 0.3) -> HeadParameters:
    """A plausible head about 0.6 m in front of the camera."""
    rng = np.random.default_rng(seed)
    eyes = np.append(0.15 * rng.normal(size=2), 0)
    return replace(
        head.neutral(),
        identity=rng.normal(size=head.identity_count),
        expression=np.clip(rng.normal(size=head.expression_count), 0, 1) * 0.5,
        joint_rotations=np.stack([np.zeros(3), np.zeros(3), eyes, eyes]),
        root_rotation=turn * rng.normal(size=3),
        root_translation_m=np.array([0.05, -0.03, -0.6]) + 0.02 * rng.normal(size=3),
    )


def exact_landmarks(
    head: Head, parameters: HeadParameters, camera: Camera, *, set_name: str = "toy", sigma_px: float = 1.0
) -> Landmarks2D:
    """The head's own landmarks, projected."""
    vertices = head.landmark_set(set_name).vertices
    points_px = camera.project(head.vertices_m(parameters)[vertices])
    return Landmarks2D(points_px, np.full(len(points_px), sigma_px), set_name)
