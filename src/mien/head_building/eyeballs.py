"""Eyeballs of our own: a sphere with a slight corneal bulge, rings around the line of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEGMENTS = 24
IRIS_RADIUS_RATIO = 0.49
"""Iris radius over eyeball radius (an iris is 11.7 mm wide in a 24 mm eyeball)."""


@dataclass(frozen=True)
class EyeballMesh:
    """A unit eyeball at the origin, looking along +z.

    Attributes:
        vertices: (V, 3) in eyeball radii; triangles: (T, 3) outward.
        uv: (V, 2) azimuthal projection: the pupil at (0.5, 0.5), the back of the eye at distance 0.5.
        pupil: index of the vertex at the pupil's centre.
        iris_ring: (24,) vertices of the iris's rim, starting at +x and turning towards +y.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    pupil: int
    iris_ring: np.ndarray


def unit_eyeball() -> EyeballMesh:
    """The eyeball mesh that both eyes share."""
    iris = float(np.arcsin(IRIS_RADIUS_RATIO))
    polar = np.concatenate([iris * np.array([0.35, 0.7, 1.0]), np.linspace(iris * 1.3, np.pi * 0.94, 8)])
    turn = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
    rings = []
    for angle in polar:
        bulge = 1 + 0.03 * max(0.0, 1 - (angle / (1.15 * iris)) ** 2)
        ring = np.stack(
            [np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.full(SEGMENTS, np.cos(angle))],
            axis=1,
        )
        rings.append(bulge * ring)
    vertices = np.concatenate([[[0, 0, 1.03]], *rings, [[0, 0, -1.0]]])
    triangles = []
    first = 1
    for k in range(SEGMENTS):
        following = (k + 1) % SEGMENTS
        triangles.append([0, first + k, first + following])
        for ring in range(len(polar) - 1):
            a, b = 1 + ring * SEGMENTS + k, 1 + ring * SEGMENTS + following
            c, d = a + SEGMENTS, b + SEGMENTS
            triangles += [[a, c, d], [a, d, b]]
        last = 1 + (len(polar) - 1) * SEGMENTS
        triangles.append([last + k, len(vertices) - 1, last + following])
    angle = np.arccos(np.clip(vertices[:, 2] / np.linalg.norm(vertices, axis=1), -1, 1))
    radius = 0.5 * angle / np.pi
    direction = vertices[:, :2] / np.maximum(np.linalg.norm(vertices[:, :2], axis=1, keepdims=True), 1e-12)
    return EyeballMesh(
        vertices=vertices,
        triangles=np.array(triangles),
        uv=0.5 + radius[:, None] * direction,
        pupil=0,
        iris_ring=1 + 2 * SEGMENTS + np.arange(SEGMENTS),
    )


def mirror_of_unit_eyeball() -> np.ndarray:
    """(V,) vertex of an eyeball mirrored in x."""
    count = len(unit_eyeball().vertices)
    partner = np.arange(count)
    k = np.arange(SEGMENTS)
    reflected = (SEGMENTS // 2 - k) % SEGMENTS
    for start in range(1, count - 1, SEGMENTS):
        partner[start + k] = start + reflected
    return partner
