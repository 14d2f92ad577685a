"""A face's landmarks in space from photographs of it whose cameras are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fields.posed_images import PosedImages, on_ground
from mien.landmarks.acceptance import Acceptance
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import region_from_points
from mien.landmarks.triangulation import triangulate

_SEARCH_SCORE = 0.5
"""Nobody searched for these faces: no evidence for or against them."""


@dataclass(frozen=True)
class PhotographsConfig:
    """Which photographs are asked."""

    most: int = 12
    """Photographs, as far from each other as can be."""
    least: int = 3
    """Fewer tell no depth that would be worth it."""
    widest_deg: float = 75.0
    """Between the face's own front and a camera that sees it well enough."""
    network: str = "offline"
    """Of 2D landmarks: photographs show more than pictures of a field, and this one's mouths are better."""


@dataclass(frozen=True, eq=False)
class PhotographedFace:
    """Landmarks of a face as photographs of it tell them.

    Attributes:
        points_m: (L, 3) triangulated, in the cameras' world and unit; NaN where too few photographs show the
            face.
        evidence: how much speaks for a face in the middle one of the photographs, log odds
            (`Acceptance.evidence`, without a search).
        views: photographs that were asked.
    """

    points_m: Float[np.ndarray, "landmarks 3"]
    evidence: float
    views: int


def photographed_face(
    images: PosedImages,
    points_m: Float[np.ndarray, "landmarks 3"],
    front: Float[np.ndarray, " 3"],
    *,
    set_name: str,
    config: PhotographsConfig | None = None,
) -> PhotographedFace:
    """Landmarks where the photographs see them.

    Args:
        points_m: about where they are, in the cameras' world and unit: photographs are looked at there.
        front: the direction that the face looks in, of unit length.
        set_name: their landmark set.

    Raises:
        InputError: there is no such network of 2D landmarks.
    """
    config = config or PhotographsConfig()
    chosen = seeing(images.cameras, points_m, front, config)
    if len(chosen) < config.least:
        return PhotographedFace(np.full((len(points_m), 3), np.nan), 0.0, len(chosen))
    predictor = _predictor(config.network)
    cameras = [images.cameras[index] for index in chosen]
    points_px, sigma_px, evidences = [], [], []
    for index, camera in zip(chosen, cameras, strict=True):
        region = region_from_points(camera.project(points_m), set_name)
        face = predictor(on_ground(images.rgba[index]), region, both_ways=True)
        evidences.append(Acceptance().evidence(face, seen=region, search_score=_SEARCH_SCORE))
        told = face.to(set_name)
        points_px.append(told.points_px)
        sigma_px.append(told.sigma_px)
    seen_m = triangulate(np.stack(points_px).astype(float), np.stack(sigma_px).astype(float), cameras)
    return PhotographedFace(seen_m, float(np.median(evidences)), len(chosen))


def seeing(
    cameras: Sequence[Camera],
    points_m: Float[np.ndarray, "landmarks 3"],
    front: Float[np.ndarray, " 3"],
    config: PhotographsConfig,
) -> list[int]:
    """The cameras that look at a face from its front, the most frontal one first, then each as far as can be
    from those before."""
    middle_m = points_m.mean(axis=0)
    towards, usable = [], []
    for index, camera in enumerate(cameras):
        offset_m = camera.world_from_camera[:3, 3] - middle_m
        direction = offset_m / max(float(np.linalg.norm(offset_m)), 1e-12)
        points_px = camera.project(points_m)
        within = np.all((points_px > 0) & (points_px < [camera.width_px, camera.height_px]), axis=1)
        if direction @ front > np.cos(np.radians(config.widest_deg)) and within.mean() > 0.5:
            towards.append(direction)
            usable.append(index)
    if not usable:
        return []
    directions = np.array(towards)
    order = [int(np.argmax(directions @ front))]
    while len(order) < min(config.most, len(usable)):
        nearest = (directions @ directions[order].T).max(axis=1)
        nearest[order] = np.inf
        order.append(int(np.argmin(nearest)))
    return [usable[position] for position in order]


@lru_cache(maxsize=2)
def _predictor(network: str) -> LandmarkPredictor:
    return LandmarkPredictor(network)
