"""Heads drawn with their looks, lit by spherical harmonics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.drawing.sheets import beside
from mien.drawing.viewport import Viewport
from mien.fitting.results import HeadFit
from mien.geometry.normals import vertex_normals
from mien.geometry.rasterization import Raster, rasterize
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.looks.colors import linear_from_srgb, srgb_from_linear
from mien.looks.illumination import Illumination
from mien.looks.materials import OPAQUE, vertices_of

_BACKGROUND = (46, 49, 55)


def draw_look(
    image: UInt8[np.ndarray, "height width 3"],
    head: Head,
    parameters: HeadParameters,
    camera: Camera,
    look: HeadLook,
    *,
    light: Illumination | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with the textured head over it: (H, W, 3) uint8.

    Args:
        image: (H, W, 3) uint8 RGB.
        head, parameters: the head and where it is in the camera's world.
        camera: sees a picture of the image's size.
        look: laid on the head; its cards are drawn where they cover more than half.
        light: on the head; soft light from the upper left when None.
    """
    light = Illumination.studio(camera.camera_from_world[:3, :3].T) if light is None else light
    colors, raster = shade_look(head, head.vertices_m(parameters), camera, look, light=light)
    out = image.copy()
    out[raster.rows, raster.columns] = colors
    return out


def shade_look(
    head: Head,
    vertices_m: Float[np.ndarray, "vertices 3"],
    camera: Camera,
    look: HeadLook,
    *,
    light: Illumination,
) -> tuple[UInt8[np.ndarray, "covered 3"], Raster]:
    """sRGB colours at the pixels that the head covers in the camera's picture, and which these are."""
    opaque = vertices_of(head, *OPAQUE)[head.triangles[:, 0]]
    triangles, uv_triangles = head.triangles[opaque], head.uv_triangles[opaque]
    depth_m = camera.to_camera(vertices_m)[:, 2]
    raster = rasterize(
        camera.project(vertices_m), depth_m, triangles, width_px=camera.width_px, height_px=camera.height_px
    )
    chosen = raster.triangle[raster.rows, raster.columns]
    # linear across the surface, not across the picture
    places = raster.barycentric / depth_m[triangles[chosen]]
    places /= places.sum(axis=1, keepdims=True)
    size_px = len(look.base_color)
    uv = np.einsum("nk,nkd->nd", places, head.uv[uv_triangles[chosen]])
    columns, rows = uv[:, 0] * size_px - 0.5, (1 - uv[:, 1]) * size_px - 0.5
    texels = _sampled(look.base_color, columns, rows)
    normals = vertex_normals(vertices_m, head.triangles)
    shade = raster.interpolate(light.shade(normals), triangles)
    return srgb_from_linear(texels * shade), raster


def _sampled(picture: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(N, 3) linear colours between texels; in rows, since cv2.remap takes no longer lists."""
    import cv2

    if not len(columns):
        return np.zeros((0, 3), np.float32)
    width = 4096
    rows_needed = -(-len(columns) // width)
    maps = [np.resize(each.astype(np.float32), (rows_needed, width)) for each in (columns, rows)]
    linear = linear_from_srgb(picture)
    sampled = cv2.remap(linear, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(-1, 3)[: len(columns)]


def draw_look_sheet(
    image: UInt8[np.ndarray, "height width 3"],
    head: Head,
    fit: HeadFit,
    look: HeadLook,
    *,
    light: Illumination | None = None,
    yaws_rad: Sequence[float] = (-0.52, 0.52),
    panel_px: int = 480,
) -> UInt8[np.ndarray, "out_height out_width 3"]:
    """Panels side by side: the picture, the textured head in its place, and the head turned.

    Args:
        image: (H, W, 3) uint8 RGB, the picture that was fitted.
        head, fit: whose head, and where it is.
        look: laid on it.
        light: of the second panel, as estimated from the picture (the others have soft light from the upper
            left); that soft light when None.
        yaws_rad: how far the head is turned in each further panel.
        panel_px: height of each panel.

    Returns:
        (panel_px, W', 3) uint8 RGB.
    """
    import cv2

    height_px, width_px = image.shape[:2]
    points_px = fit.camera.project(head.vertices_m(fit.parameters))
    view = Viewport.around(
        points_px, width_px=width_px, height_px=height_px, margin=0.12, out_height_px=panel_px
    )
    # Drawn twice as large and averaged: smooth edges.
    fine = replace(view, out_width_px=2 * view.out_width_px, out_height_px=2 * view.out_height_px)
    camera, size = fine.camera(fit.camera), (view.out_width_px, view.out_height_px)
    enlarged = fine.image(image)
    drawn = [enlarged, draw_look(enlarged, head, fit.parameters, camera, look, light=light)]
    empty = np.full_like(enlarged, _BACKGROUND)
    for yaw_rad in yaws_rad:
        drawn.append(draw_look(empty, head, turned(head, fit.parameters, yaw_rad), camera, look))
    return beside([cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in drawn])


def turned(head: Head, parameters: HeadParameters, yaw_rad: float) -> HeadParameters:
    """The same head turned about its vertical axis where it stands; positive: to the subject's left."""
    root = matrix_from_rotation_vector(parameters.root_rotation)
    turn = matrix_from_rotation_vector(np.array([0.0, yaw_rad, 0.0]))
    centre_m = head.joints_m(parameters.identity)[1]
    moved = root @ centre_m - root @ turn @ centre_m
    return replace(
        parameters,
        root_rotation=rotation_vector_from_matrix(root @ turn),
        root_translation_m=parameters.root_translation_m + moved,
    )
