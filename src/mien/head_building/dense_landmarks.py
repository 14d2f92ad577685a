"""The dense landmark sets: what must be in them, then vertices spread over the head by farthest points.

Dense where people differ and faces move (lids, lips, nostrils), sparse on the back of the head; symmetric; of
what nobody sees (insides of nose, mouth and lids) nothing. dense703 begins with the points of dense320.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from mien.geometry.rasterization import rasterize
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.assembly import Assembly
from mien.head_building.cards import CardedHead
from mien.head_building.feature_curves import LIP_BORDER, LIP_CONTACT
from mien.heads.model import Head, LandmarkSet

SIZES = {"dense320": 320, "dense703": 703}
LIP_MIDDLE = 6
"""Ring of the lips halfway between contact and border."""

UNDER_BROWS_M = 0.006
"""So near to the cards of brows lies no point of the skin: what one sees there is the brow."""

_VIEWS = [(pitch, yaw) for pitch in (-0.6, 0.0, 0.6, 1.3) for yaw in np.arange(12) * np.pi / 6]
_VIEW_PX = 480


def dense_sets(
    assembly: Assembly, carded: CardedHead, named: dict[str, LandmarkSet]
) -> dict[str, LandmarkSet]:
    """dense320 and dense703, which hold all points of the named sets."""
    head = carded.head
    spacing = _spacing(assembly, carded, named)
    sets, chosen = {}, list[int]()
    for name, size in SIZES.items():
        wanted = _always(assembly, carded, named, name)
        chosen += [vertex for vertex in wanted if vertex not in set(chosen)]
        chosen = _spread(head, chosen, spacing, size)
        place = {vertex: row for row, vertex in enumerate(chosen)}
        mirror = np.array([place[int(head.mirror_vertices[vertex])] for vertex in chosen])
        sets[name] = LandmarkSet(name, np.array(chosen), mirror)
    return sets


def full_face(head: Head, sets: dict[str, LandmarkSet]) -> LandmarkSet:
    """Every vertex of the face's skin, after the points of the densest set."""
    limit_m = head.mean_m[sets["ict68"].vertices[[0, 16]], 2].mean() - 0.01
    face = np.flatnonzero((head.vertex_parts == 0) & (head.mean_m[:, 2] > limit_m))
    chosen = np.array(list(dict.fromkeys([*sets["dense703"].vertices.tolist(), *face.tolist()])))
    place = {int(vertex): row for row, vertex in enumerate(chosen)}
    mirror = np.array([place[int(head.mirror_vertices[vertex])] for vertex in chosen])
    return LandmarkSet("full_face", chosen, mirror)


def _always(assembly: Assembly, carded: CardedHead, named: dict[str, LandmarkSet], name: str) -> list[int]:
    """What is in a set whatever else is: both sides of everything, each vertex once."""
    head, skin, brows, all_ = carded.head, assembly.skin, carded.brows, name == "dense703"
    thin = slice(None) if all_ else slice(None, None, 2)
    contact, border = skin.lip_rings[LIP_CONTACT], skin.lip_rings[LIP_BORDER]
    eyes = assembly.starts["eyes"].start
    teeth = assembly.starts["teeth"].start
    ring = slice(None) if all_ else slice(None, None, 3)
    crowns = [1, 3, 5, 6, 7, 8, 10, 12] if all_ else [3, 6, 7, 10]
    columns = slice(None) if all_ else [0, 2, 4, 6, 8]
    pieces = [
        *(points.vertices for points in named.values()),
        *(side[columns] for side in (*brows.upper, *brows.lower)),
        *(side[[0, 2, 4, 6, 8] if all_ else [0, 4, 8]] for side in brows.middle),
        *(lids.edge[thin] for lids in assembly.lids),
        _from_left(contact, head)[thin],
        _from_left(border, head)[thin],
        _from_left(skin.lip_rings[LIP_MIDDLE], head)[::2] if all_ else [],
        *(eyes + iris[ring] for iris in assembly.eyes.iris_rings),
        eyes + np.array(assembly.eyes.pupils),
        teeth + assembly.dentition.upper_edges[crowns],
        teeth + assembly.dentition.lower_edges[crowns],
    ]
    found = [int(vertex) for piece in pieces for vertex in piece]
    return list(dict.fromkeys([*found, *(int(head.mirror_vertices[vertex]) for vertex in found)]))


def _from_left(ring: np.ndarray, head: Head) -> np.ndarray:
    """A ring around the mouth from the upper lip's middle on, so that every second vertex is symmetric."""
    middle = ring[head.mirror_vertices[ring] == ring]
    start = middle[head.mean_m[middle, 1].argmax()]
    return np.roll(ring, -int(np.flatnonzero(ring == start)[0]))


def _spread(head: Head, chosen: list[int], spacing: np.ndarray, size: int) -> list[int]:
    """More vertices, each the farthest from all others in units of its spacing, its partner with it."""
    chosen = list(chosen)
    middle = head.mirror_vertices == np.arange(head.vertex_count)
    points_m = head.mean_m
    nearest_m = np.full(head.vertex_count, np.inf)

    def take(vertex: int) -> None:
        np.minimum(nearest_m, np.linalg.norm(points_m - points_m[vertex], axis=1), out=nearest_m)

    for vertex in chosen:
        take(vertex)
    while len(chosen) < size:
        # A pair needs two places: an odd one goes to the midline.
        open_ = np.isfinite(spacing) & (middle if (size - len(chosen)) % 2 else True)
        score = np.where(open_, nearest_m / spacing, -1.0)
        best = int(score.argmax())
        for vertex in dict.fromkeys([best, int(head.mirror_vertices[best])]):
            chosen.append(vertex)
            take(vertex)
    return chosen


def _spacing(
    assembly: Assembly, carded: CardedHead, named: dict[str, LandmarkSet]
) -> Float[np.ndarray, " vertices"]:
    """(V,) wanted distance of points, relative; infinite where none may lie."""
    head = carded.head
    ict_m = head.mean_m[named["ict68"].vertices]
    features_m = ict_m[[*range(31, 36), *range(36, 68)]]
    at = head.mean_m

    def distance_m(others_m: np.ndarray) -> np.ndarray:
        return np.linalg.norm(at[:, None] - others_m[None], axis=2).min(axis=1)

    near = np.clip(distance_m(features_m) / 0.030, 0, 1)
    outline = np.clip(distance_m(head.mean_m[named["wflw98"].vertices[:33]]) / 0.015, 0, 1)
    spacing = 0.62 + 0.20 * near * outline
    beyond = np.clip((at[:, 1] - head.mean_m[carded.brows.upper[0]][:, 1].max() - 0.030) / 0.01, 0, 1)
    behind = np.clip((ict_m[[36, 45], 2].mean() - 0.055 - at[:, 2]) / 0.01, 0, 1)
    below = np.clip((ict_m[8, 1] - 0.012 - at[:, 1]) / 0.01, 0, 1)
    spacing = spacing + 1.3 * np.maximum(np.maximum(beyond, behind), below)
    ear = (np.abs(at[:, 0]) > np.abs(ict_m[[0, 16], 0]).max() + 0.002) & (at[:, 1] > ict_m[57, 1])
    spacing[ear] = 0.62
    spacing[~_seen(head)] = np.inf
    brows = np.concatenate([*carded.brows.upper, *carded.brows.lower, *carded.brows.middle])
    spacing[distance_m(head.mean_m[brows]) < UNDER_BROWS_M] = np.inf
    return spacing


def _seen(head: Head) -> Bool[np.ndarray, " vertices"]:
    """(V,) vertices of the skin that one sees from outside, on both sides."""
    solid = [part for part, name in enumerate(head.part_names) if name not in ("brows", "lashes")]
    opaque = np.isin(head.vertex_parts, solid)
    triangles = head.triangles[opaque[head.triangles].all(axis=1)]
    seen = np.zeros(head.vertex_count, bool)
    middle_m = (head.mean_m.max(axis=0) + head.mean_m.min(axis=0)) / 2
    scale = _VIEW_PX / 0.36
    for pitch, yaw in _VIEWS:
        turn = matrix_from_rotation_vector(np.array([pitch, 0.0, 0.0])) @ matrix_from_rotation_vector(
            np.array([0.0, yaw, 0.0])
        )
        turned_m = (head.mean_m - middle_m) @ turn.T
        points_px = turned_m[:, :2] * [scale, -scale] + _VIEW_PX / 2
        raster = rasterize(points_px, 1.0 - turned_m[:, 2], triangles, width_px=_VIEW_PX, height_px=_VIEW_PX)
        seen[triangles[np.unique(raster.triangle[raster.rows, raster.columns])]] = True
    return (seen | seen[head.mirror_vertices]) & (head.vertex_parts == 0)
