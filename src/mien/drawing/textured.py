"""Heads drawn with their looks, lit by spherical harmonics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.geometry.normals import vertex_normals
from mien.geometry.rasterization import Raster, rasterize
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.looks.colors import linear_from_srgb, srgb_from_linear
from mien.looks.face_regions import material_of
from mien.looks.illumination import Illumination

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
    import cv2

    materials = np.array([material_of(name) for name in head.part_names])
    opaque = ~np.isin(materials, ("cornea", "hair"))[head.vertex_parts[head.triangles[:, 0]]]
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
    texels = cv2.remap(
        linear_from_srgb(look.base_color),
        columns.astype(np.float32)[:, None],
        rows.astype(np.float32)[:, None],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[:, 0] if len(columns) < 32767 else _sampled(look.base_color, columns, rows)
    normals = vertex_normals(vertices_m, head.triangles)
    shade = raster.interpolate(light.shade(normals), triangles)
    return srgb_from_linear(texels * shade), raster


def _sampled(picture: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Bilinear, for more points than cv2.remap takes in one column."""
    import cv2

    width = 4096
    count = -(-len(columns) // width) * width
    grid = [
        np.resize(values.astype(np.float32), count).reshape(-1, width) for values in (columns, rows)
    ]
    linear = linear_from_srgb(picture)
    return cv2.remap(linear, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)[
        : len(columns)
    ]


def turned(head: Head, parameters: HeadParameters, yaw_rad: float) -> HeadParameters:
    """The same head turned about its vertical axis where it stands; positive: to the subject's left."""
    from mien.geometry.rotations import rotation_vector_from_matrix

    root = matrix_from_rotation_vector(parameters.root_rotation)
    turn = matrix_from_rotation_vector(np.array([0.0, yaw_rad, 0.0]))
    centre_m = head.joints_m(parameters.identity)[1]
    moved = root @ centre_m - root @ turn @ centre_m
    return replace(
        parameters,
        root_rotation=rotation_vector_from_matrix(root @ turn),
        root_translation_m=parameters.root_translation_m + moved,
    )
