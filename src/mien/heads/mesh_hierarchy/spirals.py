"""Spirals around the vertices of a mesh (SpiralNet++, Gong et al. 2019; Simic, figure 3.9)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def spirals(
    points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"], *, length: int
) -> Int[np.ndarray, "vertices length"]:
    """(V, length) for every vertex itself, then its rings of neighbours, each counter-clockwise from the top.

    SpiralNet++ starts every ring anywhere; starting at the head's upward direction makes a weight mean the
    same place around every vertex. Where a piece of the surface is used up (an eyeball's few landmarks), the
    nearest vertices in space go on; where there are none left, the vertex itself fills the rest.
    """
    points = np.asarray(points, float)
    neighbours: list[set[int]] = [set() for _ in points]
    normals = np.zeros_like(points)
    for a, b, c in triangles.tolist():
        for vertex, others in ((a, (b, c)), (b, (c, a)), (c, (a, b))):
            neighbours[vertex].update(others)
            normals[vertex] += np.cross(points[b] - points[a], points[c] - points[a])
    result = np.repeat(np.arange(len(points))[:, None], length, axis=1)
    for vertex in range(len(points)):
        chosen = [vertex]
        ring = {vertex}
        while len(chosen) < length:
            ring = {other for one in ring for other in neighbours[one]} - set(chosen)
            if not ring:
                break
            chosen += _counter_clockwise(points, vertex, normals[vertex], sorted(ring))
        if len(chosen) < length:
            by_distance = np.linalg.norm(points - points[vertex], axis=1).argsort(kind="stable").tolist()
            taken = set(chosen)
            chosen += [other for other in by_distance if other not in taken]
        chosen = chosen[:length]
        result[vertex, : len(chosen)] = chosen
    return result


def _counter_clockwise(points: np.ndarray, centre: int, normal: np.ndarray, ring: list[int]) -> list[int]:
    length = np.linalg.norm(normal)
    out = normal / length if length > 0 else np.array([0.0, 0.0, 1.0])
    # on top of the head "up" has no direction along the surface: there backwards takes its place
    reference = np.array([0.0, 1.0, 0.0]) if abs(out[1]) < 0.95 else np.array([0.0, 0.0, -1.0])
    up = reference - (reference @ out) * out
    up /= np.linalg.norm(up)
    left = np.cross(out, up)
    offsets = points[ring] - points[centre]
    angles = np.arctan2(offsets @ left, offsets @ up) % (2 * np.pi)
    return [ring[index] for index in np.argsort(angles, kind="stable")]
