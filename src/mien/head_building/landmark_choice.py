"""Choosing the landmark sets on our mesh: iBUG-68, WFLW-98, dense320 ⊂ dense703."""

from __future__ import annotations

import numpy as np

from mien.heads.model import LandmarkSet


def nearest_skin_vertices(points_m: np.ndarray, vertices_m: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """For each point the nearest allowed vertex."""
    index = np.flatnonzero(allowed)
    distance = np.linalg.norm(points_m[:, None] - vertices_m[index][None], axis=2)
    return index[distance.argmin(axis=1)]


def along_curve(points: np.ndarray, count: int) -> np.ndarray:
    """`count` points evenly spaced along a polyline, ends included."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.linspace(0, steps[-1], count)
    return np.stack([np.interp(places, steps, points[:, c]) for c in range(points.shape[1])], axis=1)


def ibug68_mirror() -> np.ndarray:
    """Left-right partner of each iBUG landmark."""
    partner = np.arange(68)
    rows = [
        *[(i, 16 - i) for i in range(17)], *[(17 + i, 26 - i) for i in range(10)],
        *[(31 + i, 35 - i) for i in range(5)], (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46),
        (48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65),
    ]  # fmt: skip
    for a, b in rows:
        partner[a], partner[b] = b, a
    return partner


def wflw98_mirror() -> np.ndarray:
    """Left-right partner of each WFLW landmark."""
    partner = np.arange(98)
    rows = [
        *[(i, 32 - i) for i in range(33)], *[(33 + i, 46 - i) for i in range(5)],
        *[(38 + i, 50 - i) for i in range(4)], *[(55 + i, 59 - i) for i in range(5)],
        *[(60 + i, 72 - i) for i in range(5)], (65, 75), (66, 74), (67, 73),
        *[(76 + i, 82 - i) for i in range(7)], *[(87 - i, 83 + i) for i in range(5)],
        *[(88 + i, 92 - i) for i in range(5)], (95, 93), (96, 97),
    ]  # fmt: skip
    for a, b in rows:
        partner[a], partner[b] = b, a
    return partner


def symmetric_choice(left_or_middle: np.ndarray, own_mirror: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Make a choice of vertices symmetric: the partner of a landmark gets the partner vertex."""
    chosen = left_or_middle.copy()
    for landmark, partner in enumerate(own_mirror):
        if landmark < partner:
            chosen[landmark] = mirror[chosen[partner]]
    return chosen


def grow_symmetric(
    start: np.ndarray,
    count: int,
    *,
    places: np.ndarray,
    density: np.ndarray,
    mirror: np.ndarray,
    allowed: np.ndarray,
) -> np.ndarray:
    """Add vertices farthest from the chosen ones (distance times density), in mirrored pairs, up to `count`.

    Args:
        start: vertices that are always in.
        places: (V, 3); density: (V,) how much denser than elsewhere; allowed: (V,) candidates.
    """
    chosen = list(dict.fromkeys(int(v) for s in start for v in (s, mirror[s])))
    if len(chosen) > count:
        raise ValueError(f"{len(chosen)} points must be in, more than the {count} asked for")
    distance = np.full(len(places), np.inf)
    for vertex in chosen:
        distance = np.minimum(distance, np.linalg.norm(places - places[vertex], axis=1))
    middle = mirror == np.arange(len(mirror))
    while len(chosen) < count:
        score = np.where(allowed, distance * density, -1.0)
        score[chosen] = -1.0
        if len(chosen) == count - 1:
            score[~middle] = -1.0
        best = int(score.argmax())
        for vertex in dict.fromkeys((best, int(mirror[best]))):
            chosen.append(vertex)
            distance = np.minimum(distance, np.linalg.norm(places - places[vertex], axis=1))
    return np.array(chosen)


def as_set(name: str, vertices: np.ndarray, mirror: np.ndarray) -> LandmarkSet:
    """A landmark set whose partners follow the mesh's mirror (sets that repeat no vertex)."""
    place = {int(v): i for i, v in enumerate(vertices)}
    return LandmarkSet(name, vertices.astype(np.int64), np.array([place[int(mirror[v])] for v in vertices]))
