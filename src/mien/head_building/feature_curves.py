"""Curves that both our skin and ICT-FaceKit have: lips and lids' margins, laid upon each other by length.

Closest points alone let lips and lids slide along themselves; here each of our vertices on such a curve gets
its place on ICT's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.edge_loops import QuadEdges
from mien.head_building.ict_facekit import IctFaceKit
from mien.head_building.quad_skin import QuadSkin, rings_around

LID_EDGE, LID_INSIDE = 3, 2
"""Our rings at the outer and the inner edge of the lids' margins."""
LIP_CONTACT, LIP_BORDER = 2, 10
"""Our rings where the lips touch and at the border of the vermilion."""
_ICT_LID_EDGE, _ICT_LID_INSIDE = 2, 1
_ICT_LIP_CONTACT, _ICT_UPPER_BORDER, _ICT_CORNER_BORDER, _ICT_LOWER_BORDER = 7, 15, 13, 12


@dataclass(frozen=True)
class Ties:
    """Vertices of ours that lie at known places of the target.

    Attributes:
        vertices: (N,) ours.
        target_vertices, weights: (N, 4) the place as a mixture of at most four vertices of the target.
    """

    vertices: np.ndarray
    target_vertices: np.ndarray
    weights: np.ndarray

    def points(self, target_m: np.ndarray) -> np.ndarray:
        """(N, 3) the places on a target mesh."""
        return np.einsum("nk,nkc->nc", self.weights, target_m[self.target_vertices])

    @staticmethod
    def of(vertices: np.ndarray, target_vertices: np.ndarray, weights: np.ndarray) -> Ties:
        """From (N, K) mixtures of fewer vertices."""
        missing = ((0, 0), (0, 4 - target_vertices.shape[1]))
        return Ties(vertices, np.pad(target_vertices, missing), np.pad(weights, missing))

    @staticmethod
    def joined(pieces: list[Ties]) -> Ties:
        """All of several, each vertex once: the first that ties it counts."""
        vertices = np.concatenate([piece.vertices for piece in pieces])
        _, first = np.unique(vertices, return_index=True)
        return Ties(
            vertices[first],
            np.concatenate([piece.target_vertices for piece in pieces])[first],
            np.concatenate([piece.weights for piece in pieces])[first],
        )


def along(ours_at: np.ndarray, theirs: np.ndarray, theirs_at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each point of an open curve of ours the two vertices of theirs at the same share of the length.

    Args:
        ours_at: (N, 3) our points in order.
        theirs, theirs_at: (M,), (M, 3) their vertices in order, and where they lie.

    Returns:
        (N, 2) vertices and (N, 2) weights.
    """
    share, shares = _share_of_length(ours_at), _share_of_length(theirs_at)
    after = np.clip(np.searchsorted(shares, share, side="right"), 1, len(theirs) - 1)
    weight = (share - shares[after - 1]) / np.maximum(shares[after] - shares[after - 1], 1e-12)
    weight = np.clip(weight, 0, 1)
    return np.stack([theirs[after - 1], theirs[after]], axis=1), np.stack([1 - weight, weight], axis=1)


def _share_of_length(points: np.ndarray) -> np.ndarray:
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return steps / steps[-1]


def _arc(count: int, start: int, end: int, step: int = 1) -> np.ndarray:
    """Places in a closed loop from one to another, both included."""
    places = [start]
    while places[-1] != end:
        places.append((places[-1] + step) % count)
    return np.array(places)


def lid_ties(skin: QuadSkin, ict: IctFaceKit) -> Ties:
    """The margins of all four lids: their outer edges from corner to corner, their inner edges within."""
    edges = QuadEdges(ict.quads)
    pieces = []
    for side, label in (("left", 2), ("right", 3)):
        theirs = rings_around(edges, ict.quad_labels == label, ict.quad_labels == 0, 4)
        ours = skin.left_lid_margins
        if side == "right":
            ours = tuple(skin.mirror[ring][::-1] for ring in ours)
        sign = 1.0 if side == "left" else -1.0
        at, edge = skin.vertices, ours[LID_EDGE]
        inner, outer = int((sign * at[edge, 0]).argmin()), int((sign * at[edge, 0]).argmax())
        canthus, far = (42, 45) if side == "left" else (39, 36)
        ict_edge = theirs[_ICT_LID_EDGE]
        their_outer = int(np.flatnonzero(ict_edge == ict.landmarks68[far])[0])
        # ICT's margin turns around the caruncle; ours goes on to the corner of the eye.
        corner = int(ict.landmarks68[canthus])
        corner_m, at_m = ict.neutral_m[corner], ict.neutral_m
        beside = np.linalg.norm(at_m[ict_edge] - corner_m, axis=1) < 0.0055
        for step in (1, -1):
            arc = _arc(len(edge), inner, outer, step)
            upper = bool(at[edge[arc], 1].mean() > at[edge, 1].mean())
            their_arc = _half(ict_edge, their_outer, beside, at_m, upper=upper)
            chain = np.concatenate([[corner], ict_edge[their_arc]])
            found, weights = along(at[edge[arc]], chain, at_m[chain])
            pieces.append(Ties.of(edge[arc], found, weights))
            within = (weights[:, 0] < 1) & (found[:, 0] != corner)
            # the inner edge, where both have the same columns: ICT's columns of the outer edge, one ring in
            column = {int(vertex): place for place, vertex in enumerate(ict_edge)}
            inside = np.array(
                [[theirs[_ICT_LID_INSIDE][column[int(v)]] for v in pair] for pair in found[within]]
            )
            pieces.append(Ties.of(ours[LID_INSIDE][arc][within], inside.reshape(-1, 2), weights[within]))
    return Ties.joined(pieces)


def _half(
    ring: np.ndarray, outer: int, beside_corner: np.ndarray, at_m: np.ndarray, *, upper: bool
) -> np.ndarray:
    """Places of a ring from near the inner corner to the outer one, over the upper or the lower lid."""
    for step in (1, -1):
        places = [outer]
        while not beside_corner[places[-1]] and len(places) < len(ring):
            places.append((places[-1] + step) % len(ring))
        places = np.array(places[:-1][::-1])
        middle = at_m[ring[places], 1].mean()
        if (middle > at_m[ring, 1].mean()) == upper:
            return places
    raise AssertionError("a lid has an upper and a lower half")


def lip_contact_ties(skin: QuadSkin, ict: IctFaceKit) -> Ties:
    """The line where the lips touch, in quarters between middles and corners."""
    ours, theirs = skin.lip_rings[LIP_CONTACT], _ict_lip_rings(ict)[_ICT_LIP_CONTACT]
    return Ties.joined(
        [Ties.of(ours[arc], theirs[found], weights) for arc, found, weights in _quarters(skin, ict)]
    )


def lip_border_ties(skin: QuadSkin, ict: IctFaceKit) -> Ties:
    """The vermilion's border, which ICT-FaceKit's landmarks show: it goes from ring to ring of ICT's mesh."""
    ours, theirs = skin.lip_rings[LIP_BORDER], _ict_lip_rings(ict)
    pieces = []
    for quarter, (arc, found, weights) in enumerate(_quarters(skin, ict)):
        at_middle = _ICT_UPPER_BORDER if quarter in (0, 3) else _ICT_LOWER_BORDER
        towards = np.linspace(0, 1, len(arc))
        if quarter in (0, 2):  # these start in a middle
            towards = 1 - towards
        ring = _ICT_CORNER_BORDER + (at_middle - _ICT_CORNER_BORDER) * np.sin(towards * np.pi / 2)
        below, share = np.floor(ring).astype(int), (ring - np.floor(ring))[:, None]
        above = np.minimum(below + 1, len(theirs) - 1)
        places = np.concatenate([theirs[below[:, None], found], theirs[above[:, None], found]], axis=1)
        pieces.append(
            Ties.of(ours[arc], places, np.concatenate([weights * (1 - share), weights * share], axis=1))
        )
    return Ties.joined(pieces)


def _ict_lip_rings(ict: IctFaceKit) -> np.ndarray:
    return np.stack(rings_around(QuadEdges(ict.quads), ict.quad_labels == 1, ict.quad_labels == 0, 16))


def _quarters(skin: QuadSkin, ict: IctFaceKit) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each quarter of the lips' contact our places in the loop, and theirs with weights: places serve all
    rings alike."""
    contact, their_contact = skin.lip_rings[LIP_CONTACT], _ict_lip_rings(ict)[_ICT_LIP_CONTACT]
    our_stops, their_stops = _stops(contact, skin.vertices), _stops(their_contact, ict.neutral_m)
    quarters = []
    for quarter in range(4):
        arc = _arc(len(contact), our_stops[quarter], our_stops[(quarter + 1) % 4])
        their_arc = _arc(len(their_contact), their_stops[quarter], their_stops[(quarter + 1) % 4])
        at, their_at = skin.vertices[contact[arc]], ict.neutral_m[their_contact[their_arc]]
        quarters.append((arc, *along(at, their_arc, their_at)))
    return quarters


def _stops(loop: np.ndarray, at: np.ndarray) -> list[int]:
    """Places in a loop around the mouth: middle above, one corner, middle below, the other corner."""
    points = at[loop]
    middle = np.argsort(np.abs(points[:, 0]))[:2]
    upper, lower = middle[np.argsort(-points[middle, 1])]
    left, right = int(points[:, 0].argmax()), int(points[:, 0].argmin())
    forward = _arc(len(loop), int(upper), int(lower))
    first, second = (left, right) if left in forward else (right, left)
    return [int(upper), first, int(lower), second]
