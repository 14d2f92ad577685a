"""Pictures of every shape and of random faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.evaluation.head_shapes.study import random_faces
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters

_DISTANCE_M = 1.2
_TURN_RAD = 0.7


def draw_face(
    head: Head,
    parameters: HeadParameters,
    *,
    yaw_rad: float = 0.0,
    pitch_rad: float = 0.0,
    centre_m: Float[np.ndarray, " 3"] | None = None,
    width_m: float = 0.2,
    size_px: int = 240,
    wire: bool = False,
) -> UInt8[np.ndarray, "size size 3"]:
    """A head at rest before a camera far away, corneas left out because they are clear.

    Args:
        centre_m: what is in the middle, the face if not given; width_m: how much is seen.
    """
    import cv2

    from mien.drawing.mesh import draw_mesh, part_colors

    if centre_m is None:
        centre_m = head.mean_m[head.landmark_set("ibug68").vertices].mean(axis=0)
    still = replace(parameters, root_rotation=np.zeros(3), root_translation_m=np.zeros(3))
    turn = matrix_from_rotation_vector(np.array([pitch_rad, 0.0, 0.0])) @ matrix_from_rotation_vector(
        np.array([0.0, yaw_rad, 0.0])
    )
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = _DISTANCE_M
    side_px = 2 * size_px
    camera = Camera.from_focal(
        side_px * _DISTANCE_M / width_m, width_px=side_px, height_px=side_px, camera_from_world=pose
    )
    clear = [part for part, name in enumerate(head.part_names) if "cornea" in name or "lash" in name]
    triangles = head.triangles[~np.isin(head.vertex_parts, clear)[head.triangles].any(axis=1)]
    canvas = np.full((side_px, side_px, 3), (38, 41, 47), np.uint8)
    vertices_m = (head.vertices_m(still) - centre_m) @ turn.T
    drawn = draw_mesh(
        canvas,
        vertices_m,
        triangles,
        camera,
        opacity=1.0,
        albedo=part_colors(head),
        wire=wire,
        quads=head.quads,
    )
    return cv2.resize(drawn, (size_px, size_px), interpolation=cv2.INTER_AREA)


def draw_sheet(
    head: Head, *, mixtures: int = 40, seed: int = 5, cell_px: int = 200
) -> UInt8[np.ndarray, "height width 3"]:
    """The face at rest, every shape at 0.5 and at 1 and random faces, each from the front and the side."""
    from mien.drawing.sheets import contact_sheet

    neutral = head.neutral()
    faces = [("rest", neutral), ("rest, from below", neutral)]
    for shape, name in enumerate(head.expression_names):
        for weight in (0.5, 1.0):
            expression = np.zeros(head.expression_count)
            expression[shape] = weight
            faces.append((f"{name} {weight}", replace(neutral, expression=expression)))
    faces += random_faces(head, count=mixtures, seed=seed)
    cells, captions = [], []
    for number, (name, parameters) in enumerate(faces):
        pitch_rad = -0.5 if number == 1 else 0.0
        for yaw_rad in (0.0, _TURN_RAD):
            cells.append(draw_face(head, parameters, yaw_rad=yaw_rad, pitch_rad=pitch_rad, size_px=cell_px))
            captions.append(name)
    return contact_sheet(cells, columns=12, captions=captions, cell_px=cell_px)
