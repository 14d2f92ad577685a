"""A head as a cube blown up to a ball: open at the bottom, with eyes and a mouth on its front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.uv_layout import EYE_SOCKETS, MOUTH_INTERIOR, SKIN


@dataclass(frozen=True)
class CubeHead:
    vertices_m: np.ndarray
    quads: np.ndarray
    mirror: np.ndarray
    labels: np.ndarray


def cube_head(cells: int = 8) -> CubeHead:
    """Five faces of `cells` × `cells` quads each (an even number keeps an edge loop on the midline)."""
    places: dict[tuple[int, ...], int] = {}
    quads, labels = [], []
    for axis, side in ((0, 1), (0, -1), (1, 1), (2, 1), (2, -1)):
        for i in range(cells):
            for j in range(cells):
                corners = []
                for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)):
                    place = [0, 0, 0]
                    place[axis] = side * cells
                    place[(axis + 1) % 3], place[(axis + 2) % 3] = 2 * a - cells, 2 * b - cells
                    corners.append(places.setdefault(tuple(place), len(places)))
                quads.append(corners if side > 0 else corners[::-1])
                x, y = 2 * i + 1 - cells, 2 * j + 1 - cells  # axis 2: i runs along x, j along y
                front = axis == 2 and side > 0
                eye = front and y in (1, 3) and abs(x) in (3, 5)
                mouth = front and y in (-3, -5) and abs(x) <= 3
                labels.append(EYE_SOCKETS if eye else MOUTH_INTERIOR if mouth else SKIN)
    grid = np.array(list(places), float) / cells
    ball = grid / np.linalg.norm(grid, axis=1, keepdims=True)
    mirror = np.array([places[(-x, y, z)] for x, y, z in places])
    return CubeHead(0.1 * ball, np.array(quads), mirror, np.array(labels))
