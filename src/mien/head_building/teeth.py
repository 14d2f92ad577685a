"""Teeth: 28 crowns in quads, incisors with an edge, canines with a blunt tip, molars with cusps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from mien.head_building.dental_arch import (
    CANINE,
    INCISOR,
    LOWER_ARCH,
    MOLAR,
    PREMOLAR,
    UPPER_ARCH,
    Arch,
    Tooth,
)
from mien.head_building.part_mesh import PartMesh, joined, part_index, with_mirror_image
from mien.head_building.texture_atlas import in_tile

RING = 8
"""Vertices around a crown, from the middle of its outer face towards the back of the arch."""

LEVELS = 4
BELOW_GUM_M = 0.0022
"""How far a crown reaches below the edge of the gum."""

# Across the crown at each level, from below the gum to the edge: share of the tooth's width, and the places
# of outer and inner face in shares of its depth from the middle of the arch.
_PROFILES = {
    INCISOR: ((0.70, 0.42, -0.50), (0.84, 0.50, -0.42), (1.03, 0.42, -0.02), (0.97, 0.29, 0.15)),
    CANINE: ((0.72, 0.44, -0.50), (0.84, 0.52, -0.44), (1.02, 0.46, -0.10), (0.64, 0.27, 0.04)),
    PREMOLAR: ((0.78, 0.44, -0.44), (0.90, 0.50, -0.48), (1.03, 0.44, -0.45), (0.76, 0.28, -0.30)),
    MOLAR: ((0.82, 0.44, -0.44), (0.92, 0.50, -0.49), (1.03, 0.45, -0.46), (0.82, 0.33, -0.34)),
}
# Height of the last level's eight vertices and of the crown's middle, in shares of the crown's height.
_TOPS = {
    INCISOR: ((1.0, 0.955, 0.90, 0.93, 0.97, 0.96, 0.955, 0.985), 1.0),
    CANINE: ((0.95, 0.90, 0.85, 0.87, 0.90, 0.89, 0.88, 0.92), 1.0),
    PREMOLAR: ((1.0, 0.91, 0.84, 0.87, 0.92, 0.87, 0.84, 0.91), 0.83),
    MOLAR: ((0.90, 1.0, 0.90, 0.97, 0.88, 0.97, 0.90, 1.0), 0.80),
}
_HEIGHTS = (0.20, 0.70)
# Of the two levels between, likewise.


@dataclass(frozen=True, eq=False)
class TeethMesh:
    """One row of 14 teeth.

    Attributes:
        mesh: metres in the dentition's frame (see `dental_arch`), texture coordinates in the atlas.
        edge_middles: (14,) vertex in the middle of each crown's biting edge, from the subject's left on.
    """

    mesh: PartMesh
    edge_middles: Integer[np.ndarray, " teeth"]


def build_teeth(arch: Arch) -> TeethMesh:
    """A row of crowns: 33 vertices each, closed but for the side below the gum."""
    part = "upper_teeth" if arch.up > 0 else "lower_teeth"
    crowns = []
    for number, tooth in enumerate(arch.teeth):
        middle = (arch.borders_m[number] + arch.borders_m[number + 1]) / 2
        place, along, outward = (a[0] for a in arch.at(np.array([middle])))
        local = crown(tooth)
        up = np.array([0.0, arch.up, 0.0])
        vertices = place + local @ np.stack([along, -up, outward])
        quads = _faces()
        if arch.up > 0:  # along the arch, down, outwards is left-handed
            quads = quads[:, [0, 3, 2, 1]]
        uv = _uv(number, len(arch.teeth))
        if arch.up < 0:
            uv = uv * [1, -1] + [0, 0.5]
        crowns.append(
            PartMesh(
                vertices=vertices,
                quads=quads,
                uv=in_tile(uv, part),
                uv_quads=quads,
                parts=np.full(len(vertices), part_index(part)),
                mirror=np.arange(len(vertices)),
            )
        )
    left = joined(crowns)
    both = with_mirror_image(left)
    # The two halves of the tile: the right half's crowns lie beside the left half's, not beyond the tile.
    count, size = len(left.uv), RING * LEVELS + 1
    shift = in_tile(np.array([[0.0, 0.0], [0.0, 0.5]]), part)
    uv = np.concatenate([left.uv, left.uv + (shift[1] - shift[0])])
    mirrored = uv[count:].reshape(len(arch.teeth), size, 2)
    centre = mirrored[:, -1:]
    uv[count:] = (centre + (mirrored - centre) * [-1, 1]).reshape(-1, 2)
    tips = np.arange(len(arch.teeth)) * size + size - 1
    return TeethMesh(
        mesh=PartMesh(both.vertices, both.quads, uv, both.uv_quads, both.parts, both.mirror),
        edge_middles=np.concatenate([tips[::-1], tips + len(left.vertices)]),
    )


def both_rows() -> tuple[TeethMesh, TeethMesh]:
    """The upper and the lower row, in the dentition's frame."""
    return build_teeth(UPPER_ARCH), build_teeth(LOWER_ARCH)


def crown(tooth: Tooth) -> Float[np.ndarray, "33 3"]:
    """One crown in metres: x along the arch to the back, y from the gum to the edge at 0, z outwards."""
    width, depth, height = np.array([tooth.width_mm, tooth.depth_mm, tooth.height_mm]) / 1000
    turn = np.arange(RING) * 2 * np.pi / RING
    # A rounded rectangle: corners fuller than a circle's.
    x, z = np.sin(turn), np.cos(turn)
    full = np.where(np.arange(RING) % 2 == 1, 1.22, 1.0)
    x, z = x * full, z * full
    tops, middle_top = _TOPS[tooth.kind]
    rings = []
    for level, (share, outer, inner) in enumerate(_PROFILES[tooth.kind]):
        along = x * share * width / 2
        across = depth * ((outer + inner) / 2 + z * (outer - inner) / 2)
        if level == 0:
            up = np.full(RING, -height - BELOW_GUM_M)
        elif level == LEVELS - 1:
            up = (np.array(tops) - 1) * height
        else:
            up = np.full(RING, (_HEIGHTS[level - 1] - 1) * height)
        rings.append(np.stack([along, up, across], axis=1))
    last = rings[-1]
    middle = np.array([0.0, (middle_top - 1) * height, last[:, 2].mean()])
    return np.concatenate([*rings, [middle]])


def _faces() -> np.ndarray:
    """Sides and lid of a crown, outward when x, y, z are right-handed."""
    k = np.arange(RING)
    after = (k + 1) % RING
    quads = []
    for level in range(LEVELS - 1):
        low, high = level * RING, (level + 1) * RING
        quads.append(np.stack([low + k, low + after, high + after, high + k], axis=1))
    top = (LEVELS - 1) * RING
    odd = np.arange(1, RING, 2)
    lid = np.stack([np.full_like(odd, top + RING), top + odd - 1, top + odd, top + (odd + 1) % RING], axis=1)
    return np.concatenate([*quads, lid])


def _uv(number: int, count: int) -> np.ndarray:
    """A crown seen from its edge, its root spread around it: a disc in the lower row of the tile's cells."""
    turn = np.arange(RING) * 2 * np.pi / RING
    circle = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    square = circle / np.maximum(np.abs(circle).max(axis=1, keepdims=True), 1e-9)
    radii = (0.48, 0.38, 0.24, 0.12)
    cell = np.concatenate([*(0.5 + r * square for r in radii), [[0.5, 0.5]]])
    return np.stack([(number + cell[:, 0]) / count, cell[:, 1] / 2], axis=1)
