"""Parts of the head that are the same on both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Integer

from mien.heads.model import Head


def with_symmetric_parts(head: Head) -> Head:
    """The head with each vertex in its left-right partner's part.

    Labels come from painted skins, whose two halves differ at the inner edges of lids and lips. Of the two
    parts a pair is in, it goes to the one that more of its neighbours belong to, on a tie to the first.
    """
    parts, mirror = head.vertex_parts.copy(), head.mirror_vertices
    partner_part = _mirrored_parts(head)
    unsure = np.flatnonzero(parts != partner_part[parts[mirror]])
    sure = np.ones(head.vertex_count, bool)
    sure[unsure] = False
    edges = np.concatenate([head.triangles[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    votes = np.zeros((head.vertex_count, len(head.part_names)), int)
    for of, by in (edges.T, edges.T[::-1]):
        told = sure[by]
        np.add.at(votes, (of[told], parts[by[told]]), 1)
    votes += votes[mirror][:, partner_part]
    for vertex in unsure:
        options = sorted({int(parts[vertex]), int(partner_part[parts[mirror[vertex]]])})
        parts[vertex] = max(options, key=lambda part: votes[vertex, part])
    return replace(head, vertex_parts=parts)


def _mirrored_parts(head: Head) -> Integer[np.ndarray, " parts"]:
    """Each part's partner on the other side."""
    names = list(head.part_names)
    swap = {"left": "right", "right": "left"}
    partners = []
    for name in names:
        side, _, rest = name.partition("_")
        partners.append(names.index(f"{swap[side]}_{rest}") if side in swap else names.index(name))
    return np.array(partners)
