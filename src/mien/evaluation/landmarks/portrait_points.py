"""The points that portraits are measured by: where landmark sets have them, and in which part of the face.

The portraits' template is that of webmorphR (DeBruine), 189 points of which 26 have a counterpart among the
68 of iBUG (Sagonas et al. 2013) and on MediaPipe's mesh, whose contours of eyes, lips and brows name them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PortraitPoint:
    """One point: its index in the template, in iBUG's 68 and in MediaPipe's mesh, and the face's part."""

    template: int
    ibug68: int
    face_mesh: int
    part: str


PORTRAIT_POINTS: tuple[PortraitPoint, ...] = (
    PortraitPoint(18, 36, 33, "eyes"),
    PortraitPoint(22, 39, 133, "eyes"),
    PortraitPoint(23, 42, 362, "eyes"),
    PortraitPoint(27, 45, 263, "eyes"),
    PortraitPoint(19, 37, 160, "eyes"),
    PortraitPoint(21, 38, 158, "eyes"),
    PortraitPoint(30, 40, 153, "eyes"),
    PortraitPoint(28, 41, 144, "eyes"),
    PortraitPoint(24, 43, 385, "eyes"),
    PortraitPoint(26, 44, 387, "eyes"),
    PortraitPoint(33, 46, 373, "eyes"),
    PortraitPoint(31, 47, 380, "eyes"),
    PortraitPoint(87, 48, 61, "mouth"),
    PortraitPoint(93, 54, 291, "mouth"),
    PortraitPoint(89, 50, 37, "mouth"),
    PortraitPoint(90, 51, 0, "mouth"),
    PortraitPoint(91, 52, 267, "mouth"),
    PortraitPoint(106, 57, 17, "mouth"),
    PortraitPoint(96, 62, 13, "mouth"),
    PortraitPoint(101, 66, 14, "mouth"),
    PortraitPoint(55, 33, 2, "under the nose"),
    PortraitPoint(71, 17, 70, "brows"),
    PortraitPoint(76, 21, 107, "brows"),
    PortraitPoint(77, 22, 336, "brows"),
    PortraitPoint(82, 26, 300, "brows"),
    PortraitPoint(129, 8, 152, "chin"),
)
"""The measured points, in the order of all arrays of (26, 2) here."""

TEMPLATE_INDICES = tuple(point.template for point in PORTRAIT_POINTS)
IBUG68_INDICES = tuple(point.ibug68 for point in PORTRAIT_POINTS)
FACE_MESH_INDICES = tuple(point.face_mesh for point in PORTRAIT_POINTS)

PARTS: tuple[str, ...] = ("brows", "eyes", "mouth", "under the nose", "chin")

OUTER_EYE_CORNERS = (0, 3)
"""Positions of the subject's right and left outer corner among the measured points."""

PUPILS = (0, 1)
"""The template's pupils, the subject's right one first."""
FACE_MESH_PUPILS = (468, 473)
"""The same of Face Mesh with refined landmarks."""


def members(part: str) -> list[int]:
    """Positions of a part's points among the measured ones."""
    return [index for index, point in enumerate(PORTRAIT_POINTS) if point.part == part]
