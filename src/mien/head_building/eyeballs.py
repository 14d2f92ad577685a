"""Eyeballs: a white ball with a recessed iris and pupil, under a clear cornea.

Everything turns around the line of sight; sizes are those of an adult's eye, which hardly differ between
people: axial measures after Gullstrand's schematic eye, the cornea a conicoid as keratometers fit it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from mien.head_building.part_mesh import PartMesh, joined, part_index, with_mirror_image
from mien.head_building.texture_atlas import in_tile

SEGMENTS = 24
RADIUS_M = 0.0120
"""Of the white of the eye, 24 mm wide."""
IRIS_RADIUS_M = 0.00585
"""Of the limbus, where white, iris and cornea meet as one sees them."""
PUPIL_RADIUS_M = 0.00175
CORNEA_APEX_M = 0.0129
"""From the eyeball's centre; the cornea's radius of curvature there is 7.8 mm."""

LIMBUS_UV_RADIUS = 0.25
"""Of the limbus in the eye's texture disc, whose radius is 0.5 about (0.5, 0.5); within it the radius grows
with the distance from the line of sight, beyond it with the angle, less and less."""
PUPIL_UV_RADIUS = LIMBUS_UV_RADIUS * PUPIL_RADIUS_M / IRIS_RADIUS_M

_LIMBUS_ANGLE_RAD = float(np.arcsin(IRIS_RADIUS_M / RADIUS_M))
_LIMBUS_HEIGHT_M = RADIUS_M * float(np.cos(_LIMBUS_ANGLE_RAD))
_SCLERA_ANGLES_DEG = (32.5, 37, 43, 51, 61, 73, 88, 106, 127, 152)
_IRIS_M = (  # radius, height along the line of sight, from the pupil's bottom to the iris' rim
    (0.00160, 0.00985),
    (PUPIL_RADIUS_M, 0.01025),
    (0.00290, 0.01020),
    (0.00400, 0.01012),
    (0.00500, 0.01004),
    (0.00575, 0.00998),
)
_CORNEA_RADII_M = (0.0018, 0.0034, 0.0048)


@dataclass(frozen=True, eq=False)
class EyesMesh:
    """Both eyeballs and corneas, each eye about its own centre.

    Attributes:
        mesh: metres, looking along +z, texture coordinates in the atlas.
        side: (V,) 1 the left eye's vertices, -1 the right one's.
        pupils: left and right, the vertex in the middle of the pupil.
        iris_rings: (2, 24) left and right, the vertices of the limbus, from the one towards the subject's
            left (of the right eye: towards the right) and turning upwards.
        pupil_rings: (2, 24) the same of the pupil's edge.
    """

    mesh: PartMesh
    side: Integer[np.ndarray, " vertices"]
    pupils: tuple[int, int]
    iris_rings: Integer[np.ndarray, "2 ring"]
    pupil_rings: Integer[np.ndarray, "2 ring"]

    def placed(self, left_centre_m: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "vertices 3"]:
        """Vertices of both eyes about the given centre of the left one and its mirror image."""
        return self.mesh.vertices + left_centre_m * np.stack(
            [self.side, np.ones_like(self.side), np.ones_like(self.side)], axis=1
        )


def build_eyes() -> EyesMesh:
    """Both eyes: 410 vertices a ball, 97 a cornea, quads throughout."""
    ball, cornea = _ball(), _cornea()
    left = joined([ball, cornea])
    left = replace(left, uv=in_tile(left.uv, "left_eye"))
    both = with_mirror_image(left, parts={"left_eye": "right_eye", "left_cornea": "right_cornea"})
    count = len(left.vertices)
    ring = np.arange(SEGMENTS)
    limbus, pupil = 1 + len(_IRIS_M) * SEGMENTS + ring, 1 + SEGMENTS + ring
    return EyesMesh(
        mesh=both,
        side=np.repeat([1, -1], count),
        pupils=(0, count),
        iris_rings=np.stack([limbus, limbus + count]),
        pupil_rings=np.stack([pupil, pupil + count]),
    )


def _ball() -> PartMesh:
    angles = np.radians(_SCLERA_ANGLES_DEG)
    profile = np.array(
        [
            *_IRIS_M,
            (IRIS_RADIUS_M, _LIMBUS_HEIGHT_M),
            *np.stack([RADIUS_M * np.sin(angles), RADIUS_M * np.cos(angles)], axis=1),
        ]
    )
    beyond = ((angles - _LIMBUS_ANGLE_RAD) / (np.pi - _LIMBUS_ANGLE_RAD)) ** 0.7
    front = LIMBUS_UV_RADIUS * profile[: len(_IRIS_M) + 1, 0] / IRIS_RADIUS_M
    uv_radius = np.concatenate([front, LIMBUS_UV_RADIUS + (0.5 - LIMBUS_UV_RADIUS) * beyond])
    return _turned(profile, uv_radius, _IRIS_M[0][1] - 1e-4, back_m=-RADIUS_M, part="left_eye")


def _cornea() -> PartMesh:
    """A conicoid r² = 2 R s − p s² through apex and limbus, s the depth below the apex."""
    curvature_m, depth_m = 0.0078, CORNEA_APEX_M - _LIMBUS_HEIGHT_M
    shape = (2 * curvature_m * depth_m - IRIS_RADIUS_M**2) / depth_m**2
    radii = np.array([*_CORNEA_RADII_M, IRIS_RADIUS_M])
    depths = (curvature_m - np.sqrt(curvature_m**2 - shape * radii**2)) / shape
    profile = np.stack([radii, CORNEA_APEX_M - depths], axis=1)
    uv_radius = LIMBUS_UV_RADIUS * radii / IRIS_RADIUS_M
    return _turned(profile, uv_radius, CORNEA_APEX_M, back_m=None, part="left_cornea")


def _turned(
    profile_m: np.ndarray, uv_radius: np.ndarray, front_m: float, *, back_m: float | None, part: str
) -> PartMesh:
    """Rings from the front pole backwards; each pole is a star of quads that span two segments."""
    turn = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    # Exactly symmetric, which cosines of right angles are not.
    circle = np.round(circle, 15)
    rings = [np.column_stack([r * circle, np.full(SEGMENTS, z)]) for r, z in profile_m]
    vertices = [np.array([[0, 0, front_m]]), *rings]
    uv = [np.array([[0.5, 0.5]]), *(0.5 + r * circle for r in uv_radius)]
    k, after = np.arange(SEGMENTS), (np.arange(SEGMENTS) + 1) % SEGMENTS
    even = np.arange(0, SEGMENTS, 2)
    quads = [np.stack([np.zeros_like(even), 1 + even, 2 + even, 1 + (even + 2) % SEGMENTS], axis=1)]
    for ring in range(len(profile_m) - 1):
        first = 1 + ring * SEGMENTS
        outer = first + SEGMENTS
        quads.append(np.stack([first + k, outer + k, outer + after, first + after], axis=1))
    mirror = [np.array([0])]
    mirror += [1 + ring * SEGMENTS + (SEGMENTS // 2 - k) % SEGMENTS for ring in range(len(profile_m))]
    uv_quads = [quad.copy() for quad in quads]
    if back_m is not None:
        first, pole = 1 + (len(profile_m) - 1) * SEGMENTS, 1 + len(profile_m) * SEGMENTS
        star = np.stack(
            [np.full_like(even, pole), first + (even + 2) % SEGMENTS, first + even + 1, first + even], axis=1
        )
        quads.append(star)
        vertices.append(np.array([[0, 0, back_m]]))
        # The back pole is the disc's whole rim, so each of its quads has a corner of its own there.
        corner = star.copy()
        corner[:, 0] = pole + np.arange(len(even))
        uv_quads.append(corner)
        middle = turn[even] + 2 * np.pi / SEGMENTS
        uv.append(0.5 + 0.4999 * np.stack([np.cos(middle), np.sin(middle)], axis=1))
        mirror.append(np.array([pole]))
    places = np.concatenate(vertices)
    return PartMesh(
        vertices=places,
        quads=np.concatenate(quads),
        uv=np.concatenate(uv),
        uv_quads=np.concatenate(uv_quads),
        parts=np.full(len(places), part_index(part)),
        mirror=np.concatenate(mirror),
    )
