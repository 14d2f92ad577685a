"""Meshes drawn over pictures, and heads drawn on their own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.drawing.edges import surface_edges
from mien.drawing.raster import shade_mesh
from mien.geometry.rasterization import Raster
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.looks.materials import OPAQUE, vertices_of

CLAY = (0.80, 0.84, 0.92)
"""Colour of a mesh that is laid over a photograph: unlike skin, so that both stay visible."""

_PART_COLORS = (  # the first fragment found in a part's name decides
    ("socket", (0.62, 0.42, 0.38)),
    ("eye", (0.95, 0.95, 0.95)),
    ("teeth", (0.93, 0.91, 0.84)),
    ("tongue", (0.72, 0.38, 0.38)),
    ("gum", (0.70, 0.40, 0.40)),
    ("mouth", (0.45, 0.20, 0.20)),
)
_SKIN_COLOR = (0.86, 0.72, 0.64)
_IRIS_COLOR, _PUPIL_COLOR = (0.30, 0.42, 0.50), (0.05, 0.05, 0.06)
_IRIS_ANGLE_RAD, _PUPIL_ANGLE_RAD = np.radians(28.0), np.radians(12.0)


@checked_call
def draw_mesh(
    image: UInt8[np.ndarray, "height width 3"],
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
    camera: Camera,
    *,
    opacity: float = 0.6,
    albedo: Float[np.ndarray, "vertices 3"] | None = None,
    wire: bool = False,
    quads: Integer[np.ndarray, "quads 4"] | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with a shaded mesh laid over it: (H, W, 3) uint8.

    Args:
        image: (H, W, 3) uint8 RGB.
        vertices_m: (V, 3) in the camera's world, metres.
        triangles: (T, 3) vertex indices, counter-clockwise seen from outside; the backs are not drawn.
        camera: sees a picture of the image's size.
        opacity: 0 leaves the picture, 1 hides what the mesh covers.
        albedo: (V, 3) colour of each vertex in [0, 1]; clay if not given.
        wire: also draw the edges of the triangles that can be seen.
        quads: (Q, 4) of which the triangles are halves, -1 in the fourth column of triangles (`head.quads`):
            their diagonals are not drawn.
    """
    if albedo is None:
        albedo = np.tile(CLAY, (len(vertices_m), 1))
    colors, raster = shade_mesh(vertices_m, triangles, camera, albedo=albedo)
    out = image.copy()
    under = out[raster.rows, raster.columns].astype(np.float32)
    mixed = under * (1 - opacity) + 255 * opacity * colors
    out[raster.rows, raster.columns] = np.round(mixed).astype(np.uint8)
    if wire:
        edges = surface_edges(triangles, np.zeros((0, 4), int) if quads is None else quads)
        _draw_edges(out, camera.project(vertices_m), edges.around(_visible(raster)))
    return out


def _visible(raster: Raster) -> Integer[np.ndarray, " visible"]:
    """The triangles that are seen."""
    return np.flatnonzero(np.bincount(raster.triangle.reshape(-1) + 1)[1:])


def _draw_edges(out: np.ndarray, points_px: np.ndarray, edges: np.ndarray) -> None:
    import cv2

    if not len(edges):
        return
    segments = np.round(np.clip(points_px[edges], -4096, 4096) * 16).astype(np.int32)
    lines = out.copy()
    # smooth lines would take three times as long, and cover more of the face
    cv2.polylines(lines, list(segments), False, (40, 70, 110), 1, cv2.LINE_8, 4)
    cv2.addWeighted(lines, 0.35, out, 0.65, 0, dst=out)


@checked_call
@lru_cache(maxsize=4)
def part_colors(head: Head) -> Float[np.ndarray, "vertices 3"]:
    """A plain colour for each vertex of a `head`, (V, 3) in [0, 1], judged by the name of its part; eyeballs
    get an iris and a pupil."""
    colors = np.tile(_SKIN_COLOR, (head.vertex_count, 1))
    for part, name in enumerate(head.part_names):
        for fragment, color in _PART_COLORS:
            if fragment in name.lower():
                colors[head.vertex_parts == part] = color
                break
    for joint in (2, 3):
        ball = (head.skinning_weights[:, joint] > 0.99) & _is_eye(head)
        if ball.any():
            offset_m = head.mean_m[ball] - head.joints_mean_m[joint]
            angle = np.arctan2(np.linalg.norm(offset_m[:, :2], axis=1), offset_m[:, 2])
            iris, pupil = angle < _IRIS_ANGLE_RAD, angle < _PUPIL_ANGLE_RAD
            chosen = np.flatnonzero(ball)
            colors[chosen[iris]] = _IRIS_COLOR
            colors[chosen[pupil]] = _PUPIL_COLOR
    return colors


@lru_cache(maxsize=4)
def solid_triangles(head: Head) -> Integer[np.ndarray, "triangles 3"]:
    """(T, 3) the head's triangles without what one sees through: corneas, and cards of hair."""
    return head.triangles[vertices_of(head, *OPAQUE)[head.triangles[:, 0]]]


@lru_cache(maxsize=4)
def overlay_colors(head: Head) -> Float[np.ndarray, "vertices 3"]:
    """Colours for a head laid over a photograph: clay; eyes and mouth in their own, so that gaze shows."""
    colors = part_colors(head).copy()
    plain = np.array([not any(f in name.lower() for f, _ in _PART_COLORS) for name in head.part_names])
    plain |= np.array(["socket" in name.lower() for name in head.part_names])
    colors[plain[head.vertex_parts]] = CLAY
    return colors


def _is_eye(head: Head) -> np.ndarray:
    eyes = [part for part, name in enumerate(head.part_names) if "eye" in name.lower()]
    return np.isin(head.vertex_parts, eyes)


@checked_call
def render_head(
    head: Head,
    parameters: HeadParameters | None = None,
    *,
    yaw_rad: float = 0.0,
    pitch_rad: float = 0.0,
    size_px: int = 512,
    background: tuple[int, int, int] = (38, 41, 47),
    wire: bool = False,
) -> UInt8[np.ndarray, "size size 3"]:
    """A head on its own: identity, expression and joints count, its place in the world does not.

    Args:
        head: what `parameters` belong to.
        parameters: the mean head at rest if not given.
        yaw_rad: turns the head to the subject's left (its right cheek comes forward); pitch_rad nods it down.
        size_px: side of the picture.
        background: RGB behind the head.
        wire: also draw the edges that can be seen, of heads of quads without diagonals.

    Returns:
        (size_px, size_px, 3) uint8 RGB.
    """
    import cv2

    parameters = head.neutral() if parameters is None else parameters
    turn = matrix_from_rotation_vector(np.array([pitch_rad, 0.0, 0.0])) @ matrix_from_rotation_vector(
        np.array([0.0, yaw_rad, 0.0])
    )
    centre_m = (head.mean_m.max(axis=0) + head.mean_m.min(axis=0)) / 2
    radius_m = float(np.linalg.norm(head.mean_m - centre_m, axis=1).max())
    upright = HeadParameters(
        identity=parameters.identity,
        expression=parameters.expression,
        joint_rotations=parameters.joint_rotations,
        root_rotation=np.zeros(3),
        root_translation_m=np.zeros(3),
    )
    vertices_m = (head.vertices_m(upright) - centre_m) @ turn.T
    sampled_px = 2 * size_px  # drawn twice as large and averaged: smooth edges
    distance_m = 6 * radius_m
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = distance_m
    focal_px = 0.5 * sampled_px * distance_m / (1.02 * radius_m)
    camera = Camera.from_focal(focal_px, width_px=sampled_px, height_px=sampled_px, camera_from_world=pose)
    canvas = np.full((sampled_px, sampled_px, 3), background, dtype=np.uint8)
    large = draw_mesh(
        canvas,
        vertices_m,
        solid_triangles(head),
        camera,
        opacity=1.0,
        albedo=part_colors(head),
        wire=wire,
        quads=head.quads,
    )
    return cv2.resize(large, (size_px, size_px), interpolation=cv2.INTER_AREA)


@checked_call
def head_turntable(
    head: Head, parameters: HeadParameters | None = None, *, count: int = 24, size_px: int = 512
) -> list[UInt8[np.ndarray, "size size 3"]]:
    """A head turned once around its vertical axis in `count` pictures, starting from the front.

    Args:
        head, parameters: as for `render_head`.
        count: pictures; the last is one step short of the first.
        size_px: their side.

    Returns:
        (size_px, size_px, 3) uint8 RGB each.
    """
    return [
        render_head(head, parameters, yaw_rad=2 * np.pi * step / count, size_px=size_px)
        for step in range(count)
    ]
