"""A head fitted to a field: to landmarks in it and in pictures of it, then to its surface."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import FitError, InputError
from mien.fields.posed_images import PosedImages
from mien.fields.protocol import Field
from mien.fields.rendering.picture import FieldPicture
from mien.fitting.context import Context
from mien.fitting.photo import judged
from mien.fitting.results import HeadFit
from mien.fitting.views import fit_landmark_views
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.landmarks_in_fields.face_pictures import Looks, pictures_of_face
from mien.landmarks_in_fields.head_on_surface import SurfaceFitConfig, head_on_surface
from mien.landmarks_in_fields.photographs import photographs_opinion
from mien.landmarks_in_fields.pictured_landmarks import PicturedLandmarks
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.landmarks_in_fields.types import Landmarks3D
from mien.progress import Progress, ProgressReport, silent

_LOOKS_DEG = ((0, 0), (25, 0), (-25, 0), (50, 0), (-50, 0), (0, 20), (0, -15))
_METRES = (0.7, 1.4)
"""A head's size over the usual between which a field's unit is taken for the metre."""


@dataclass(frozen=True)
class FieldFitConfig(SurfaceFitConfig):
    """How a head is fitted to a field."""

    size_px: int = 256
    """Side of the pictures that are taken of the field."""
    photographed_points_sigma_m: float = 0.0003
    """In place of `points_sigma_m` where photographs had a say in the 68 points."""
    photographed_landmark_sigma_m: float = 0.004
    """In place of `landmark_sigma_m` then: pictures of the field show less than photographs."""


@dataclass(frozen=True, eq=False)
class FieldFit:
    """A head in a field.

    Attributes:
        fits: one for each picture of the field in which the face was found, the front first: all with the
            same parameters, in the field's world, each with its own camera.
        pictures: these pictures, RGB.
        landmarks: the 68 points found in the field.
        surface_m: median distance of the face's skin from the field's surface; NaN where none was near.
    """

    fits: tuple[HeadFit, ...]
    pictures: tuple[UInt8[np.ndarray, "_ _ 3"], ...]
    landmarks: Landmarks3D
    surface_m: float

    @property
    def parameters(self) -> HeadParameters:
        """The head, in the field's world."""
        return self.fits[0].parameters


@checked_call
def fit_field(
    field: Field,
    *,
    landmarks: Landmarks3D | None = None,
    near: Float[np.ndarray, "3 4"] | None = None,
    images: PosedImages | None = None,
    config: FieldFitConfig | None = None,
    context: Context | None = None,
    report: ProgressReport = silent,
) -> FieldFit:
    """Fit a head to a field: who it is, their expression, where they are.

    >>> fitted = mien.fit_field(mien.load_field("anna.field"))
    >>> fitted.fits[0]                                  # a HeadFit as of a photo, seen from the front

    Args:
        field: in metres.
        landmarks: its landmarks, where they are known already (`field_landmarks`).
        near: where the head is believed to be, as there.
        images: the photographs that the field was trained on, as there; a capture's field remembers what its
            own say. Either draws the head nearer to the truth, mouths above all.
        config: pictures that are taken, and deviations.
        context: head, landmarker and settings.

    Raises:
        InputError: no head is found in the field, its unit is not the metre, or the photographs put the face
            somewhere else than the field does.
        FitError: no head explains the pictures' landmarks.
    """
    config, context = config or FieldFitConfig(), context or Context()
    head = context.loaded_head
    report(Progress(0.0, 1.0, "landmarks in the field"))
    # The pictures' own landmarks are fitted below
    found = landmarks or FieldLandmarker(config=SearchConfig(second_opinion=None))(field, near=near)
    if not found.found:
        raise InputError(
            f"holds no head that a head could be fitted to (confidence {found.confidence:.2f}); look at it "
            "with mien field render",
            source="field",
        )
    # Landmarks that are given have heard what the field remembers
    heard = landmarks is not None and images is None
    photographed = None if heard else photographs_opinion(field, found, images)
    pictured = PicturedLandmarks()
    if photographed is not None and pictured.config.belief(photographed.evidence) > 0:
        found = pictured.together(found, photographed)
        config = replace(
            config,
            points_sigma_m=config.photographed_points_sigma_m,
            landmark_sigma_m=config.photographed_landmark_sigma_m,
        )
    size = float(np.cbrt(np.linalg.det(found.field_from_head[:, :3])))
    if not _METRES[0] < size < _METRES[1]:
        raise InputError(
            f"holds a head {size:.3g} times as large as people's: fields are fitted in metres", source="field"
        )
    seen: list[FieldPicture] = []
    for picture in pictures_of_face(field, found, Looks(_LOOKS_DEG, config.size_px)):
        seen.append(picture)
        report(Progress(0.1 + 0.5 * len(seen) / len(_LOOKS_DEG), 1.0, "pictures of the field"))
    faces = [_face_at(picture, found, context) for picture in seen]
    kept = [(picture, face) for picture, face in zip(seen, faces, strict=True) if face is not None]
    if not kept:
        raise FitError("no picture of the field shows a face that landmarks are found in")
    report(Progress(0.6, 1.0, "fit"))
    views = fit_landmark_views(
        [face for _, face in kept], [picture.camera for picture, _ in kept], same_moment=True, context=context
    )
    usable = [fit for fit in views.found if fit.iterations]
    if not usable:
        raise FitError(f"no head explains the pictures' landmarks ({views.reason or views.status.value})")
    report(Progress(0.8, 1.0, "surface"))
    parameters, surface_m = head_on_surface(head, usable[0], seen, found, config)
    fits = [
        _seen_by(head, fit, parameters, picture.camera)
        for fit, (picture, _) in zip(views.fits, kept, strict=True)
        if fit is not None
    ]
    shown = [picture.rgb for fit, (picture, _) in zip(views.fits, kept, strict=True) if fit is not None]
    return FieldFit(tuple(fits), tuple(shown), found, surface_m)


def _face_at(picture: FieldPicture, found: Landmarks3D, context: Context) -> Landmarks2D | None:
    """The face in a picture of the field, where the field's landmarks are."""
    faces = context.finder(picture.rgb)
    middle_px = picture.camera.project(found.points_m).mean(axis=0)
    near = [
        face
        for face in faces
        if np.linalg.norm(np.nanmean(face.points_px, axis=0) - middle_px) < face.radius_px
    ]
    return near[0] if near else None


def _seen_by(head: Head, fit: HeadFit, parameters: HeadParameters, camera: Camera) -> HeadFit:
    """The fit of one picture with other parameters."""
    vertices = head.landmark_set(fit.landmarks.set_name).vertices
    points_px = camera.project(head.vertices_m(parameters)[vertices])
    moved = replace(fit, parameters=parameters, residuals_px=points_px - fit.landmarks.points_px)
    return judged(moved, head)
