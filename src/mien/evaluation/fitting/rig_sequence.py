"""Study: time and memory of a recorded sequence solved offline, all frames and cameras at once."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.sequence import fit_sequence
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.progress import ProgressReport, silent


@dataclass(frozen=True)
class RigSequenceResult:
    """How a joint solve went.

    Attributes:
        frames, cameras, landmarks: its size.
        status, iterations: how it ended.
        wall_s, processor_s: seconds by the clock, and of all cores together.
        peak_mib: most memory that the whole process held until the end of the solve, landmarks included;
            before_mib: before the solve.
        vertex_error_mm: mean distance of the fitted, posed front of the head from the true one in the rig's
            world.
        noise_px: deviation of the noise on the landmarks.
        cores: processors that the process may use.
    """

    frames: int
    cameras: int
    landmarks: int
    status: Status
    iterations: int
    wall_s: float
    processor_s: float
    peak_mib: float
    before_mib: float
    vertex_error_mm: float
    noise_px: float
    cores: int


def study_rig_sequence(
    head: Head,
    *,
    frames: int = 520,
    cameras: int = 17,
    set_name: str = "dense703",
    noise_px: float = 1.0,
    config: FitConfig = FitConfig(),
    report: ProgressReport = silent,
) -> RigSequenceResult:
    """Solve a made-up recording of a rig: a random person of the prior talks and turns, seen from all sides.

    Args:
        noise_px: deviation of the noise on the landmarks of pictures of 1000 px.
    """
    rig = [_camera(index, cameras) for index in range(cameras)]
    truths = _talk(head, frames)
    vertices = head.landmark_set(set_name).vertices
    rng = np.random.default_rng(7)
    landmarks = []
    for truth in truths:
        points_m = head.vertices_m(truth)[vertices]
        seen = [camera.project(points_m) + noise_px * rng.normal(size=(len(vertices), 2)) for camera in rig]
        landmarks.append([Landmarks2D(px, np.full(len(px), max(noise_px, 0.1)), set_name) for px in seen])

    before_mib = peak_memory_mib()
    wall, processor = time.perf_counter(), time.process_time()
    fit = fit_sequence(landmarks, rig, context=Context(head=head, config=config), report=report, throw=True)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    front = head.landmark_set("full_face" if "full_face" in head.landmark_sets else set_name).vertices
    errors_m = [
        np.linalg.norm(head.vertices_m(found)[front] - head.vertices_m(truth)[front], axis=1).mean()
        for found, truth in zip(fit.frames[::10], truths[::10], strict=True)
    ]
    return RigSequenceResult(
        frames=frames,
        cameras=cameras,
        landmarks=len(vertices),
        status=fit.status,
        iterations=fit.iterations,
        wall_s=wall,
        processor_s=processor,
        peak_mib=peak_memory_mib(),
        before_mib=before_mib,
        vertex_error_mm=1000 * float(np.mean(errors_m)),
        noise_px=noise_px,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


def peak_memory_mib() -> float:
    """Most memory that this process has held so far; NaN where the system does not say."""
    try:
        import resource
    except ImportError:  # not on Windows
        return float("nan")
    import sys

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _camera(index: int, count: int) -> Camera:
    """Cameras on an arc a metre away, from one ear to the other, at several heights."""
    along = 2 * index / max(count - 1, 1) - 1
    pose = np.eye(4)
    turn = matrix_from_rotation_vector(np.array([0.3 * np.sin(2.0 * index), 1.2 * along, 0.0]))
    pose[:3, :3] = PICTURE_CAMERA_FROM_WORLD[:3, :3] @ turn
    pose[:3, 3] = (0, 0, 1.0)
    return Camera.from_focal(1500.0, width_px=1000, height_px=1000, camera_from_world=pose)


def _talk(head: Head, frames: int) -> list[HeadParameters]:
    rng = np.random.default_rng(0)
    identity = rng.normal(size=head.identity_count)
    strength = np.clip(rng.normal(size=(12, head.expression_count)), 0, 1)
    truths = []
    for frame in range(frames):
        beat = np.abs(np.sin(frame / 25 * np.arange(12) * 0.2 + np.arange(12)))
        truths.append(
            replace(
                head.neutral(),
                identity=identity,
                expression=np.clip(0.12 * beat @ strength, 0, 0.9),
                root_rotation=np.array([0.1 * np.sin(frame / 30), 0.3 * np.sin(frame / 40), 0.0]),
                root_translation_m=np.array([0.01 * np.sin(frame / 20), 0.0, 0.0]),
            )
        )
    return truths
