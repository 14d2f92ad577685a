"""Heads drawn with their looks, lit by spherical harmonics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.drawing.cards import draw_cards
from mien.drawing.raster import seen_by
from mien.drawing.sampling import sampled
from mien.drawing.sheets import beside
from mien.drawing.viewport import Viewport
from mien.fitting.results import HeadFit
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.looks.colors import linear_from_srgb, srgb_from_linear
from mien.looks.illumination import Illumination
from mien.looks.materials import OPAQUE, vertices_of

_BACKGROUND = (46, 49, 55)


@checked_call
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
        look: laid on the head, its cards where the head has such.
        light: on the head; soft light from the upper left when None.
    """
    light = Illumination.studio(camera.camera_from_world[:3, :3].T) if light is None else light
    vertices_m = head.vertices_m(parameters)
    shade = light.on_vertices(vertex_normals(vertices_m, head.triangles)).astype(np.float32)
    surface = _Surface.of(head, vertices_m, camera, vertices_of(head, *OPAQUE))
    out = image.copy()
    texels = sampled(linear_from_srgb(look.base_color), surface.uv)
    out[surface.rows, surface.columns] = srgb_from_linear(texels * surface.interpolate(shade))
    if look.cards is not None:
        farthest_m = np.full(image.shape[:2], np.inf)
        farthest_m[surface.rows, surface.columns] = surface.depth_m
        draw_cards(out, head, vertices_m, camera, look.cards, shade=shade, farthest_m=farthest_m)
    return out


@dataclass(frozen=True)
class _Surface:
    """What of some triangles is seen: pixels, and the place of each on the surface.

    Attributes:
        rows, columns: (N,) pixels.
        corners: (N, 3) vertices, and places (N, 3) barycentric on the surface.
        uv: (N, 2) texture coordinates; depth_m: (N,) along the camera's axis.
    """

    rows: np.ndarray
    columns: np.ndarray
    corners: np.ndarray
    places: np.ndarray
    uv: np.ndarray
    depth_m: np.ndarray

    @staticmethod
    def of(head: Head, vertices_m: np.ndarray, camera: Camera, chosen: np.ndarray) -> _Surface:
        """Nearest of the triangles of the chosen vertices."""
        members = chosen[head.triangles[:, 0]]
        triangles, uv_triangles = head.triangles[members], head.uv_triangles[members]
        depth_m = camera.to_camera(vertices_m)[:, 2]
        raster = seen_by(camera, vertices_m, triangles)
        seen = raster.triangle[raster.rows, raster.columns]
        corners = triangles[seen]
        # linear across the surface, not across the picture
        places = raster.barycentric / depth_m[corners]
        nearness = places.sum(axis=1)
        places /= nearness[:, None]
        uv = np.einsum("nk,nkd->nd", places, head.uv[uv_triangles[seen]])
        return _Surface(raster.rows, raster.columns, corners, places, uv, 1 / nearness)

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """(N, C) vertex values at the pixels, float32."""
        return np.einsum("nk,nkc->nc", self.places.astype(np.float32), values[self.corners])


@checked_call
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
