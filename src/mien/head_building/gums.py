"""Gums: a strip along each row of teeth whose edge rises between them and dips around them."""

from __future__ import annotations

import numpy as np

from mien.head_building.dental_arch import CANINE, MOLAR, Arch
from mien.head_building.part_mesh import PartMesh, part_index
from mien.head_building.teeth import crown
from mien.head_building.texture_atlas import in_tile

_COLUMNS = {MOLAR: (0.0, 0.25, 0.75)}
_OTHER_COLUMNS = (0.0, 0.22, 0.5, 0.78)
"""Shares of a tooth's width at which the gum has vertices."""
_OVERLAP_M = 0.0004
"""How far the gum's edge stands out from the tooth: it is as thick as that."""


def build_gums(arch: Arch) -> PartMesh:
    """The gum of one row, metres in the dentition's frame, texture coordinates in the atlas.

    Six rows of vertices run along the arch: outer base, outer middle, outer edge, inner edge, inner middle,
    inner base. It is open at the base and at its two ends, where the mouth's lining goes on.
    """
    part = "upper_gums" if arch.up > 0 else "lower_gums"
    sections, places = [], []
    for number, tooth in enumerate(arch.teeth):
        for share in _COLUMNS.get(tooth.kind, _OTHER_COLUMNS):
            begin, end = arch.borders_m[number], arch.borders_m[number + 1]
            places.append(begin + share * (end - begin))
            before = arch.teeth[number - 1] if number else tooth
            sections.append(_section(arch, number, share, before_height_m=before.height_mm / 1000))
    places.append(arch.borders_m[-1] + 0.0015)
    sections.append(_section(arch, len(arch.teeth) - 1, 1.0, before_height_m=0.0))
    at, _, outward = arch.at(np.array(places))
    up = np.array([0.0, arch.up, 0.0])
    local = np.array(sections)  # (columns, rows, 2): outwards, and from the biting edge towards the root
    half = at[:, None] + local[..., :1] * outward[:, None] + local[..., 1:] * up
    half[0, :, 0] = 0.0
    rows = half.shape[1]
    grid = np.concatenate([half[:0:-1] * [-1, 1, 1], half])  # from the subject's right to the left
    count = len(grid)
    index = np.arange(count * rows).reshape(count, rows)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    quads = np.stack([a, d, c, b], axis=-1).reshape(-1, 4)
    if arch.up < 0:
        quads = quads[:, ::-1]
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(grid[:, 2], axis=0), axis=1))])
    across = np.array([0.0, 0.25, 0.46, 0.54, 0.75, 1.0])
    u = np.broadcast_to((steps / steps[-1])[:, None], (count, rows))
    v = np.broadcast_to(1 - across if arch.up > 0 else across, (count, rows))
    return PartMesh(
        vertices=grid.reshape(-1, 3),
        quads=quads,
        uv=in_tile(np.stack([u, v], axis=-1).reshape(-1, 2), part),
        uv_quads=quads,
        parts=np.full(count * rows, part_index(part)),
        mirror=index[::-1].reshape(-1),
    )


def _section(arch: Arch, number: int, share: float, *, before_height_m: float) -> list[tuple[float, float]]:
    """Six points across the gum at a share of a tooth's width: (outwards, towards the root) in metres."""
    tooth = arch.teeth[number]
    height, depth = tooth.height_mm / 1000, tooth.depth_mm / 1000
    neck = crown(tooth)[8:16, 2]  # the outline above the gum
    outer, inner = float(neck.max()), float(neck.min())
    between = abs(2 * share - 1) if share < 1 else 0.6
    rise = (0.48 if tooth.kind <= CANINE else 0.34) * height
    if share in (0.0, 1.0) and before_height_m:
        height = (height + before_height_m) / 2
    edge = height - rise * (1 - np.sqrt(max(1 - between**3, 0.0)))
    # Between teeth the gum fills the gap and lies further in than on the teeth's faces.
    into = between**2 * 0.30 * depth
    outer_edge, inner_edge = outer + _OVERLAP_M - into, inner - _OVERLAP_M + into
    root = 0.0011 * (1 - between)  # roots show through as ridges
    # Below the lower lip the face falls back, and so does the bone there.
    back = 0.0016 if arch.up < 0 else 0.0
    return [
        (outer - 0.0012 - back + 0.3 * root, height + 0.0125 - 2 * back),
        (outer + 0.0004 - 0.5 * back + root, height + 0.0055 - 0.5 * back),
        (outer_edge, edge),
        (inner_edge, edge),
        (inner - 0.0016 - root, height + 0.0050),
        (inner - 0.0030, height + 0.0115),
    ]
