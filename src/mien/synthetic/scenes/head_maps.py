"""Maps on the mean head that its looks are made with: ambient occlusion, beard, caps and scarves."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.geometry.normals import vertex_normals
from mien.heads.model import Head
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clip_space import orthographic
from mien.synthetic.scenes.label_maps import HAIR_MESHES, HEAD_MESHES, triangles_of
from mien.synthetic.scenes.renderer import DrawItem, Renderer, StaticMesh

SKY_DIRECTIONS = 96


def smooth_step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below, 1 above, an S between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _is_skin(head: Head) -> np.ndarray:
    return head.vertex_parts == head.part_names.index("skin")


def ambient_occlusion(head: Head, renderer: Renderer) -> Float[np.ndarray, " vertices"]:
    """Share of the sky that each vertex of the mean head sees, from depth maps of many directions. Hair and
    clear corneas hide nothing."""
    opaque = np.any([triangles_of(head, key) for key in HEAD_MESHES if key not in HAIR_MESHES], axis=0)
    renderer.add_mesh("plain", StaticMesh.of(head.triangles[opaque], np.zeros((head.vertex_count, 2))))
    normals = vertex_normals(head.mean_m, head.triangles)
    item = DrawItem("plain", head.mean_m, normals, shaders.SOLID)
    renderer.upload([item])
    seen, total = np.zeros(head.vertex_count), np.zeros(head.vertex_count)
    golden = np.pi * (3 - np.sqrt(5))
    size = renderer.SHADOW_SIZE
    for i in range(SKY_DIRECTIONS):
        y = 1 - 2 * (i + 0.5) / SKY_DIRECTIONS
        radius = np.sqrt(1 - y * y)
        direction = np.array([np.cos(golden * i) * radius, y, np.sin(golden * i) * radius])
        matrix = orthographic(direction, head.mean_m.mean(axis=0), 0.21)
        depth = renderer.draw_shadow_map([item], matrix)
        local = head.mean_m @ matrix[:3, :3].T + matrix[:3, 3]
        column = np.clip(((local[:, 0] + 1) / 2 * size).astype(int), 0, size - 1)
        row = np.clip(((local[:, 1] + 1) / 2 * size).astype(int), 0, size - 1)
        facing = np.maximum(normals @ direction, 0)
        seen += facing * (depth[row, column] > (local[:, 2] + 1) / 2 - 0.008)
        total += facing
    share = seen / np.maximum(total, 1e-6)
    return np.clip(0.12 + 0.95 * share, 0, 1)


def beard_region(head: Head) -> Float[np.ndarray, " vertices"]:
    """Where a beard grows, 0 … 1: upper lip, chin, jaw and below it, not the lips."""
    m, ict68 = head.mean_m, head.mean_m[head.landmark_set("ict68").vertices]
    nose_y, mouth = ict68[33, 1], (ict68[48] + ict68[54]) / 2
    half_width = ict68[54, 0]
    below_nose = smooth_step(nose_y + 0.001, nose_y - 0.004, m[:, 1])
    upper_edge = mouth[1] + 0.010 + 0.45 * np.maximum(np.abs(m[:, 0]) - half_width, 0)
    cheek = np.where(np.abs(m[:, 0]) > half_width, smooth_step(0.006, -0.012, m[:, 1] - upper_edge), 1.0)
    lips = ((m[:, 0] - mouth[0]) / (half_width + 0.002)) ** 2 + ((m[:, 1] - mouth[1]) / 0.0105) ** 2
    not_lips = smooth_step(0.85, 1.25, lips)
    neck = smooth_step(ict68[8, 1] - 0.045, ict68[8, 1] - 0.020, m[:, 1])
    front = smooth_step(0.005, 0.020, m[:, 2])
    return below_nose * cheek * not_lips * neck * front * _is_skin(head)


def add_coverings(head: Head, renderer: Renderer) -> None:
    """Register "cap" and "scarf": parts of the scalp, to be blown up when they are worn."""
    m, ict68 = head.mean_m, head.mean_m[head.landmark_set("ict68").vertices]
    skin_part = _is_skin(head)
    brow_y, chin_y = ict68[17:27, 1].mean(), ict68[8, 1]
    face_centre = np.array([0, (brow_y + chin_y) / 2 + 0.005, 0])
    oval = ((m[:, 0]) / 0.068) ** 2 + ((m[:, 1] - face_centre[1]) / 0.088) ** 2
    scarf = np.maximum(oval - 1, 20 * (0.02 - m[:, 2]))
    cap = m[:, 1] - (brow_y + 0.022 - 0.25 * np.maximum(0.06 - m[:, 2], 0))
    for name, inside in (("cap", cap), ("scarf", scarf)):
        triangles = head.triangles[((inside > 0) & skin_part)[head.triangles].any(axis=1)]
        triangles = triangles[skin_part[triangles].all(axis=1)]
        extra = np.stack([np.ones_like(inside), inside], axis=1)
        renderer.add_mesh(name, StaticMesh.of(triangles, np.zeros((head.vertex_count, 2)), extra=extra))
