"""Fits and tracks as pictures: what a person looks at to see whether they are right."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from mien.checked_calls import checked_call
from mien.drawing.laid_over import laid_over
from mien.drawing.landmarks import draw_landmarks_in_view
from mien.drawing.mesh import draw_mesh, overlay_colors, part_colors, solid_triangles
from mien.drawing.sheets import beside, caption, write_line
from mien.drawing.viewport import Viewport
from mien.errors import check_type
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.model import Head
from mien.landmarks.types import Landmarks2D


def draw_fit(
    image: UInt8[np.ndarray, "height width 3"],
    head: Head,
    fit: HeadFit,
    *,
    panel_px: int = 640,
    captions: bool = True,
) -> UInt8[np.ndarray, "out_height out_width 3"]:
    """Four panels of the same window around the head: picture, landmarks, mesh over the picture, mesh alone.

    Args:
        image: (H, W, 3) uint8 RGB, the picture that was fitted.
        head: of the fit.
        fit: what is shown.
        panel_px: height of each panel.
        captions: name the panels.

    Returns:
        (panel_px, W', 3) uint8 RGB.
    """
    import cv2

    call = "mien.draw_fit(image, head, fit)"
    check_type(image, np.ndarray, argument="image", call=call)
    check_type(head, Head, argument="head", call=call)
    check_type(fit, HeadFit, argument="fit", call=call)
    height_px, width_px = image.shape[:2]
    vertices_m = head.vertices_m(fit.parameters)
    around = np.concatenate([fit.landmarks.points_px, fit.camera.project(vertices_m)])
    view = Viewport.around(
        around, width_px=width_px, height_px=height_px, margin=0.08, out_height_px=panel_px
    )
    original = view.image(image)
    marked = original.copy()
    draw_landmarks_in_view(marked, fit.landmarks, view)

    # Meshes are drawn twice as large and averaged: smooth edges.
    fine_view = Viewport(
        view.left_px,
        view.top_px,
        view.width_px,
        view.height_px,
        2 * view.out_width_px,
        2 * view.out_height_px,
    )
    camera, size = fine_view.camera(fit.camera), (view.out_width_px, view.out_height_px)
    laid_over = draw_mesh(
        fine_view.image(image),
        vertices_m,
        solid_triangles(head),
        camera,
        opacity=0.55,
        albedo=overlay_colors(head),
        wire=True,
        quads=head.quads,
    )
    dark = np.full_like(laid_over, 38)
    alone = draw_mesh(dark, vertices_m, solid_triangles(head), camera, opacity=1.0, albedo=part_colors(head))
    panels = [
        original,
        marked,
        cv2.resize(laid_over, size, interpolation=cv2.INTER_AREA),
        cv2.resize(alone, size, interpolation=cv2.INTER_AREA),
    ]
    if captions:
        titles = ("picture", f"{len(fit.landmarks)} landmarks", "fitted head", "fitted head alone")
        panels = [caption(panel, title) for panel, title in zip(panels, titles, strict=True)]
    return beside(panels)


def draw_loss(
    image: UInt8[np.ndarray, "height width 3"], name: str = ""
) -> UInt8[np.ndarray, "height width 3"]:
    """A picture with a mark that the face is lost.

    Args:
        name: whose; empty when there is one person.
    """
    out, height_px = image.copy(), image.shape[0]
    size = max(0.4, height_px / 900)
    line = f"{name} lost" if name else "face lost"
    write_line(out, line, (round(18 * size), height_px - round(20 * size)), (255, 90, 80), size)
    return out


@checked_call
def draw_track_frame(
    image: UInt8[np.ndarray, "height width 3"],
    head: Head,
    track: HeadTrack,
    frame: int,
    *,
    opacity: float = 0.45,
    landmarks: bool = True,
    name: str = "",
) -> UInt8[np.ndarray, "height width 3"]:
    """One video frame with the tracked head over it, or a mark that the face is lost; same size.

    For several people call it once per track, each on the picture that the one before returned.

    Args:
        image: (H, W, 3) uint8 RGB, the frame.
        head: of the track.
        track: what is shown.
        frame: index of the video's frame.
        opacity: of the head: 0 leaves the picture, 1 hides what it covers.
        landmarks: draw what the network saw too.
        name: who it is, above the head and in the mark of a lost face; leave it empty when there is one
            person.
    """
    height_px, width_px = image.shape[:2]
    row = frame - track.first_frame
    if not 0 <= row < len(track) or not track.tracked[row]:
        return draw_loss(image, name)
    surface = laid_over(head)
    seen = surface.seen_by(track.camera, head, track.parameters(row))
    out = surface.draw(image, seen, opacity=opacity)
    if landmarks and np.isfinite(track.points_px[row]).any():
        face = Landmarks2D(
            points_px=track.points_px[row], sigma_px=track.sigma_px[row], set_name=track.set_name
        )
        draw_landmarks_in_view(out, face, Viewport.whole(width_px, height_px))
    if name:
        head_px = seen.points_px[:, np.isfinite(seen.points_px).all(axis=0)]
        if head_px.size:
            _write_name(out, name, head_px.T)
    return out


def _write_name(image: np.ndarray, name: str, head_px: np.ndarray) -> None:
    """Above a head, or within it where there is no room."""
    height_px, width_px = image.shape[:2]
    tall_px = float(np.ptp(head_px[:, 1]))
    size = float(np.clip(tall_px / 220, 0.5, 3.0))
    left = float(head_px[:, 0].mean()) - 9 * size * len(name)
    line = float(head_px[:, 1].min()) - 6 * size
    at_px = np.clip(
        [left, line if line > 24 * size else line + 30 * size],
        [2, 24 * size],
        [max(width_px - 20 * size, 2), max(height_px - 4, 3)],
    )
    write_line(image, name, (round(at_px[0]), round(at_px[1])), (255, 225, 90), size)
