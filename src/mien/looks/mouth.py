"""The mouth's inside: plain colours, darker the deeper they lie."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head
from mien.looks.atlas import Atlas
from mien.looks.colors import LUMINANCE
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.illumination import Illumination
from mien.looks.materials import vertices_of

TEETH, GUMS, TONGUE, WALLS = (0.74, 0.68, 0.57), (0.44, 0.155, 0.14), (0.43, 0.16, 0.15), (0.22, 0.045, 0.04)
_COLORS = (("teeth", TEETH), ("gum", GUMS), ("tongue", TONGUE), ("", WALLS))
TEETH_RANGE = (0.2, 1.3)
DEPTH_M = 0.035
"""Over which the light that comes through the lips falls to a third."""


def mouth_colors(head: Head) -> Float[np.ndarray, "vertices 3"]:
    """(V, 3) linear colours; those of vertices outside the mouth mean nothing."""
    colors = np.tile(np.array(WALLS), (head.vertex_count, 1))
    for part, name in enumerate(head.part_names):
        color = next(color for fragment, color in _COLORS if fragment in name.lower())
        colors[head.vertex_parts == part] = color
    lips = head.landmark_set("ibug68").vertices[48:68]
    depth_m = np.maximum(head.mean_m[lips, 2].mean() - 0.006 - head.mean_m[:, 2], 0)
    return colors * np.exp(-depth_m / DEPTH_M)[:, None]


def read_teeth(face: FaceInPicture, light: Illumination) -> float:
    """How bright the teeth are, 1 for well-lit ones: as the picture shows the places where they are seen."""
    head = face.head
    named = np.array(["teeth" in name.lower() for name in head.part_names])
    points_px = np.nan_to_num(face.points_px, nan=-1e4)
    seen = face.seen(points_px[:, 0], points_px[:, 1], face.depth_m, np.ones(head.vertex_count)) > 0.3
    teeth = named[head.vertex_parts] & seen
    if teeth.sum() < 4:
        return 1.0
    drawn = mouth_colors(head)[teeth] * face.light_at(light)[teeth]
    ratio = np.median(face.vertex_colors()[teeth] @ LUMINANCE) / np.median(drawn @ LUMINANCE)
    return float(np.clip(ratio, *TEETH_RANGE))


def draw_mouth(albedo: Float[np.ndarray, "size size 3"], atlas: Atlas, *, teeth: float = 1.0) -> None:
    """Draw teeth, gums, tongue and walls into their texels of a texture, in place.

    Args:
        albedo: (S, S, 3) linear, float32.
        atlas: of the head, at the texture's size or below.
        teeth: brightness of the teeth.
    """
    import cv2

    mouth = vertices_of(atlas.head, "mouth")
    if not mouth.any():
        return
    touched = np.asarray(mouth[atlas.corners].any(axis=-1))
    rows, columns = np.nonzero(touched)
    scale = len(albedo) / atlas.size_px
    top, bottom = int(rows.min() * scale), int((rows.max() + 1) * scale)
    left, right = int(columns.min() * scale), int((columns.max() + 1) * scale)
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    corners, places = atlas.corners[window], atlas.barycentric[window]
    colors = mouth_colors(atlas.head)
    named = np.array(["teeth" in name.lower() for name in atlas.head.part_names])
    colors[named[atlas.head.vertex_parts]] *= teeth
    values = np.concatenate([colors, mouth[:, None]], axis=1).astype(np.float32)
    values[~mouth, :3] = values[mouth, :3].mean(axis=0)
    small = np.asarray(sum(values[corners[..., k]] * places[..., k, None] for k in range(3)))
    small[..., 3] *= touched[window]
    drawn = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    under = albedo[top:bottom, left:right]
    under += drawn[..., 3:] * (drawn[..., :3] - under)
