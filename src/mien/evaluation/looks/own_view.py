"""Textured heads drawn from the view of their own photos, and compared with these inside the face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from mien.drawing.textured import draw_look, draw_look_sheet
from mien.fitting.context import Context
from mien.fitting.photo import fit_photo
from mien.fitting.results import HeadFit
from mien.heads.model import Head
from mien.looks.albedo_model import albedo_model_for
from mien.looks.head_look import PersonLook, Texture, person_look
from mien.looks.person_skin import usual_skin

YAWS_RAD = tuple(np.radians([-60.0, -30.0, 30.0, 60.0]).tolist())
"""How far the head is turned on the sheet."""


@dataclass(frozen=True, eq=False)
class OwnView:
    """What one photo gave.

    Attributes:
        name: the photo's.
        face_px: height of the face in it.
        psnr_db: of the photo's texture; albedo_psnr_db: of the person's colours without the photo;
            usual_psnr_db: of average skin. All with the light that was estimated from the photo.
        row: pictures for the sheet: photo, own view, and the head turned.
    """

    name: str
    face_px: float
    psnr_db: float
    albedo_psnr_db: float
    usual_psnr_db: float
    row: UInt8[np.ndarray, "height width 3"]


def measure(path: Path, *, context: Context, size_px: int = 1024, panel_px: int = 360) -> OwnView | None:
    """Fit the best face of a photo, texture it in three ways and compare each with the photo.

    Args:
        context: head and landmarker.
        size_px: side of the textures.
        panel_px: height of the sheet's panels.

    Returns:
        None when no face is found.

    Raises:
        InputError: the file is no picture.
    """
    from mien.images.photo import read_photo

    image = read_photo(path).image
    fits = fit_photo(path, max_faces=1, context=context)
    if not fits or not fits[0].status.usable:
        return None
    fit, head = fits[0], context.loaded_head
    inside = face_pixels(head, fit)

    def made(texture: Texture) -> PersonLook:
        return person_look(fit, image, texture=texture, size_px=size_px, head=head)

    photo, albedo = made("photo"), made("albedo")
    usual = person_look(size_px=size_px, head=head)
    # Average skin gets the light that explains the photo's mean colour with it.
    tone = usual_skin(albedo_model_for(head)).tone
    light = photo.skins[0].with_tone(tone).light
    psnr = [
        psnr_db(image, draw_look(image, head, fit.parameters, fit.camera, each.look, light=lit), inside)
        for each, lit in ((photo, photo.lights[0]), (albedo, albedo.lights[0]), (usual, light))
    ]
    row = draw_look_sheet(
        image, head, fit, photo.look, light=photo.lights[0], yaws_rad=YAWS_RAD, panel_px=panel_px
    )
    points_px = fit.camera.project(head.vertices_m(fit.parameters)[head.landmark_set("ibug68").vertices])
    return OwnView(path.stem, float(np.ptp(points_px[:, 1])), *psnr, row=row)


def face_pixels(head: Head, fit: HeadFit) -> Bool[np.ndarray, "height width"]:
    """Pixels of the photo within the convex hull of the fitted head's 68 points: from brows to chin."""
    import cv2

    points_px = fit.camera.project(head.vertices_m(fit.parameters)[head.landmark_set("ibug68").vertices])
    hull = np.round(cv2.convexHull(points_px.astype(np.float32))).astype(np.int32)
    mask = np.zeros((fit.camera.height_px, fit.camera.width_px), np.uint8)
    return cv2.fillConvexPoly(mask, hull, 1).astype(bool)


def psnr_db(
    first: UInt8[np.ndarray, "height width 3"],
    second: UInt8[np.ndarray, "height width 3"],
    inside: Bool[np.ndarray, "height width"],
) -> float:
    """Peak signal-to-noise ratio over the pixels inside, decibels; NaN when there are none."""
    if not inside.any():
        return float("nan")
    difference = first[inside].astype(float) - second[inside]
    return float(10 * np.log10(255**2 / max(float((difference**2).mean()), 1e-9)))
