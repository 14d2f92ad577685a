"""What pictures of a field say of a face that was found in it: 2D landmarks, triangulated; a head fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from mien.fields.protocol import Field
from mien.fields.rendering.picture import FieldPicture
from mien.fitting.context import Context
from mien.fitting.views import fit_landmark_views
from mien.landmarks.acceptance import Acceptance
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import region_from_points
from mien.landmarks.triangulation import triangulate
from mien.landmarks.types import Landmarks2D
from mien.landmarks_in_fields.face_pictures import Looks, pictures_of_face
from mien.landmarks_in_fields.fusion import OpinionKind
from mien.landmarks_in_fields.head_on_surface import head_on_surface
from mien.landmarks_in_fields.types import Landmarks3D

_SEARCH_SCORE = 0.5
"""Nobody searched for these faces: no evidence for or against them."""


@dataclass(frozen=True)
class PicturesConfig:
    """Which pictures are taken of a face, and what is believed of them."""

    looks_deg: tuple[tuple[float, float], ...] = (
        (0, 0),
        (20, 0),
        (-20, 0),
        (40, 0),
        (-40, 0),
        (0, 20),
        (0, -18),
    )
    """Azimuth and elevation of the cameras about the face's own axes."""
    size_px: int = 192
    """Side of the pictures."""
    focal: float = 3.2
    """Focal length over the side."""
    network: str = "realtime"
    """Of 2D landmarks."""
    min_evidence: float = 0.0
    """Less than this speaks for a face in the middle one of the pictures: then it is none."""
    believed_evidence: tuple[float, float] = (7.0, 7.9)
    """Up to the first the pictures' landmarks do not count, from the second on fully. Of 26 fields 24 have
    7.9 and more. In the other two, 3.3 and 4.4, bob hair lies in the face and the networks are nearer; so are
    they for a mean head in plain colours, 7.1."""

    def belief(self, evidence: float) -> float:
        """How much the pictures' landmarks count, 0 to 1."""
        low, high = self.believed_evidence
        return float(np.clip((evidence - low) / (high - low), 0, 1))


@dataclass(frozen=True, eq=False)
class SecondOpinion:
    """Landmarks of a face as its pictures tell them, in the field's frame and unit.

    Attributes:
        triangulated_m: (68, 3) from the 2D landmarks.
        fitted_m: (68, 3) of the built-in head, fitted to the 2D landmarks and the surface; NaN where no head
            explains them.
        evidence: how much speaks for a face in the middle one of the pictures, log odds
            (`Acceptance.evidence`, without a search).
    """

    kind: ClassVar[OpinionKind] = "pictures"

    triangulated_m: Float[np.ndarray, "68 3"]
    fitted_m: Float[np.ndarray, "68 3"]
    evidence: float

    @property
    def others_m(self) -> Float[np.ndarray, "2 68 3"]:
        """The opinions beside the networks'."""
        return np.stack([self.triangulated_m, self.fitted_m])


class PictureLandmarker:
    """Takes pictures of faces that were found in fields, and finds landmarks in them."""

    def __init__(self, config: PicturesConfig | None = None) -> None:
        """
        Raises:
            InputError: there is no such network of 2D landmarks.
        """
        self.config = config or PicturesConfig()
        self.predictor = LandmarkPredictor(self.config.network)
        self.context = Context()

    def __call__(self, field: Field, found: Landmarks3D) -> SecondOpinion:
        """The second opinion on a face that was found."""
        metres_per_unit = 1 / float(np.cbrt(np.linalg.det(found.field_from_head[:, :3])))
        looks = Looks(self.config.looks_deg, self.config.size_px, self.config.focal)
        pictures = list(pictures_of_face(field, found, looks, metres_per_unit=metres_per_unit))
        local = replace(
            found, points_m=found.points_m * metres_per_unit, sigma_m=found.sigma_m * metres_per_unit
        )
        faces, evidences = [], []
        for picture in pictures:
            region = region_from_points(picture.camera.project(local.points_m), found.set_name)
            face = self.predictor(picture.rgb, region, both_ways=True)
            faces.append(face)
            evidences.append(Acceptance().evidence(face, seen=region, search_score=_SEARCH_SCORE))
        told = [face.to(found.set_name) for face in faces]
        triangulated_m = triangulate(
            np.stack([face.points_px for face in told]).astype(float),
            np.stack([face.sigma_px for face in told]).astype(float),
            [picture.camera for picture in pictures],
        )
        fitted_m = self._fitted(pictures, faces, local)
        return SecondOpinion(
            triangulated_m / metres_per_unit,
            fitted_m / metres_per_unit,
            float(np.median(evidences)),
        )

    def _fitted(
        self, pictures: Sequence[FieldPicture], faces: Sequence[Landmarks2D], found: Landmarks3D
    ) -> Float[np.ndarray, "68 3"]:
        cameras = [picture.camera for picture in pictures]
        fits = fit_landmark_views(faces, cameras, same_moment=True, context=self.context).found
        usable = [fit for fit in fits if fit.iterations]
        if not usable:
            return np.full((68, 3), np.nan)
        head = self.context.loaded_head
        parameters, _ = head_on_surface(head, usable[0], pictures, found)
        return head.vertices_m(parameters)[head.landmark_set(found.set_name).vertices]
