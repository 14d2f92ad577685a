"""Timings: statistics, and a synthetic clip that a tracker can follow."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.speed.timing import Timing, machine, moving_frames, time_face_mesh
from mien.landmarks.region import Region


def test_timing_statistics():
    timing = Timing.of("fit", [0.001 * value for value in range(1, 102)])
    assert timing.median_ms == pytest.approx(51)
    assert timing.fast_ms == pytest.approx(11)
    assert timing.slow_ms == pytest.approx(91)
    assert timing.count == 101


def test_the_clip_moves_smoothly_around_the_face():
    photo = np.zeros((400, 500, 3), np.uint8)
    photo[190:211, 240:261] = 255
    frames = moving_frames(photo, Region(np.array([250.0, 200.0]), 100.0), count=24, size=120)
    rows, columns = np.mgrid[:120, :120]
    centers = []
    for frame in frames:
        weight = frame[..., 0].astype(float)
        centers.append([(weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()])
    steps = np.linalg.norm(np.diff(centers, axis=0), axis=1)
    assert 0.2 < steps.mean() < 6
    assert steps.max() < 8
    assert np.abs(np.array(centers) - 59.5).max() < 20


def test_the_machine_has_a_name():
    assert machine()


def python_that(folder: Path, answer: str) -> Path:
    """A stand-in for another interpreter, which runs no script."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_peer_is_timed_by_its_own_interpreter(tmp_path: Path):
    frames = [np.zeros((8, 8, 3), np.uint8)] * 2
    peer = python_that(
        tmp_path, """echo noise; echo '{"version": "0.10", "seconds": [0.004, 0.002, 0.003]}'"""
    )
    timing = time_face_mesh(peer, frames, count=3)
    assert timing.name == "MediaPipe Face Mesh 0.10"
    assert (timing.median_ms, timing.count) == (pytest.approx(3), 3)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    "answer", ["echo 'No module named mediapipe' >&2; exit 1", "echo nonsense", "exit 0"]
)
def test_a_peer_that_does_not_run_is_an_input_error(tmp_path: Path, answer: str):
    with pytest.raises(InputError, match="interpreter"):
        time_face_mesh(python_that(tmp_path, answer), [np.zeros((8, 8, 3), np.uint8)], count=3)


def test_a_missing_interpreter_is_an_input_error(tmp_path: Path):
    with pytest.raises(InputError, match="interpreter"):
        time_face_mesh(tmp_path / "nothing", [np.zeros((8, 8, 3), np.uint8)], count=3)
