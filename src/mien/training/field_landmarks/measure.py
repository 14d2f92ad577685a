"""Runs methods over the test fields."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.camera_files.nerfstudio import read_transforms
from mien.field_landmarks.predict import FieldLandmarker, SearchConfig
from mien.field_landmarks.weights import read_networks
from mien.landmarks.landmarker import Landmarker
from mien.training.field_landmarks.baselines import (
    Shot,
    on_white,
    single_picture_landmarks,
    triangulated_landmarks,
    triangulated_truth,
)
from mien.training.field_landmarks.evaluation import FieldResult, MethodFigures, figures
from mien.training.field_landmarks.held_out_fields import (
    SIDE_VIEWS_RAD,
    TRIANGULATED_VIEWS,
    TestField,
)

TRIANGULATION_NOISE_PX = (1.0, 2.0, 3.0)
"""What a triangulation would give with independent errors of these sizes in every picture."""


@dataclass(frozen=True)
class FieldMeasurement:
    """Rows of the fine and the coarse network, and seconds a field."""

    rows: tuple[MethodFigures, ...]
    median_seconds: float
    largest_seconds: float


def measure_fields(
    fields: Iterable[TestField], *, networks: Path | None = None, upright: bool = False
) -> FieldMeasurement:
    """Our landmarks straight from the fields.

    Args:
        networks: the shipped ones when None; upright: see `SearchConfig`.
    """
    pair = None if networks is None else read_networks(networks)
    landmarker = FieldLandmarker(pair, SearchConfig(upright=upright))
    fine, coarse, seconds = [], [], []
    for one in fields:
        field = one.field()
        start = time.perf_counter()
        found = landmarker(field)
        seconds.append(time.perf_counter() - start)
        fine.append(FieldResult(found.points_m, one.landmarks_m, one.expression))
        coarse.append(FieldResult(found.coarse_points_m, one.landmarks_m, one.expression))
    rows = (figures("field: coarse and fine", fine), figures("field: coarse only", coarse))
    return FieldMeasurement(rows, float(np.median(seconds)), float(np.max(seconds)))


def _shots(one: TestField) -> list[Shot]:
    import cv2

    shots = []
    for posed in read_transforms(one.folder / "transforms.json"):
        rgba = cv2.imread(str(posed.path), cv2.IMREAD_UNCHANGED)
        assert rgba is not None
        shots.append(Shot(on_white(cv2.cvtColor(rgba, cv2.COLOR_BGRA2RGBA)), posed.camera))
    return shots


def measure_baselines(fields: Iterable[TestField]) -> list[MethodFigures]:
    """Triangulated 2D landmarks of the ten pictures most from the front, and single pictures."""
    landmarker = Landmarker("realtime")
    rows: dict[str, list[FieldResult]] = {}
    for one in fields:
        shots = _shots(one)
        around, sides = shots[: -len(SIDE_VIEWS_RAD)], shots[-len(SIDE_VIEWS_RAD) :]
        frontal = sorted(around, key=lambda shot: shot.camera.camera_from_world[2, 2])[:TRIANGULATED_VIEWS]
        points_m = triangulated_landmarks(frontal, landmarker)
        name = f"2D landmarks in {TRIANGULATED_VIEWS} views, triangulated"
        rows.setdefault(name, []).append(FieldResult(points_m, one.landmarks_m, one.expression))
        for noise_px in TRIANGULATION_NOISE_PX:
            points_m = triangulated_truth(frontal, one.landmarks_m, noise_px=noise_px)
            name = f"true points ± {noise_px:g} px in {TRIANGULATED_VIEWS} views, triangulated"
            rows.setdefault(name, []).append(FieldResult(points_m, one.landmarks_m, one.expression))
        for azimuth, shot in zip(SIDE_VIEWS_RAD, sides, strict=True):
            single = single_picture_landmarks(shot, one.landmarks_m, landmarker)
            label = f"one picture from {np.degrees(azimuth):.0f}°"
            rows.setdefault(f"{label}, aligned to the truth", []).append(
                FieldResult(single.aligned_m, one.landmarks_m, one.expression)
            )
            rows.setdefault(f"{label}, as placed", []).append(
                FieldResult(single.as_placed_m, one.landmarks_m, one.expression)
            )
    return [figures(name, results) for name, results in rows.items()]
