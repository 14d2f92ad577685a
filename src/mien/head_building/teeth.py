"""Teeth of our own: one low crown a tooth, placed in the arches that ICT-FaceKit's teeth mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from mien.head_building.ict_facekit import TOOTH_RANGES, IctFaceKit

COLUMNS, ROWS = 6, 4
SET_BACK_M = 0.0012
"""Crowns stand this far behind ICT's, so that lips of another topology close over them."""


@dataclass(frozen=True)
class TeethMesh:
    """One row of teeth.

    Attributes:
        vertices_m: (V, 3) on the ICT neutral; triangles: (T, 3); mirror: (V,) partners.
        ict_vertices, ict_weights: (V, 4) the nearest vertices of the same ICT tooth; weights sum to 1.
        edge_middles: (teeth,) vertex at the middle of each crown's biting edge, from the subject's left on.
    """

    vertices_m: np.ndarray
    triangles: np.ndarray
    mirror: np.ndarray
    ict_vertices: np.ndarray
    ict_weights: np.ndarray
    edge_middles: np.ndarray


def _crown(points: np.ndarray, *, upper: bool) -> np.ndarray:
    """A rounded box of COLUMNS × ROWS vertices that fills a tooth's bounds along its own arch direction."""
    middle = points.mean(axis=0)
    outward = np.array([middle[0], 0.0, middle[2] - 0.055])
    outward /= np.linalg.norm(outward)
    along = np.cross([0.0, 1.0, 0.0], outward)
    local = (points - middle) @ np.stack([along, [0, 1, 0], outward]).T
    low, high = np.percentile(local, 2, axis=0), np.percentile(local, 98, axis=0)
    centre, half = (low + high) / 2, (high - low) / 2
    turn = np.arange(COLUMNS) * 2 * np.pi / COLUMNS
    heights = np.linspace(1, -1, ROWS) if upper else np.linspace(-1, 1, ROWS)
    widths = (1.0, 1.06, 1.08, 0.9)
    rings = []
    for height, width in zip(heights, widths, strict=True):
        x, z = np.cos(turn), np.sin(turn)
        square = np.maximum(np.abs(x), np.abs(z)) ** 0.5
        rings.append(np.stack([width * x / square, np.full(COLUMNS, height), width * z / square], axis=1))
    box = np.concatenate([*rings, [[0, heights[-1] * 1.02, 0]]])
    centre = centre - [0, 0, SET_BACK_M]
    return middle + (centre + box * half * [1, 0.96, 0.9]) @ np.stack([along, [0, 1, 0], outward])


def build_teeth(ict: IctFaceKit, *, upper: bool) -> TeethMesh:
    """The left half's crowns from ICT's left teeth, mirrored; wisdom teeth left out."""
    ranges = TOOTH_RANGES[0 if upper else 1]
    left, right = list(ranges[1:8]), [ranges[i] for i in range(14, 7, -1)]
    crowns, triangles, ict_vertices, ict_weights = [], [], [], []
    ring_faces = []
    for row in range(ROWS - 1):
        for k in range(COLUMNS):
            a, b = row * COLUMNS + k, row * COLUMNS + (k + 1) % COLUMNS
            c, d = a + COLUMNS, b + COLUMNS
            ring_faces += [[a, b, d], [a, d, c]]
    last, tip = (ROWS - 1) * COLUMNS, ROWS * COLUMNS
    ring_faces += [[last + k, last + (k + 1) % COLUMNS, tip] for k in range(COLUMNS)]
    faces = np.array(ring_faces)
    size = tip + 1
    flip = np.array([-1.0, 1.0, 1.0])
    for side, teeth in ((1, left), (-1, right)):
        for tooth, (first, last_vertex) in enumerate(teeth):
            left_first, left_last = left[tooth]
            crown = _crown(ict.neutral_m[left_first:left_last], upper=upper)
            outward = _volume(crown, faces) > 0
            if side < 0:
                crown, outward = crown * flip, not outward
            triangles.append((faces if outward else faces[:, ::-1]) + size * len(crowns))
            crowns.append(crown)
            distance, index = KDTree(ict.neutral_m[first:last_vertex], leafsize=16).query(crown, k=4)
            weight = 1 / (distance + 1e-5)
            ict_vertices.append(index + first)
            ict_weights.append(weight / weight.sum(axis=1, keepdims=True))
    count = len(left)
    mirror = np.concatenate([np.arange(count * size) + count * size, np.arange(count * size)])
    order = [*range(count), *range(2 * count - 1, count - 1, -1)]
    return TeethMesh(
        vertices_m=np.concatenate(crowns),
        triangles=np.concatenate(triangles),
        mirror=mirror,
        ict_vertices=np.concatenate(ict_vertices),
        ict_weights=np.concatenate(ict_weights),
        edge_middles=np.array([i * size + tip for i in order]),
    )


def _volume(vertices: np.ndarray, triangles: np.ndarray) -> float:
    """Signed volume, positive when the triangles face outwards."""
    corners = vertices[triangles] - vertices.mean(axis=0)
    return float(np.einsum("tc,tc->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])))
