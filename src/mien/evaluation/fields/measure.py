"""Runs methods over the test fields."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.camera_files.nerfstudio import read_transforms
from mien.evaluation.fields.baselines import (
    Shot,
    on_white,
    single_picture_landmarks,
    triangulated_landmarks,
    triangulated_truth,
)
from mien.evaluation.fields.held_out_fields import (
    SIDE_VIEWS_RAD,
    TRIANGULATED_VIEWS,
    TestField,
)
from mien.evaluation.fields.landmark_errors import FieldResult, MethodFigures, figures
from mien.images.stored import read_rgba
from mien.landmarks.landmarker import Landmarker
from mien.landmarks_in_fields.network_files import read_networks
from mien.landmarks_in_fields.pictured_landmarks import PicturedLandmarks
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.landmarks_in_fields.second_opinion import SecondOpinion
from mien.landmarks_in_fields.types import Landmarks3D

BOTH, NETWORKS = "networks and pictures of the field", "networks, coarse and fine"
PHOTOGRAPHED = "networks and photographs"
TRIANGULATION_NOISE_PX = (1.0, 2.0, 3.0)
"""What a triangulation would give with independent errors of these sizes in every picture."""


@dataclass(frozen=True)
class FieldMeasurement:
    """What was measured of landmarks in fields.

    Attributes:
        rows: over all fields: the answer, if pictures were taken; the fine and the coarse network's; those of
            the pictures' alone. by_person, by_expression: of the first row.
        median_seconds, largest_seconds: a field.
        confidences: one a field, 0 to 1.
        within_sigma: shares of the coordinates that are off by at most one and at most two of the standard
            deviations told (0.68 and 0.95 of Gaussian errors); NaN where the networks tell none.
    """

    rows: tuple[MethodFigures, ...]
    by_person: tuple[MethodFigures, ...]
    by_expression: tuple[MethodFigures, ...]
    median_seconds: float
    largest_seconds: float
    confidences: tuple[float, ...]
    within_sigma: tuple[float, float]


def measure_fields(
    fields: Iterable[TestField],
    *,
    networks: Path | None = None,
    upright: bool = False,
    pictures: bool = True,
    photographs: bool = False,
) -> FieldMeasurement:
    """Our landmarks straight from the fields.

    Args:
        networks: the shipped ones when None; upright: see `SearchConfig`.
        pictures: with landmarks in pictures of the fields.
        photographs: also with landmarks in the photographs that the fields were trained on, as a row of its
            own.
    """
    pair = None if networks is None else read_networks(networks)
    landmarker = FieldLandmarker(pair, SearchConfig(upright=upright, second_opinion=None))
    pictured = PicturedLandmarks() if pictures or photographs else None
    rows: dict[str, list[FieldResult]] = {}
    answers: list[Landmarks3D] = []
    seconds, truths = [], []
    for one in fields:
        field = one.field()
        start = time.perf_counter()
        found = landmarker(field)
        said = {NETWORKS: found.points_m, "networks, coarse only": found.coarse_points_m}
        nothing = np.full((68, 3), np.nan)
        by_networks = found
        if pictured is not None and pictures:
            second = pictured.second(field, found) if found.found else SecondOpinion(nothing, nothing, 0.0)
            found = pictured.together(found, second) if found.found else found
            if found.confidence < landmarker.config.min_confidence:
                found = Landmarks3D.none_found(found.confidence)
            said = {BOTH: found.points_m, **said}
            said["pictures of the field, 2D landmarks triangulated"] = second.triangulated_m
            said["pictures of the field, head fitted"] = second.fitted_m
        seconds.append(time.perf_counter() - start)
        if pictured is not None and photographs:
            shown = pictured(field, by_networks, one.images()) if by_networks.found else by_networks
            said[PHOTOGRAPHED] = shown.points_m
        for name, points_m in said.items():
            rows.setdefault(name, []).append(FieldResult(points_m, one.landmarks_m, one.expression))
        answers.append(found)
        truths.append(one)
    best = next(iter(rows.values()))
    in_sigmas = [
        np.abs(found.points_m - one.landmarks_m) / found.sigma_m[:, None]
        for found, one in zip(answers, truths, strict=True)
        if found.found
    ]
    return FieldMeasurement(
        tuple(figures(name, results) for name, results in rows.items()),
        _grouped(best, [f"person {one.person}" for one in truths]),
        _grouped(best, [one.expression for one in truths]),
        float(np.median(seconds)),
        float(np.max(seconds)),
        tuple(found.confidence for found in answers),
        (_share_below(in_sigmas, 1.0), _share_below(in_sigmas, 2.0)),
    )


def _share_below(values: list[np.ndarray], limit: float) -> float:
    """NaN where there are none, or some are."""
    every = np.concatenate([each.ravel() for each in values] or [np.full(1, np.nan)])
    return float((every < limit).mean()) if np.isfinite(every).all() else float("nan")


def _grouped(results: list[FieldResult], names: list[str]) -> tuple[MethodFigures, ...]:
    """A row for each name, in their order."""
    return tuple(
        figures(name, [result for result, its in zip(results, names, strict=True) if its == name])
        for name in dict.fromkeys(names)
    )


def _shots(one: TestField) -> list[Shot]:
    shots = []
    for posed in read_transforms(one.folder / "transforms.json"):
        assert posed.path is not None
        shots.append(Shot(on_white(read_rgba(posed.path)), posed.camera))
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
