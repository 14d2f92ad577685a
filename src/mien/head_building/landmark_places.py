"""The landmark sets on our mesh: where version 1 of the head had them.

The shipped networks learned the points of version 1's dense sets. Both versions lie on ICT-FaceKit's neutral
face, so each point of the old skin has its place on the new one there. Landmarks lie between vertices,
therefore, and get vertices of their own, which belong to no face and follow those of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.geometry.closest_points import closest_on_surface
from mien.head_building.assembly import Assembly
from mien.head_building.cards import CardedHead
from mien.head_building.makehuman import triangulated
from mien.head_building.quad_skin import LOWER_LIP, SKIN, UPPER_LIP
from mien.head_building.version1 import TABLE
from mien.heads.model import Head, LandmarkSet, PersonalShape

_SETS = ("ict68", "ibug68", "wflw98", "dense320", "dense703")
_ON_SKIN, _LEFT_EYE, _RIGHT_EYE, _UPPER_TEETH, _LOWER_TEETH = range(5)
INSIDE_M = 0.003
"""A place farther than this from our skin is not on it: deep in the nose, behind the lids, where version 1
had skin and landmarks that nobody sees, and below the neck's border. It follows the skin all around. The
insides of lips stay with their own lip."""
INSIDE_LIPS_M = 0.008
AROUND = 12
_OTHER_LIP = {UPPER_LIP: LOWER_LIP, LOWER_LIP: UPPER_LIP}


@dataclass(frozen=True)
class LandmarkPoints:
    """Points of the surface, between its vertices.

    Attributes:
        corners, weights: (P, K) each point as a weighted mean of vertices, symmetric ones on the midline.
        mirror: (P,) each point's left-right partner.
        parts: (P,) indices into `PARTS`: what version 1 had there.
    """

    corners: np.ndarray
    weights: np.ndarray
    mirror: np.ndarray
    parts: np.ndarray

    def after(self, values: np.ndarray, axis: int = 0) -> np.ndarray:
        """What vertices have, followed by what the points have."""
        values = np.moveaxis(values, axis, 0)
        own = np.einsum("pk,pk...->p...", self.weights, values[self.corners])
        return np.moveaxis(np.concatenate([values, own]), 0, axis)


@dataclass(frozen=True)
class PlacedLandmarks:
    """Landmark sets, and the points between vertices that they need.

    Attributes:
        points: they come after the mesh's own vertices.
        sets: by name, of vertices and points.
        places: (N,) vertices and points at all places of version 1's table.
    """

    points: LandmarkPoints
    sets: dict[str, LandmarkSet]
    places: np.ndarray


def place_landmark_sets(assembly: Assembly, carded: CardedHead) -> PlacedLandmarks:
    """All landmark sets on a head with brows."""
    head = carded.head
    with np.load(TABLE) as file:
        table = dict(file)
    points, vertices = _placed(assembly, table, head.vertex_count)
    sets = {
        name: LandmarkSet(name, vertices[table[f"set_{name}"]], table[f"mirror_{name}"].astype(np.int64))
        for name in _SETS
    }
    # Brows lie on the hair that one sees and move with it, not with the skin below.
    sets["ibug68"].vertices[17:27] = carded.ibug_brows
    sets["wflw98"].vertices[33:51] = carded.wflw_brows
    sets["full_face"] = _full_face(head, vertices[table["set_ict68"]], sets["dense703"], points)
    return PlacedLandmarks(points, sets, vertices)


def landmark_points(assembly: Assembly, vertex_count: int) -> LandmarkPoints:
    """The points of all landmarks on a head of so many vertices (with brows, without points)."""
    with np.load(TABLE) as file:
        return _placed(assembly, dict(file), vertex_count)[0]


def _placed(
    assembly: Assembly, table: dict[str, np.ndarray], vertex_count: int
) -> tuple[LandmarkPoints, np.ndarray]:
    """The points, and (N,) the vertex or point at each of version 1's places."""
    kinds, first = table["places"][:, 0], table["places"][:, 1]
    vertices = np.full(len(kinds), -1)
    partner = _partners(table["on_ict_m"])
    left_or_middle = np.flatnonzero((kinds == _ON_SKIN) & (np.arange(len(kinds)) <= partner))
    found = _on_skin(assembly, table, left_or_middle)
    mirror = assembly.skin.mirror
    corners, weights, own_partner, parts = [], [], [], []
    skin_m = assembly.on_ict.registration.vertices_m
    for row, (own, share) in zip(left_or_middle.tolist(), found, strict=True):
        place = len(corners)
        off_m = np.linalg.norm(share @ skin_m[own] - table["on_ict_m"][row])
        if off_m > (INSIDE_LIPS_M if table["labels"][row] in _OTHER_LIP else INSIDE_M):
            own, share = _from_around(skin_m, table["on_ict_m"][row].astype(float))
        own, share = np.resize(own, AROUND), np.pad(share, (0, AROUND - len(share)))
        vertices[row] = vertex_count + place
        if partner[row] == row:
            corners.append([*own, *mirror[own]])
            weights.append([*(share / 2), *(share / 2)])
            own_partner.append(place)
            parts.append(table["parts"][row])
            continue
        vertices[partner[row]] = vertex_count + place + 1
        for side in (own, mirror[own]):
            corners.append([*side, *side])
            weights.append([*share, *np.zeros(AROUND)])
        own_partner += [place + 1, place]
        parts += [table["parts"][row], table["parts"][partner[row]]]
    for row in np.flatnonzero(kinds != _ON_SKIN):
        vertices[row] = _on_part(assembly, int(kinds[row]), int(first[row]), table["on_ict_m"][row])
    # Version 1's first three parts are the first three still.
    arrays = (np.array(each) for each in (corners, weights, own_partner, parts))
    return LandmarkPoints(*arrays), vertices


def _partners(places_m: np.ndarray) -> np.ndarray:
    """(N,) the place on the other side of each; the table is symmetric."""
    from scipy.spatial import KDTree

    partner = np.array(KDTree(places_m).query(places_m * [-1, 1, 1])[1])
    assert (partner[partner] == np.arange(len(partner))).all(), "version 1's places are symmetric"
    return partner


def _on_skin(
    assembly: Assembly, table: dict[str, np.ndarray], rows: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For some places the triangle of our skin that each lies on, and its place in it."""
    skin, skin_m = assembly.skin, assembly.on_ict.registration.vertices_m
    triangles = triangulated(skin.quads)
    of_quad = triangulated(np.repeat(skin.quad_labels[:, None], 4, axis=1))[:, 0]
    labels = table["labels"][rows]
    result: list[tuple[np.ndarray, np.ndarray] | None] = [None] * len(rows)
    for label in np.unique(labels):
        inside = label if label not in (SKIN, UPPER_LIP, LOWER_LIP) else SKIN
        allowed = of_quad == inside
        if label in _OTHER_LIP:
            allowed &= (skin.labels[triangles] != _OTHER_LIP[label]).all(axis=1)
        members = np.flatnonzero(labels == label)
        own = rows[members]
        # What lies behind the lids has another shape now: its direction tells nothing.
        normals = table["normals"][own].astype(float) if inside == SKIN else None
        found = closest_on_surface(
            table["on_ict_m"][own].astype(float), skin_m, triangles[allowed], query_normals=normals
        )
        for member, triangle, share in zip(members, found.triangles, found.barycentric, strict=True):
            result[member] = (triangles[allowed][triangle], share)
    return [each for each in result if each is not None]


def _from_around(skin_m: np.ndarray, place_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices in all directions from a place, and the smallest weights whose mean it is."""
    ring = 2 * np.pi * np.arange(5) / 5
    low, high = np.cos(np.arctan(0.5)), np.sin(np.arctan(0.5))
    directions = [[0, 1, 0], [0, -1, 0]]
    directions += [[low * np.sin(a), high, low * np.cos(a)] for a in ring]
    directions += [[low * np.sin(a + np.pi / 5), -high, low * np.cos(a + np.pi / 5)] for a in ring]
    away_m = skin_m - place_m
    along = (away_m / np.linalg.norm(away_m, axis=1, keepdims=True)) @ np.array(directions).T
    chosen = np.unique(along.argmax(axis=0))
    constraints = np.column_stack([skin_m[chosen], np.ones(len(chosen))]).T
    return chosen, np.linalg.pinv(constraints) @ np.append(place_m, 1.0)


def _on_part(assembly: Assembly, kind: int, number: int, place_m: np.ndarray) -> int:
    """The vertex of an iris or a tooth.

    Irises' rims and pupils are named; version 1's ring of 24 started at +x on both sides, ours starts at the
    subject's left on the left and is its mirror image on the right. On teeth the nearest vertex counts.
    """
    if kind in (_LEFT_EYE, _RIGHT_EYE):
        eyes, start, right = assembly.eyes, assembly.starts["eyes"].start, kind == _RIGHT_EYE
        if number < 0:
            return start + eyes.pupils[int(right)]
        return start + int(eyes.iris_rings[int(right)][(12 - number) % 24 if right else number])
    teeth, start = assembly.dentition, assembly.starts["teeth"].start
    distance_m = np.linalg.norm(assembly.mesh.vertices[assembly.starts["teeth"]] - place_m, axis=1)
    row = teeth.lower_edges if kind == _LOWER_TEETH else teeth.upper_edges
    same = teeth.mesh.parts == teeth.mesh.parts[row[0]]
    return start + int(np.where(same, distance_m, np.inf).argmin())


def _full_face(head: Head, ict68: np.ndarray, dense: LandmarkSet, points: LandmarkPoints) -> LandmarkSet:
    """Every vertex of the face's skin, and the points of the densest set."""
    whole = np.concatenate([head.mirror_vertices, head.vertex_count + points.mirror])
    limit_m = points.after(head.mean_m)[ict68[[0, 16]], 2].mean() - 0.01
    face = np.flatnonzero((head.vertex_parts == 0) & (head.mean_m[:, 2] > limit_m))
    chosen = np.array(list(dict.fromkeys([*dense.vertices.tolist(), *face.tolist()])))
    place = {int(vertex): i for i, vertex in enumerate(chosen)}
    return LandmarkSet("full_face", chosen, np.array([place[int(whole[vertex])] for vertex in chosen]))


def with_landmarks(head: Head, landmarks: PlacedLandmarks) -> Head:
    """The head with its landmark sets, and those points that lie between vertices as vertices of no face."""
    points = landmarks.points
    personal = []
    for one in head.personal_shapes:
        dense = np.zeros((head.identity_count, head.vertex_count, 3))
        dense[:, one.vertices] = one.identity_m
        dense = points.after(dense, axis=1)
        moves = np.flatnonzero(np.abs(dense).max(axis=(0, 2)) > 0)
        personal.append(PersonalShape(one.shape, moves, dense[:, moves]))
    return replace(
        head,
        mean_m=points.after(head.mean_m),
        identity_basis_m=points.after(head.identity_basis_m, axis=1),
        expression_basis_m=points.after(head.expression_basis_m, axis=1),
        # Smallest weights from all around may be negative; of joints' shares that has no meaning.
        skinning_weights=np.clip(points.after(head.skinning_weights), 0, 1),
        vertex_parts=np.concatenate([head.vertex_parts, points.parts]),
        mirror_vertices=np.concatenate([head.mirror_vertices, head.vertex_count + points.mirror]),
        landmark_sets=landmarks.sets,
        personal_shapes=tuple(personal),
    )
