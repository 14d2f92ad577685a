"""What the photographs that a field was trained on say of a face that was found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.errors import InputError
from mien.fields.head_capture import on_ground
from mien.fields.posed_images import PosedImages
from mien.geometry.rotations import nearest_rotation
from mien.landmarks.acceptance import Acceptance
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import region_from_points
from mien.landmarks.triangulation import triangulate
from mien.landmarks_in_fields.fusion import OpinionKind
from mien.landmarks_in_fields.types import Landmarks3D

_SEARCH_SCORE = 0.5
"""Nobody searched for these faces: no evidence for or against them."""
_OUTER_CORNERS = (36, 45)


@dataclass(frozen=True)
class PhotographsConfig:
    """Which photographs are asked, and what is believed of them."""

    most: int = 12
    """Photographs, as far from each other as can be."""
    least: int = 3
    """Fewer tell no depth that would be worth it."""
    widest_deg: float = 75.0
    """Between the face's own front and a camera that sees it well enough."""
    network: str = "offline"
    """Of 2D landmarks: photographs show more than pictures of a field, and this one's mouths are better."""
    farthest: float = 0.5
    """Over the distance of the outer corners of the eyes: photographs that put the face further from where
    the field has it are of something else, or by other cameras."""


@dataclass(frozen=True, eq=False)
class Photographed:
    """Landmarks of a face as photographs of it tell them, in the field's frame and unit.

    Attributes:
        points_m: (68, 3) triangulated; NaN where too few photographs show the face.
        evidence: how much speaks for a face in the middle one of the photographs, log odds
            (`Acceptance.evidence`, without a search).
        views: photographs that were asked.
    """

    kind: ClassVar[OpinionKind] = "photographs"

    points_m: Float[np.ndarray, "68 3"]
    evidence: float
    views: int

    @property
    def others_m(self) -> Float[np.ndarray, "1 68 3"]:
        """The opinions beside the networks'."""
        return self.points_m[None]


class PhotographLandmarker:
    """Finds the landmarks of a face in photographs whose cameras are known."""

    def __init__(self, config: PhotographsConfig | None = None) -> None:
        """
        Raises:
            InputError: there is no such network of 2D landmarks.
        """
        self.config = config or PhotographsConfig()
        self.predictor = LandmarkPredictor(self.config.network)

    def __call__(self, images: PosedImages, found: Landmarks3D) -> Photographed:
        """What the photographs say.

        Args:
            images: their cameras are in the field's frame and unit.

        Raises:
            InputError: they put the face somewhere else than the field does.
        """
        chosen = seeing(images.cameras, found, self.config)
        if len(chosen) < self.config.least:
            return Photographed(np.full((68, 3), np.nan), 0.0, len(chosen))
        cameras = [images.cameras[index] for index in chosen]
        points_px, sigma_px, evidences = [], [], []
        for index, camera in zip(chosen, cameras, strict=True):
            region = region_from_points(camera.project(found.points_m), found.set_name)
            face = self.predictor(on_ground(images.rgba[index]), region, both_ways=True)
            evidences.append(Acceptance().evidence(face, seen=region, search_score=_SEARCH_SCORE))
            told = face.to(found.set_name)
            points_px.append(told.points_px)
            sigma_px.append(told.sigma_px)
        points_m = triangulate(np.stack(points_px).astype(float), np.stack(sigma_px).astype(float), cameras)
        self._check_place(points_m, found, images)
        return Photographed(points_m, float(np.median(evidences)), len(chosen))

    def _check_place(self, points_m: np.ndarray, found: Landmarks3D, images: PosedImages) -> None:
        right, left = found.points_m[list(_OUTER_CORNERS)]
        off = np.linalg.norm(points_m - found.points_m, axis=1) / np.linalg.norm(left - right)
        if not np.median(off) < self.config.farthest:
            raise InputError(
                f"its pictures put the face {np.median(off):.1g} eye distances from where the field has it: "
                "they must be those that the field was trained on, with cameras in the same frame and unit "
                "(--metres-per-unit), or leave them away",
                source=images.source,
            )


def seeing(cameras: Sequence[Camera], found: Landmarks3D, config: PhotographsConfig) -> list[int]:
    """The cameras that look at a face from its front, the most frontal one first, then each as far as can be
    from those before."""
    middle_m = found.points_m.mean(axis=0)
    front = nearest_rotation(found.field_from_head[:, :3])[:, 2]
    towards, usable = [], []
    for index, camera in enumerate(cameras):
        offset_m = camera.world_from_camera[:3, 3] - middle_m
        direction = offset_m / max(float(np.linalg.norm(offset_m)), 1e-12)
        points_px = camera.project(found.points_m)
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
