"""Landmarks that the field networks found, after a look at pictures of the field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.fields.protocol import Field
from mien.geometry.alignment import align_rigid
from mien.landmarks_in_fields.fusion import OpinionWeights, shipped_weights
from mien.landmarks_in_fields.second_opinion import PictureLandmarker, PicturesConfig, SecondOpinion
from mien.landmarks_in_fields.types import Landmarks3D

CONFIDENCE_PER_EVIDENCE = 2.0
"""Log odds of a head for each unit of evidence beyond the least one."""


class PicturedLandmarks:
    """Asks for a second opinion on a face that was found, and makes one answer of all."""

    def __init__(self, config: PicturesConfig | None = None, weights: OpinionWeights | None = None) -> None:
        """
        Args:
            weights: of the opinions; the shipped ones when None.

        Raises:
            InputError: there is no such network of 2D landmarks.
        """
        self.config = config or PicturesConfig()
        self.weights = weights or shipped_weights()
        self.second = PictureLandmarker(self.config)

    def __call__(self, field: Field, found: Landmarks3D) -> Landmarks3D:
        """The face with both opinions; less sure where its pictures hardly show one."""
        return self.together(found, self.second(field, found))

    def together(self, found: Landmarks3D, second: SecondOpinion) -> Landmarks3D:
        """What the networks and the pictures say, weighed."""
        opinions_m = np.stack([found.points_m, second.triangulated_m, second.fitted_m])
        weighed_m, weighed_sigma_m = self.weights.fused(opinions_m, found.field_from_head)
        belief = self.config.belief(second.evidence)
        points_m = (1 - belief) * found.points_m + belief * weighed_m
        own_sigma_m = np.where(np.isfinite(found.sigma_m), found.sigma_m, weighed_sigma_m)
        sigma_m = (1 - belief) * own_sigma_m + belief * weighed_sigma_m
        moved = align_rigid(found.points_m, points_m)
        field_from_head = moved.rotation @ found.field_from_head
        field_from_head[:, 3] += moved.translation
        margin = CONFIDENCE_PER_EVIDENCE * (second.evidence - self.config.min_evidence)
        return replace(
            found,
            points_m=points_m,
            sigma_m=sigma_m,
            field_from_head=field_from_head,
            confidence=min(found.confidence, float(1 / (1 + np.exp(-margin)))),
        )
