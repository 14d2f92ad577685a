"""A shard of drawn heads and a layout that needs no head model."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.crops.layout import LandmarkLayout

POINTS = 12
SIZE = 192


def _head(index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An ellipse with eyes and a mouth: picture (BGR), mask, points."""
    import cv2

    center = np.array([96.0, 100.0]) + rng.uniform(-4, 4, 2)
    background = np.full((SIZE, SIZE, 3), rng.integers(0, 256, 3), np.uint8)
    picture, mask = background.copy(), np.zeros((SIZE, SIZE), np.uint8)
    x, y = (int(value) for value in center)
    skin = [int(value) for value in (120 + 5 * (index % 10), 150, 210)]
    cv2.ellipse(picture, (x, y), (36, 46), 0, 0, 360, skin, -1)
    cv2.ellipse(mask, (x, y), (36, 46), 0, 0, 360, 255, -1)
    eyes = center + np.array([[14, -14], [-14, -14]])
    mouth = center + np.array([[-10, 22], [10, 22]])
    for eye in eyes:
        cv2.circle(picture, (int(eye[0]), int(eye[1])), 5, (30, 20, 10), -1)
    cv2.line(picture, (x - 10, y + 22), (x + 10, y + 22), (40, 40, 160), 4)
    outline = center + np.array([[28, 0], [-28, 0], [0, 42], [0, -40], [20, 30], [-20, 30], [0, 5], [0, 12]])
    return picture, mask, np.concatenate([eyes, mouth, outline]).astype(np.float32)


def write_shard(path: Path, *, count: int, seed: int) -> None:
    """A tar shard with the files that `mien synth` writes."""
    import cv2

    rng = np.random.default_rng(seed)
    with tarfile.open(path, "w") as archive:
        for index in range(count):
            picture, mask, points = _head(index, rng)
            buffer = io.BytesIO()
            np.save(buffer, points)
            files = {
                "jpg": cv2.imencode(".jpg", picture)[1].tobytes(),
                "mask.png": cv2.imencode(".png", mask)[1].tobytes(),
                "points.npy": buffer.getvalue(),
                "json": json.dumps({"seed": index}).encode(),
            }
            for kind, content in files.items():
                info = tarfile.TarInfo(f"{index:06d}.{kind}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


@pytest.fixture(scope="session")
def shards(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder / "shard-000000.tar", count=6, seed=0)
    write_shard(folder / "shard-000001.tar", count=12, seed=1)
    return folder


@pytest.fixture(scope="session")
def layout() -> LandmarkLayout:
    return LandmarkLayout(
        set_name="drawn",
        shard_indices=np.arange(POINTS),
        mirror=np.arange(POINTS),
        face=np.ones(POINTS, bool),
        left_eye=np.array([0]),
        right_eye=np.array([1]),
        mouth=np.array([2, 3]),
        weights=np.ones(POINTS),
    )
