"""The landmark sets of publishers on our mesh, vertex for vertex; the dense sets come after them.

Eyes and lips have edge loops, so their points lie on these; brows lie on the hair that one sees; the others
are the vertices nearest to where the 68 points of ICT-FaceKit and iBUG lay on version 1's skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from mien.head_building.assembly import Assembly
from mien.head_building.cards import CardedHead
from mien.head_building.dense_landmarks import dense_sets, full_face
from mien.head_building.feature_curves import LIP_BORDER, LIP_CONTACT
from mien.head_building.quad_skin import LOWER_LIP, SKIN, UPPER_LIP
from mien.head_building.version1 import Version1Places
from mien.heads.formats.plain import ibug68_mirror
from mien.heads.landmark_sets import IBUG_GROUPS
from mien.heads.model import Head, LandmarkSet

IBUG_SHIFTS_M: dict[int, tuple[float, float, float]] = {
    13: (0.0, 0.002, 0.0),
    14: (0.0, 0.003, 0.0),
    15: (0.001, 0.0040, -0.002),
    16: (0.001, 0.0040, -0.002),
    27: (0.0, 0.0015, 0.0),
    34: (0.0014, 0.0, 0.0),
}
"""Left and middle points of iBUG's that the first head had beside where its data sets have them: the contour
starts at the height of the eyes, the points under the nose stand farther apart. Told by 421 frontal faces
labelled by hand (YTF-68): medians, in outer eye distances from the middle between the eyes."""

IBUG_LIDS = {"upper": (0.335, 0.68), "lower": (0.305, 0.675)}
"""Shares of the way from the inner to the outer corner of an eye, on the same faces."""
WFLW_LIDS = (0.25, 0.5, 0.75)

CONTOUR_DEPTH = 0.6
"""How much the depth of a contour point counts: seen from the front, which is how they are defined, the mesh
is fine there; from front to back it is not."""

_LIPS_OUTSIDE, _LIPS_INSIDE = range(48, 60), range(60, 68)
_LIDS = range(36, 48)


@dataclass(frozen=True)
class NearestVertices:
    """Finds vertices for places of a symmetric head: partners for partners, midline for midline.

    Attributes:
        vertices_m: (V, 3); mirror: (V,) partners.
    """

    vertices_m: Float[np.ndarray, "vertices 3"]
    mirror: Integer[np.ndarray, " vertices"]

    def of(
        self,
        places_m: Float[np.ndarray, "places 3"],
        partners: Integer[np.ndarray, " places"],
        allowed: Integer[np.ndarray, " candidates"],
        taken: set[int],
        *,
        depth: float = 1.0,
    ) -> Integer[np.ndarray, " places"]:
        """(P,) a vertex for each place, none twice.

        Args:
            partners: (P,) each place's partner among them; allowed: vertices to choose from, both sides.
            taken: vertices that are not to be chosen; those chosen are added.
            depth: how much distances from front to back count.
        """
        found = np.full(len(places_m), -1)
        alone = self.mirror[allowed] == allowed
        for row, partner in enumerate(partners.tolist()):
            if found[row] >= 0:
                continue
            candidates = allowed[alone] if partner == row else allowed[~alone]
            offsets_m = (self.vertices_m[candidates] - places_m[row]) * [1, 1, depth]
            distance_m = np.linalg.norm(offsets_m, axis=1)
            nearest = next(int(v) for v in candidates[np.argsort(distance_m)] if int(v) not in taken)
            found[row], found[partner] = nearest, self.mirror[nearest]
            taken |= {nearest, int(self.mirror[nearest])}
        return found


def place_landmark_sets(
    assembly: Assembly, carded: CardedHead, places: Version1Places
) -> dict[str, LandmarkSet]:
    """All landmark sets on a head with brows."""
    head = carded.head
    sets = {"ict68": _ict68(assembly, head, places), "ibug68": _ibug68(assembly, carded, places)}
    sets["wflw98"] = _wflw98(assembly, carded, places, sets["ibug68"])
    sets |= dense_sets(assembly, carded, sets)
    sets["ibug68"] = _as_labelled(sets["ibug68"], sets["wflw98"], assembly, head)
    sets["full_face"] = full_face(head, sets)
    return sets


def _ict68(assembly: Assembly, head: Head, places: Version1Places) -> LandmarkSet:
    places_m = places.after(head.mean_m)[places.sets["ict68"]]
    return LandmarkSet("ict68", _68(assembly, head, places_m, contour_depth=1.0), ibug68_mirror())


def _ibug68(assembly: Assembly, carded: CardedHead, places: Version1Places) -> LandmarkSet:
    head, mirror = carded.head, ibug68_mirror()
    places_m = places.after(head.mean_m)[places.sets["ibug68"]].copy()
    for point, shift_m in IBUG_SHIFTS_M.items():
        places_m[point] += shift_m
        places_m[mirror[point]] = places_m[point] * [-1, 1, 1]
    vertices = _68(assembly, head, places_m, contour_depth=CONTOUR_DEPTH)
    vertices[17:27] = carded.brows.ibug
    upper, lower = (_on_lid(assembly, head, half, IBUG_LIDS[half]) for half in ("upper", "lower"))
    vertices[[43, 44]], vertices[[47, 46]] = upper, lower
    vertices[[38, 37]], vertices[[40, 41]] = head.mirror_vertices[upper], head.mirror_vertices[lower]
    return LandmarkSet("ibug68", vertices, mirror)


def _as_labelled(ibug68: LandmarkSet, wflw98: LandmarkSet, assembly: Assembly, head: Head) -> LandmarkSet:
    """iBUG's points with those of the brows on the upper edge, and lids that meet when they shut.

    Where people label brows was told by the frames of YTF-68's translate.csv. A lower lid's point lies below
    the upper lid's, or the two would stay apart sideways on a shut eye. The dense sets start with the points
    before, whose order networks have learned.
    """
    vertices = ibug68.vertices.copy()
    vertices[[18, 19, 20]] = wflw98.vertices[[34, 35, 36]]
    vertices[[25, 24, 23]] = head.mirror_vertices[vertices[[18, 19, 20]]]
    lids, x = assembly.lids[0], head.mean_m[:, 0]
    lower = lids.edge[lids.lower[1:-1]]
    for above, below, partner in ((43, 47, 40), (44, 46, 41)):
        vertices[below] = lower[np.abs(x[lower] - x[vertices[above]]).argmin()]
        vertices[partner] = head.mirror_vertices[vertices[below]]
    return LandmarkSet("ibug68", vertices, ibug68.mirror)


def _68(assembly: Assembly, head: Head, places_m: np.ndarray, *, contour_depth: float) -> np.ndarray:
    """(68,) vertices nearest to places in iBUG's order; lips and lids on their loops."""
    skin, lips, partners = assembly.skin, assembly.lips, ibug68_mirror()
    vertices = np.full(68, -1)
    taken: set[int] = set()
    nearest = NearestVertices(head.mean_m, head.mirror_vertices)

    def place(members: list[int], allowed: np.ndarray, depth: float = 1.0) -> None:
        own = {member: row for row, member in enumerate(members)}
        rows = np.array([own[int(partners[member])] for member in members])
        vertices[members] = nearest.of(places_m[members], rows, np.unique(allowed), taken, depth=depth)

    edge = np.concatenate([assembly.lids[0].edge, assembly.lids[1].edge])
    corners = np.concatenate([lids.edge[lids.upper[[0, -1]]] for lids in assembly.lids])
    place([36, 39, 42, 45], corners)
    place([m for m in _LIDS if m not in (36, 39, 42, 45)], edge)
    place(list(_LIPS_OUTSIDE), skin.lip_rings[LIP_BORDER])
    place([61, 62, 63], lips.upper[1:-1])
    place([65, 66, 67], lips.lower[1:-1])
    place([60, 64], skin.lip_rings[LIP_CONTACT])
    outside = np.flatnonzero(np.isin(skin.labels, (SKIN, UPPER_LIP, LOWER_LIP)))
    hidden = np.concatenate([edge, *skin.lip_rings[: LIP_BORDER + 1]])
    free = np.setdiff1d(outside, hidden)
    place(list(IBUG_GROUPS["jaw"]), free, contour_depth)
    place([m for m in range(68) if vertices[m] < 0], free)
    return vertices


def _on_lid(assembly: Assembly, head: Head, half: str, shares: tuple[float, ...]) -> np.ndarray:
    """Vertices of the left eye's upper or lower margin at shares of the way from inner to outer corner."""
    lids = assembly.lids[0]
    margin = lids.edge[lids.upper if half == "upper" else lids.lower]
    x = head.mean_m[margin, 0]
    along = (x - x[0]) / (x[-1] - x[0])
    return margin[[1 + int(np.abs(along[1:-1] - share).argmin()) for share in shares]]


def _wflw98(
    assembly: Assembly, carded: CardedHead, places: Version1Places, ibug68: LandmarkSet
) -> LandmarkSet:
    head, ibug = carded.head, ibug68.vertices
    in_table = places.sets["wflw98"]
    places_m = np.where(in_table[:, None] >= 0, places.after(head.mean_m)[in_table], np.nan)
    vertices = np.full(98, -1)
    vertices[0:33:2], vertices[33:51] = ibug[:17], carded.brows.wflw
    vertices[51:60], vertices[76:96] = ibug[27:36], ibug[48:68]
    between = np.arange(1, 33, 2)  # contour points between iBUG's
    outside = np.setdiff1d(np.flatnonzero(assembly.skin.labels == SKIN), ibug)
    nearest = NearestVertices(head.mean_m, head.mirror_vertices)
    vertices[between] = nearest.of(
        places_m[between], np.arange(len(between))[::-1], outside, set(), depth=CONTOUR_DEPTH
    )
    upper, lower = (_on_lid(assembly, head, half, WFLW_LIDS) for half in ("upper", "lower"))
    left = [ibug[42], *upper, ibug[45], *lower[::-1]]
    vertices[68:76] = left
    vertices[60:68] = head.mirror_vertices[[left[k] for k in (4, 3, 2, 1, 0, 7, 6, 5)]]
    eyes = assembly.starts["eyes"].start
    vertices[97], vertices[96] = (eyes + pupil for pupil in assembly.eyes.pupils)
    return LandmarkSet("wflw98", vertices, _partners_in(head, vertices))


def _partners_in(head: Head, vertices: np.ndarray) -> np.ndarray:
    place = {int(vertex): row for row, vertex in enumerate(vertices)}
    return np.array([place[int(head.mirror_vertices[vertex])] for vertex in vertices])
