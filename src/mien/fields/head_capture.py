"""From pictures of somebody in a place to what a field of their head is trained on: box, mattes, unit,
front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.captures.head_place import BoxMargins, HeadPlace, faces_in, place_of_faces
from mien.captures.refinement import DISAGREEMENT_M, with_refined_cameras
from mien.checked_calls import checked_call
from mien.fields.capture_facts import CaptureFacts
from mien.fields.matte_agreement import agreeing_mattes
from mien.fields.photographed_face import photographed_face
from mien.fields.posed_images import PosedImages, on_ground
from mien.fields.viewpoint import Viewpoint
from mien.fitting.context import Context
from mien.heads.model import Head
from mien.landmarks.types import Landmarks2D
from mien.mattes.soft_matte import MatteConfig, head_matte
from mien.progress import Progress, ProgressReport, silent

_SET = "ict68"
"""Landmarks that a field remembers of its photographs: those that are looked for in fields."""


@dataclass(frozen=True, eq=False)
class HeadCapture:
    """A capture made ready.

    Attributes:
        images: cameras in metres, with mattes where the pictures have no silhouettes.
        bounds_m: (2, 3) the head's box.
        place: the fitted head.
        viewpoint: from where the face is seen.
        facts: what was found and assumed.
    """

    images: PosedImages
    bounds_m: Float[np.ndarray, "2 3"]
    place: HeadPlace
    viewpoint: Viewpoint
    facts: CaptureFacts


@checked_call
def focus_on_head(
    images: PosedImages,
    *,
    bounds_m: Float[np.ndarray, "2 3"] | None = None,
    unit_known: bool = False,
    faces: Sequence[Sequence[Landmarks2D]] | None = None,
    refine_cameras: bool | None = None,
    margins: BoxMargins | None = None,
    matte: MatteConfig | None = None,
    context: Context | None = None,
    report: ProgressReport = silent,
) -> HeadCapture:
    """Find the head that most pictures show, and make mattes of it; silhouettes that are given win.

    >>> capture = mien.focus_on_head(mien.load_posed_images("capture/transforms.json"))
    >>> field = mien.train_field(capture)

    Args:
        bounds_m: the box, where somebody knows it better, in the cameras' unit.
        unit_known: believe that cameras are in metres, whatever the head's size says.
        faces: those of each picture, where they are known already.
        refine_cameras: correct cameras by the face and by what pictures share; where they do not agree on the
            face when None.
        margins: of the box around the fitted head.
        matte: how mattes are made.
        context: head, landmarker and settings of the fit.

    Raises:
        InputError: no two pictures agree on a face.
    """
    context = context or Context()
    head = context.loaded_head
    colors = [on_ground(rgba) for rgba in images.rgba]

    def half(progress: Progress) -> None:
        report(Progress(0.5 * progress.done / max(1, progress.total or 1), 1.0, progress.label))

    found = faces
    if found is None:
        found = faces_in(colors, context=context, report=half)
    place = place_of_faces(found, images.cameras, unit_known=unit_known, context=context)
    if refine_cameras or (refine_cameras is None and place.disagreement_m > DISAGREEMENT_M):
        place = with_refined_cameras(colors, found, place, context=context)
    images = replace(
        images,
        cameras=place.cameras,
        depths_m=tuple(None if depth is None else depth * place.metres_per_unit for depth in images.depths_m),
        metres_per_unit=images.metres_per_unit * place.metres_per_unit,
    )
    if not images.has_masks:
        mattes = []
        for index, (image, camera) in enumerate(zip(colors, images.cameras, strict=True)):
            report(Progress(0.5 + 0.5 * index / len(colors), 1.0, "mattes"))
            told = head_matte(image, place.parameters, camera, head=head, config=matte)
            mattes.append(_as_bytes(told.alpha, told.known))
        images = replace(images, mattes=tuple(mattes))
    box_m = place.bounds_m(head, margins) if bounds_m is None else bounds_m * place.metres_per_unit
    if images.mattes:
        images = replace(images, mattes=agreeing_mattes(images, box_m))
    return HeadCapture(images, box_m, place, _viewpoint(place, box_m), _facts(images, place, head))


def _as_bytes(alpha: np.ndarray, known: np.ndarray) -> UInt8[np.ndarray, "h w 2"]:
    return np.rint(255 * np.stack([alpha, known], axis=2)).astype(np.uint8)


def _viewpoint(place: HeadPlace, bounds_m: np.ndarray) -> Viewpoint:
    """Before the face, as far away as the cameras that saw it."""
    matrix = place.world_from_head
    seen = [
        camera for camera, face in zip(place.cameras, place.person.faces, strict=True) if face is not None
    ]
    middle_m = bounds_m.mean(axis=0)
    distances_m = [np.linalg.norm(camera.world_from_camera[:3, 3] - middle_m) for camera in seen]
    distance_m = float(np.median(distances_m))
    radius_m = float(np.linalg.norm(bounds_m[1] - bounds_m[0])) / 2
    angle_rad = 2 * np.arctan(0.9 * radius_m / max(distance_m, 1.2 * radius_m))
    up, front = matrix[:3, 1], matrix[:3, 2]
    return Viewpoint(
        up=(float(up[0]), float(up[1]), float(up[2])),
        front=(float(front[0]), float(front[1]), float(front[2])),
        distance_m=max(distance_m, 1.2 * radius_m),
        field_of_view_rad=float(angle_rad),
    )


def _facts(images: PosedImages, place: HeadPlace, head: Head) -> CaptureFacts:
    points_m = head.vertices_m(place.parameters)[head.landmark_set(_SET).vertices]
    face = photographed_face(images, points_m, place.world_from_head[:3, 2], set_name=_SET)
    seen = bool(np.isfinite(face.points_m).all())
    told = "given silhouettes" if images.has_masks else "the fitted head and colours"
    return CaptureFacts(
        world_from_head=tuple(float(value) for value in place.world_from_head[:3].ravel()),
        place_deviation_m=place.place_deviation_m,
        metres_per_unit=place.metres_per_unit,
        unit_deviation=place.unit_deviation if place.unit_from_head else 0.0,
        views=place.person.views,
        people=place.people,
        photographed_m=tuple(face.points_m.round(6).ravel().tolist()) if seen else (),
        photographed_evidence=face.evidence,
        photographed_views=face.views,
        assumed=(*place.sentences(), f"the head's mattes are told by {told}"),
    )
