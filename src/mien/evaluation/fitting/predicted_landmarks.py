"""Study: fits to what a network sees: more and fewer landmarks, with and without σ, one view and several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from mien.errors import InputError
from mien.evaluation.fitting.exact_landmarks import rest_shape
from mien.evaluation.fitting.shape_error import ShapeErrors, ShapeJudge
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.views import fit_landmark_views
from mien.heads.landmark_conversion import landmark_conversion
from mien.landmarks.types import Landmarks2D
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.held_out_people.crowd import Photographer
from mien.synthetic.held_out_people.picture_files import picture_path

SETS = ("ibug68", "dense320", "dense703")
"""From few landmarks to many; a network is measured on those that are part of its own set."""


@runtime_checkable
class FaceFinder(Protocol):
    """What is measured: `mien.Landmarker`, or anything that finds faces as it does."""

    @property
    def set_name(self) -> str:
        """The landmark set of what it finds."""
        ...

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        """Faces of a picture, best first."""
        ...


@dataclass(frozen=True)
class Way:
    """One way of using a network's landmarks.

    Attributes:
        set_name: which landmarks are fitted.
        sigma: whether each landmark keeps its own σ; otherwise all in all pictures get the same share of the
            face's size, the network's median.
        several: all pictures of a person together instead of each alone.
    """

    set_name: str
    sigma: bool = True
    several: bool = False


@dataclass(frozen=True, eq=False)
class PredictedLandmarksResult:
    """Errors of fitted neutral shapes.

    Attributes:
        network: the network's name.
        errors: for each way one entry per fit: per picture with a face, or per person.
        mean_head: one entry per person.
        landmark_error_px: mean distance of the network's landmarks from the exact ones; landmark_share: the
            same over the distance between the outer eye corners.
        pictures, found: pictures shown and faces found in them.
    """

    network: str
    errors: dict[Way, list[ShapeErrors]]
    mean_head: list[ShapeErrors]
    landmark_error_px: float
    landmark_share: float
    pictures: int
    found: int


def study_predicted_landmarks(
    photographer: Photographer,
    landmarker: FaceFinder,
    folder: Path,
    *,
    network: str,
    config: FitConfig = FitConfig(),
    report: ProgressReport = silent,
) -> PredictedLandmarksResult:
    """Fit everybody from the landmarks that a network finds in the rendered pictures.

    Focal lengths are unknown to the fit, as for a photo without EXIF data.

    Raises:
        InputError: a picture is missing, or there is no face in any.
    """
    crowd, head = photographer.crowd, photographer.head
    seen = _Seen.by(landmarker, photographer, folder, report=report)
    sets = [name for name in SETS if _gives(landmarker.set_name, name)]
    errors: dict[Way, list[ShapeErrors]] = {}
    mean_head: list[ShapeErrors] = []
    for person in reported(range(len(crowd)), report, label="fitting"):
        judge = ShapeJudge.of(head, photographer.neutral_m(person))
        mean_head.append(judge(head.mean_m))
        for set_name in sets:
            for sigma in (True, False):
                faces = [
                    None if face is None else _prepared(face, set_name, None if sigma else seen.sigma_share)
                    for face in seen.faces[person]
                ]
                for shape_m in _singles(photographer, faces, config):
                    errors.setdefault(Way(set_name, sigma), []).append(judge(shape_m))
                if sum(face is not None for face in faces) > 1:
                    shape_m = _together(photographer, faces, config)
                    errors.setdefault(Way(set_name, sigma, several=True), []).append(judge(shape_m))
    return PredictedLandmarksResult(
        network=network,
        errors=errors,
        mean_head=mean_head,
        landmark_error_px=seen.error_px,
        landmark_share=seen.error_share,
        pictures=len(crowd) * crowd.shot_count,
        found=sum(face is not None for faces in seen.faces for face in faces),
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a network finds in everybody's pictures.

    Attributes:
        faces: per person and shot.
        sigma_share: median σ over the face's radius.
        error_px, error_share: see `PredictedLandmarksResult`.
    """

    faces: list[list[Landmarks2D | None]]
    sigma_share: float
    error_px: float
    error_share: float

    @staticmethod
    def by(
        landmarker: FaceFinder,
        photographer: Photographer,
        folder: Path,
        *,
        report: ProgressReport,
    ) -> _Seen:
        from mien.images.photo import read_image

        crowd = photographer.crowd
        everybody: list[list[Landmarks2D | None]] = []
        errors_px, errors_share, sigma_share = [], [], []
        for person in reported(range(len(crowd)), report, label="finding landmarks"):
            everybody.append([])
            for shot in range(crowd.shot_count):
                path = picture_path(folder, person, shot)
                if not path.exists():
                    raise InputError(
                        "this picture is missing; render the pictures with --assets", source=path
                    )
                exact = photographer.landmarks(person, shot, landmarker.set_name)
                face = found_face(landmarker, read_image(path), exact)
                everybody[-1].append(face)
                if face is not None:
                    errors_px.append(float(np.linalg.norm(face.points_px - exact.points_px, axis=1).mean()))
                    corners_px = exact.to("ibug68").points_px[[36, 45]]
                    errors_share.append(errors_px[-1] / float(np.linalg.norm(corners_px[0] - corners_px[1])))
                    sigma_share.append(float(np.median(face.sigma_px)) / face.radius_px)
        if not errors_px:
            raise InputError("the network finds no face in any of the pictures", source=folder)
        means = float(np.mean(errors_px)), float(np.mean(errors_share))
        return _Seen(everybody, float(np.median(sigma_share)), *means)


def found_face(landmarker: FaceFinder, image: np.ndarray, exact: Landmarks2D) -> Landmarks2D | None:
    """The found face that lies where the person is; a face that is imagined elsewhere is none."""
    size_px = np.sqrt(((exact.points_px - exact.points_px.mean(axis=0)) ** 2).sum(axis=1).mean())
    for face in landmarker(image):
        if np.linalg.norm(face.points_px.mean(axis=0) - exact.points_px.mean(axis=0)) < size_px:
            return face
    return None


def _prepared(face: Landmarks2D, set_name: str, sigma_share: float | None) -> Landmarks2D:
    """Some of the landmarks, with their own σ or one and the same share of the face's radius for all."""
    chosen = face.to(set_name)
    if sigma_share is None:
        return chosen
    return replace(chosen, sigma_px=np.full(len(chosen), sigma_share * face.radius_px))


def _singles(
    photographer: Photographer, seen: Sequence[Landmarks2D | None], config: FitConfig
) -> list[np.ndarray]:
    head, size_px = photographer.head, photographer.crowd.size_px
    camera, context = CameraPrior.free(width_px=size_px, height_px=size_px), Context(head=head, config=config)
    shapes_m = []
    for face in seen:
        if face is not None:
            fit = fit_landmarks(face, camera, context=context)
            shapes_m.append(rest_shape(head, fit.parameters.identity))
    return shapes_m


def _together(
    photographer: Photographer, seen: Sequence[Landmarks2D | None], config: FitConfig
) -> np.ndarray:
    head, size_px = photographer.head, photographer.crowd.size_px
    cameras = [CameraPrior.free(width_px=size_px, height_px=size_px)] * len(seen)
    fit = fit_landmark_views(seen, cameras, context=Context(head=head, config=config))
    return rest_shape(head, fit.identity)


def _gives(whole: str, part: str) -> bool:
    from mien.errors import LandmarkSetError

    try:
        landmark_conversion(whole, part)
    except LandmarkSetError:
        return False
    return True
