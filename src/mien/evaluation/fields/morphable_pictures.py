"""Pictures of morphable fields against true ones: Table 4's figures, with baselines beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.cameras import Camera
from mien.drawing.raster import seen_by
from mien.evaluation.fields.picture_similarity import gmsd, psnr_db, ssim
from mien.fields.rendering.picture import render_field
from mien.heads.library import load_head
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.making import field_of
from mien.morphable_fields.models import MorphableModel
from mien.morphable_fields.nearby_points import LANDMARK_SET
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.expressive_people.pictures import LEARNED, ExpressivePeople

REGION_M = {"mouth": (range(48, 68), 0.012), "eyes": (range(36, 48), 0.010)}
"""Landmarks of a region, and how far around them it goes."""
SUPERSAMPLING, FEW_PX = 2, 96
"""Rays a pixel, each way, in pictures of few pixels; large ones have one."""

Picture = Float[np.ndarray, "h w 3"]
FaceOf = Callable[[ExpressivePeople, int], MorphableFace]


@dataclass(frozen=True)
class PictureScores:
    """Of one picture: decibels over white of the whole, inside the silhouette, of mouth and eyes (NaN where
    they are not seen), and similarities."""

    whole_db: float
    inside_db: float
    mouth_db: float
    eyes_db: float
    ssim: float
    gmsd: float


@dataclass(frozen=True)
class Row:
    """A line of Table 4: means and deviations over pictures."""

    name: str
    scores: tuple[PictureScores, ...]
    parameters: int = 0

    def mean(self, what: str) -> float:
        return float(np.nanmean([getattr(score, what) for score in self.scores]))

    def spread(self, what: str) -> float:
        return float(np.nanstd([getattr(score, what) for score in self.scores]))


def over_white(rgba: UInt8[np.ndarray, "h w 4"]) -> Picture:
    """A picture in [0, 1]."""
    alpha = rgba[..., 3:] / 255.0
    return rgba[..., :3] / 255.0 * alpha + 1 - alpha


def face_of_landmarks(people: ExpressivePeople, index: int) -> MorphableFace:
    """Texture and landmarks alone: what FLNeRF's model is given."""
    head = load_head()
    landmarks_m = people.vertices_m(head, index)[head.landmark_set(LANDMARK_SET).vertices]
    return MorphableFace.of_landmarks(people.textures[people.person[index]], landmarks_m)


def face_of_person(people: ExpressivePeople, index: int) -> MorphableFace:
    """Texture, landmarks, and who it is: what an edited field knows."""
    face = MorphableFace.of_parameters(people.textures[people.person[index]], people.parameters(index))
    known = replace(face, expression=np.zeros_like(face.expression))
    return known.with_landmarks(face.landmarks_m)


def region_masks(people: ExpressivePeople, index: int) -> dict[str, Bool[np.ndarray, "h w"]]:
    """Pixels of mouth and eyes that are seen; regions that face away or are hidden are empty."""
    head, camera = load_head(), people.camera(index)
    vertices_m = people.vertices_m(head, index)
    raster = seen_by(camera, vertices_m, head.triangles)
    corners = head.triangles[raster.triangle[raster.rows, raster.columns]]
    places_m = vertices_m[corners].mean(axis=1)
    points_m = vertices_m[head.landmark_set(LANDMARK_SET).vertices]
    masks = {}
    for name, (members, around_m) in REGION_M.items():
        mask = np.zeros((camera.height_px, camera.width_px), bool)
        gaps_m = np.linalg.norm(places_m[:, None] - points_m[list(members)], axis=2).min(axis=1)
        mask[raster.rows, raster.columns] = gaps_m < around_m
        masks[name] = mask
    return masks


def compare(
    seen: Picture, people: ExpressivePeople, index: int, masks: dict[str, Bool[np.ndarray, "h w"]]
) -> PictureScores:
    """Scores of a picture that should be a true one."""
    wanted = over_white(people.rgba[index])
    inside = people.rgba[index][..., 3] > 127
    parts = {
        name: psnr_db(seen[mask], wanted[mask]) if mask.sum() > 40 else float("nan")
        for name, mask in masks.items()
    }
    return PictureScores(
        whole_db=psnr_db(seen, wanted),
        inside_db=psnr_db(seen[inside], wanted[inside]),
        mouth_db=parts["mouth"],
        eyes_db=parts["eyes"],
        ssim=ssim(seen, wanted),
        gmsd=gmsd(seen, wanted),
    )


def measure_model(
    name: str,
    model: MorphableModel,
    people: ExpressivePeople,
    indices: np.ndarray,
    *,
    face_of: FaceOf = face_of_person,
    static: bool = False,
    parameters: int = 0,
    report: ProgressReport = silent,
) -> Row:
    """A model's pictures against true ones.

    Args:
        face_of: what of a picture's face the model is told.
        static: the head at rest instead, as a baseline.
        parameters: of the networks, for the table.
    """
    scores = []
    for number, index in enumerate(indices):
        face = face_of(people, int(index))
        face = face.neutral() if static else face
        seen = rendered(model, face, people.camera(int(index)))
        scores.append(compare(seen, people, int(index), region_masks(people, int(index))))
        report(Progress(number + 1, len(indices), name))
    return Row(name, tuple(scores), parameters)


def rendered(model: MorphableModel, face: MorphableFace, camera: Camera) -> Picture:
    """A model's picture of a face over white, in [0, 1]."""
    ways = SUPERSAMPLING if camera.width_px <= FEW_PX else 1
    return render_field(field_of(model, face), camera, supersampling=ways).rgb / 255.0


def measure_nearest(people: ExpressivePeople, indices: np.ndarray) -> Row:
    """The baseline that generates nothing: the learned picture of the same person that is most alike."""
    import cv2

    learned = people.of_kind(LEARNED)
    scores = []
    for index in indices:
        wanted = over_white(people.rgba[int(index)])
        own = learned[people.person[learned] == people.person[index]]
        candidates = own if len(own) else learned
        best, lowest = wanted, np.inf
        for one in candidates:
            picture = cv2.resize(over_white(people.rgba[int(one)]), wanted.shape[1::-1])
            error = float(((picture - wanted) ** 2).mean())
            if error < lowest:
                best, lowest = picture, error
        scores.append(compare(best, people, int(index), region_masks(people, int(index))))
    return Row("nearest training picture", tuple(scores))
