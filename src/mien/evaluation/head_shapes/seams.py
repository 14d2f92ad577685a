"""Lines of a head along which skin meets skin: lips and lids, found from its parts and quads alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.head_building.edge_loops import QuadEdges
from mien.head_building.quad_skin import rings_around
from mien.heads.model import Head

_LIP_RINGS, _LID_RINGS = 12, 5
_SAMPLES = 61


@dataclass(frozen=True, eq=False)
class Seam:
    """One opening of the skin with an upper and a lower edge.

    Attributes:
        name: "lips", "left_lids" or "right_lids".
        rings: (R, N) loops around the opening from where its inside begins outwards, the same columns.
        contact: the ring whose halves touch when the opening is shut.
        upper, lower: columns from the corner at the subject's left to the one at the right.
    """

    name: str
    rings: Integer[np.ndarray, "rings n"]
    contact: int
    upper: Integer[np.ndarray, " upper"]
    lower: Integer[np.ndarray, " lower"]

    def gaps_mm(self, vertices_m: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, " places"]:
        """(P,) from the lower up to the upper edge at even places between the corners, where each is nearest
        to the other: millimetres, negative where they pass through each other."""
        line = vertices_m[self.rings[self.contact]]
        upper, lower = _resampled(line[self.upper]), _resampled(line[self.lower])
        away = upper[:, None] - lower[None]
        # Lines slide along each other: of each point the nearest of the other line counts.
        nearest = np.linalg.norm(away, axis=2).argmin(axis=1)
        gap = away[np.arange(len(upper)), nearest]
        return 1000 * np.where(gap[:, 1] < 0, -1, 1) * np.linalg.norm(gap, axis=1)


def seams_of(head: Head) -> tuple[Seam, Seam, Seam]:
    """Lips, left lids, right lids.

    Raises:
        InputError: the head has no quads, or no parts called "mouth_interior" and "eye_sockets".
    """
    wanted = ("mouth_interior", "eye_sockets")
    if not len(head.quads) or not set(wanted) <= set(head.part_names):
        raise InputError(
            f"the head {head.name!r} has {len(head.quads)} quads and the parts {', '.join(head.part_names)}; "
            "lips and lids are found on heads of quads with mouth_interior and eye_sockets"
        )
    body = head.quads[skin_quads(head)]
    edges = QuadEdges(body)
    parts = head.vertex_parts[body]
    inside = {name: (parts == head.part_names.index(name)).any(axis=1) for name in wanted}
    outside = ~np.any(list(inside.values()), axis=0)
    left = head.mean_m[body].mean(axis=1)[:, 0] > 0
    sockets = inside["eye_sockets"]
    lips = _seam(head, "lips", rings_around(edges, inside["mouth_interior"], outside, _LIP_RINGS))
    lids = [
        _seam(head, name, rings_around(edges, sockets & side, outside, _LID_RINGS), blink=blink)
        for name, side, blink in (
            ("left_lids", left, "eyeBlinkLeft"),
            ("right_lids", ~left, "eyeBlinkRight"),
        )
    ]
    return lips, lids[0], lids[1]


def skin_quads(head: Head) -> np.ndarray:
    """(Q,) quads of skin, mouth and sockets."""
    chosen = [head.part_names.index(name) for name in ("skin", "mouth_interior", "eye_sockets")]
    return np.isin(head.vertex_parts[head.quads], chosen).all(axis=1) & (head.quads[:, 3] >= 0)


def _seam(head: Head, name: str, rings: tuple[np.ndarray, ...], *, blink: str | None = None) -> Seam:
    stacked = np.stack(rings)
    shut_m = head.mean_m.copy()
    if blink is not None:
        shut_m += head.expression_basis_m[head.expression_names.index(blink)]
    seams = []
    for contact in range(len(stacked)):
        line = head.mean_m[stacked[contact]]
        left, right = int(line[:, 0].argmax()), int(line[:, 0].argmin())
        count = len(line)
        halves = [(left + step * np.arange((step * (right - left)) % count + 1)) % count for step in (1, -1)]
        lower, upper = sorted(halves, key=lambda half: line[half, 1].mean())
        seams.append(Seam(name, stacked, contact, upper, lower))
    return min(seams, key=lambda seam: float(np.abs(seam.gaps_mm(shut_m)).mean()))


def _resampled(line: np.ndarray) -> np.ndarray:
    """Even places along a line."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.stack([np.interp(np.linspace(0, steps[-1], _SAMPLES), steps, c) for c in line.T], axis=1)
