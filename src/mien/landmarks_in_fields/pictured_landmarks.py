"""Landmarks that the field networks found, after a look at pictures of the field, or at its photographs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from mien.fields.posed_images import PosedImages
from mien.fields.protocol import Field
from mien.geometry.alignment import align_rigid
from mien.landmarks_in_fields.fusion import OpinionKind, OpinionWeights, shipped_weights
from mien.landmarks_in_fields.photographs import Photographed, photographs_opinion
from mien.landmarks_in_fields.second_opinion import PictureLandmarker, PicturesConfig, SecondOpinion
from mien.landmarks_in_fields.types import Landmarks3D

CONFIDENCE_PER_EVIDENCE = 2.0
"""Log odds of a head for each unit of evidence beyond the least one."""


class PicturedLandmarks:
    """Asks for a second opinion on a face that was found, and makes one answer of all."""

    def __init__(
        self,
        config: PicturesConfig | None = None,
        weights: Mapping[OpinionKind, OpinionWeights] | None = None,
    ) -> None:
        """
        Args:
            weights: of the opinions; the shipped ones where there are none.
        """
        self.config = config or PicturesConfig()
        self._weights = dict(weights or {})

    @cached_property
    def second(self) -> PictureLandmarker:
        """Asks pictures of fields."""
        return PictureLandmarker(self.config)

    def __call__(self, field: Field, found: Landmarks3D, images: PosedImages | None = None) -> Landmarks3D:
        """The face with all opinions; less sure where its pictures hardly show one.

        Args:
            images: the photographs that the field was trained on; where enough of them show the face, or the
                field remembers what they say, no pictures of the field are taken.

        Raises:
            InputError: the photographs put the face somewhere else than the field does.
        """
        photographed = photographs_opinion(field, found, images)
        if photographed is not None:
            return self.together(found, photographed)
        return self.together(found, self.second(field, found))

    def together(self, found: Landmarks3D, second: SecondOpinion | Photographed) -> Landmarks3D:
        """What the networks and the pictures say, weighed."""
        weights = self._weights.get(second.kind) or shipped_weights(second.kind)
        opinions_m = np.concatenate([found.points_m[None], second.others_m])
        weighed_m, weighed_sigma_m = weights.fused(opinions_m, found.field_from_head)
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
