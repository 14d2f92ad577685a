"""A small head, fit and track for seeds: a ball with a few shapes."""

from __future__ import annotations

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.formats.plain import plain_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status

IDENTITIES, EXPRESSIONS, FRAMES = 6, ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthClose"), 5


def small_head() -> Head:
    """162 vertices, with the landmark set "ibug68"."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    rng = np.random.default_rng(0)
    count = len(ball.vertices)
    return plain_head(
        "ball",
        "1.0",
        mean_m=np.asarray(ball.vertices, float),
        triangles=np.asarray(ball.faces),
        identity_basis_m=0.002 * rng.normal(size=(IDENTITIES, count, 3)),
        expression_basis_m=0.002 * rng.normal(size=(len(EXPRESSIONS), count, 3)),
        expression_names=EXPRESSIONS,
        ibug68=np.arange(68),
    )


def _camera() -> Camera:
    return Camera.from_focal(900.0, width_px=640, height_px=480, camera_from_world=PICTURE_CAMERA_FROM_WORLD)


def small_fit() -> HeadFit:
    """A fit of the small head."""
    rng = np.random.default_rng(1)
    points_px = rng.uniform(100, 400, size=(68, 2))
    return HeadFit(
        parameters=HeadParameters(
            identity=rng.normal(size=IDENTITIES),
            expression=rng.uniform(size=len(EXPRESSIONS)),
            joint_rotations=0.1 * rng.normal(size=(4, 3)),
            root_rotation=0.1 * rng.normal(size=3),
            root_translation_m=np.array([0.0, 0.0, -0.8]),
        ),
        camera=_camera(),
        landmarks=Landmarks2D(points_px, np.full(68, 0.7), "ibug68", 0.9),
        residuals_px=rng.normal(size=(68, 2)),
        status=Status.CONVERGED,
        iterations=12,
        cost_history=(90.0, 40.0, 39.5),
        head_name="ball",
        head_version="1.0",
    )


def small_track() -> HeadTrack:
    """A track of the small head; its face is lost on one frame."""
    rng = np.random.default_rng(2)
    points_px = rng.uniform(100, 400, size=(FRAMES, 68, 2))
    sigma_px = np.full((FRAMES, 68), 0.7)
    tracked = np.arange(FRAMES) != 2
    points_px[~tracked] = np.nan
    sigma_px[~tracked] = np.nan
    return HeadTrack(
        times_s=np.arange(FRAMES) / 25,
        identity=rng.normal(size=IDENTITIES),
        expression=rng.uniform(size=(FRAMES, len(EXPRESSIONS))),
        joint_rotations=0.1 * rng.normal(size=(FRAMES, 4, 3)),
        root_rotation=0.1 * rng.normal(size=(FRAMES, 3)),
        root_translation_m=np.tile([0.0, 0.0, -0.8], (FRAMES, 1)),
        tracked=tracked,
        camera=_camera(),
        points_px=points_px,
        sigma_px=sigma_px,
        set_name="ibug68",
        head_name="ball",
        head_version="1.0",
        frames_per_second=25.0,
    )
