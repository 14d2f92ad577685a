"""Loops of edges on a mesh of quads: finding them, going from one to the next, laying one in between."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import scipy.sparse as sparse


class QuadEdges:
    """Which quads meet at each edge, and which vertices each vertex is joined to.

    Args:
        quads: (Q, 4) vertex indices, counter-clockwise seen from outside.
    """

    def __init__(self, quads: np.ndarray) -> None:
        self.quads = quads
        self._of_edge: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._neighbours: dict[int, set[int]] = defaultdict(set)
        for index, quad in enumerate(quads.tolist()):
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                self._of_edge[(min(a, b), max(a, b))].append(index)
                self._neighbours[a].add(b)
                self._neighbours[b].add(a)

    def quads_at(self, a: int, b: int) -> list[int]:
        """Quads that share the edge between two vertices."""
        return self._of_edge[(min(a, b), max(a, b))]

    def loop_from(self, first: int, second: int) -> list[int] | None:
        """The closed loop that goes on straight from an edge, or None where it ends."""
        path = [first, second]
        while True:
            following = self._straight_on(path[-2], path[-1])
            if following is None or len(path) > 4000:
                return None
            if following == first:
                return path
            path.append(following)

    def _straight_on(self, before: int, here: int) -> int | None:
        if len(self._neighbours[here]) != 4:
            return None
        behind = set(self.quads_at(before, here))
        for candidate in self._neighbours[here] - {before}:
            if not behind & set(self.quads_at(here, candidate)):
                return candidate
        return None

    def border_between(self, inner: np.ndarray) -> list[int]:
        """The one closed loop around a set of quads, in the direction in which the quads outside have it.

        Args:
            inner: (Q,) booleans.

        Raises:
            ValueError: the border is not one simple loop.
        """
        following: dict[int, int] = {}
        for index in np.flatnonzero(~inner):
            quad = self.quads[index].tolist()
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                if any(inner[other] for other in self.quads_at(a, b)):
                    if a in following:
                        raise ValueError("the border branches")
                    following[a] = b
        loop = [next(iter(following))]
        while following[loop[-1]] != loop[0]:
            loop.append(following[loop[-1]])
        if len(loop) != len(following):
            raise ValueError("there are several borders")
        return loop

    def ring_beside(self, loop: list[int], outside: np.ndarray) -> list[int]:
        """The loop one strip of quads away: for each vertex of a closed loop the one across from it.

        Args:
            loop: vertices in order.
            outside: (Q,) booleans: quads of the side to go to.

        Raises:
            ValueError: no strip of quads runs along the loop there.
        """
        across = []
        for here, after in zip(loop, loop[1:] + loop[:1], strict=True):
            chosen = [index for index in self.quads_at(here, after) if outside[index]]
            if len(chosen) != 1:
                raise ValueError("there is no strip of quads beside the loop")
            quad = self.quads[chosen[0]].tolist()
            corner = quad.index(here)
            beside = {quad[corner - 1], quad[(corner + 1) % 4]} - {after}
            across.append(beside.pop())
        return across


def split_strip(
    quads: np.ndarray, corner_values: np.ndarray, ties: sparse.csr_matrix, loop: list[int], ring: list[int]
) -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix]:
    """A new loop halfway between two neighbouring ones; every quad of the strip becomes two.

    Args:
        quads: (Q, 4); corner_values: (Q, 4, C) values at the corners, for example texture coordinates.
        ties: (V, B) rows that make each vertex out of others.
        loop, ring: the two loops, vertex across from vertex (`QuadEdges.ring_beside`).

    Returns:
        quads, corner values and ties; the new loop's vertices are the last ones, in the loop's order.
    """
    count = len(ties.indptr) - 1
    new = {(min(a, b), max(a, b)): count + i for i, (a, b) in enumerate(zip(loop, ring, strict=True))}
    split_rows = [0.5 * (ties[a] + ties[b]) for a, b in zip(loop, ring, strict=True)]
    result, values = [], []
    for quad, corners in zip(quads.tolist(), corner_values, strict=True):
        cuts = [
            k for k in range(4) if (min(quad[k], quad[k - 3]), max(quad[k], quad[k - 3])) in new
        ]  # quad[k - 3] is the next corner
        if len(cuts) != 2 or cuts[1] - cuts[0] != 2:
            result.append(quad)
            values.append(corners)
            continue
        k = cuts[0]
        a, b, c, d = (quad[(k + i) % 4] for i in range(4))
        va, vb, vc, vd = (corners[(k + i) % 4] for i in range(4))
        middle, opposite = new[(min(a, b), max(a, b))], new[(min(c, d), max(c, d))]
        result += [[a, middle, opposite, d], [middle, b, c, opposite]]
        values += [
            np.stack([va, (va + vb) / 2, (vc + vd) / 2, vd]),
            np.stack([(va + vb) / 2, vb, vc, (vc + vd) / 2]),
        ]
    return np.array(result), np.stack(values), sparse.csr_matrix(sparse.vstack([ties, *split_rows]))
