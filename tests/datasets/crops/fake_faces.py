"""Fake faces in real shards: ellipses with dots at the landmarks, so that a test can see where a point is."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial import Delaunay

from mien.datasets.crops.batches import CropDataset
from mien.datasets.crops.config import CropDataConfig
from mien.datasets.crops.layout import LandmarkLayout
from mien.heads.mesh_hierarchy.triangulation import LandmarkMesh

SIZE = 192

# x to the picture's right (the subject's left), y down, in units of the face's half width
FACE = np.array(
    [
        [0.40, -0.35], [0.25, -0.35], [0.55, -0.35],  # subject's left eye
        [-0.40, -0.35], [-0.25, -0.35], [-0.55, -0.35],  # right eye
        [0.0, 0.10], [0.18, 0.20], [-0.18, 0.20],  # nose
        [0.0, 0.55], [0.30, 0.50], [-0.30, 0.50],  # mouth
        [0.80, 0.10], [-0.80, 0.10], [0.0, 1.05],  # jaw
        [1.05, -0.20], [-1.05, -0.20],  # ears
    ]
)  # fmt: skip
MIRROR = np.array([3, 4, 5, 0, 1, 2, 6, 8, 7, 9, 11, 10, 13, 12, 14, 16, 15])
COUNT = len(FACE)


@pytest.fixture(scope="session")
def layout() -> LandmarkLayout:
    face = np.ones(COUNT, bool)
    face[15:] = False
    return LandmarkLayout(
        set_name="toy17",
        shard_indices=np.arange(COUNT) + 3,  # the shards hold three points more in front
        mirror=MIRROR,
        face=face,
        left_eye=np.array([0, 1, 2]),
        right_eye=np.array([3, 4, 5]),
        mouth=np.array([9, 10, 11]),
        weights=np.where(face, 1.0, 0.4),
    )


def draw_face(rng: np.random.Generator, *, dots: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its landmarks; with `dots`, landmark i is a soft spot on black."""
    half_px, roll = rng.uniform(34, 44), rng.normal(0, 0.15)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    shape = FACE * rng.uniform(0.92, 1.08, 2) + rng.normal(0, 0.01, FACE.shape)
    points_px = shape @ turn.T * half_px + rng.uniform(88, 104, 2)
    if dots:
        return np.zeros((SIZE, SIZE, 3), np.uint8), points_px
    picture = np.full((SIZE, SIZE, 3), rng.integers(0, 256, 3), np.uint8)
    middle = tuple(int(value) for value in points_px[:15].mean(axis=0))
    skin = tuple(int(value) for value in rng.integers(120, 230, 3))
    cv2.ellipse(picture, middle, (int(half_px), int(1.3 * half_px)), np.degrees(roll), 0, 360, skin, -1)
    for index, point in enumerate(points_px):
        color = (240, 240, 240) if index < 6 else (170, 30, 40) if index in (9, 10, 11) else (60, 40, 30)
        cv2.circle(picture, (int(point[0]), int(point[1])), 3, color, -1, cv2.LINE_AA)
    return picture, points_px


def write_shard(path: Path, faces: list[tuple[np.ndarray, np.ndarray]]) -> None:
    with tarfile.open(path, "w") as archive:
        for index, (picture, points_px) in enumerate(faces):
            stored = np.concatenate([np.zeros((3, 2)), points_px]).astype(np.float32)
            array, flags = io.BytesIO(), io.BytesIO()
            np.save(array, stored)
            np.save(flags, np.zeros(len(stored), np.uint8))
            code = cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes()
            details = json.dumps({"seed": index}).encode()
            parts = {"jpg": code, "points.npy": array.getvalue(), "visibility.npy": flags.getvalue()}
            for kind, content in (parts | {"json": details}).items():
                member = tarfile.TarInfo(f"{path.stem[-2:]}{index:04d}.{kind}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


@pytest.fixture(scope="session")
def shards(tmp_path_factory) -> Path:
    """Two shards of 16 faces; the first is held out."""
    folder = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(5)
    for shard in range(2):
        write_shard(folder / f"shard-{shard:06d}.tar", [draw_face(rng) for _ in range(16)])
    return folder


@pytest.fixture
def crops(shards) -> CropDataConfig:
    return CropDataConfig(data=(shards,), batch=16, size=64, max_pictures=1000)


@pytest.fixture
def dataset(crops, layout) -> CropDataset:
    return CropDataset.of(crops, seed=1, layout=layout)


@pytest.fixture(scope="session")
def bowl() -> LandmarkMesh:
    """Forty landmarks on a bent sheet."""
    x, y = np.meshgrid(np.linspace(-0.1, 0.1, 5), np.linspace(-0.1, 0.1, 8))
    points_m = np.stack([x.ravel(), y.ravel(), -4 * (x.ravel() ** 2 + y.ravel() ** 2)], axis=1)
    triangles = Delaunay(points_m[:, :2]).simplices.astype(np.int64)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return LandmarkMesh(points_m, triangles, np.unique(np.sort(pairs, axis=1), axis=0))
