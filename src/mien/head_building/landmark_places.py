"""The landmark sets on our mesh: where version 1 of the head had them.

The shipped networks learned the points of version 1's dense sets. Each of these lies on a vertex of
MakeHuman's base mesh or halfway between two, and so has its place on our skin too. Where no vertex of ours is
there, the landmark gets one of its own, between others and in no face.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.head_building.assembly import Assembly
from mien.head_building.cards import CardedHead
from mien.head_building.version1 import TABLE
from mien.heads.model import Head, LandmarkSet, PersonalShape

_SETS = ("ict68", "ibug68", "wflw98", "dense320", "dense703")
_SKIN, _LEFT_EYE, _RIGHT_EYE, _UPPER_TEETH, _LOWER_TEETH = range(5)
_SMALLEST_SHARE = 0.6
"""Of a base vertex that a vertex of ours must hold to stand for it; the lips' own loops hold half."""


@dataclass(frozen=True)
class PlacedLandmarks:
    """Landmark sets, and the points between vertices that they need.

    Attributes:
        points: (P, 2) pairs of vertices that each new point lies halfway between; they follow the mesh's own.
        mirror: (P,) each point's partner among them.
        sets: by name, of vertices and points.
        places: (N,) vertices and points at all places of version 1's table.
    """

    points: np.ndarray
    mirror: np.ndarray
    sets: dict[str, LandmarkSet]
    places: np.ndarray


def place_landmark_sets(assembly: Assembly, carded: CardedHead) -> PlacedLandmarks:
    """All landmark sets on a head with brows."""
    head = carded.head
    with np.load(TABLE) as file:
        table = dict(file)
    count, mirror = head.vertex_count, head.mirror_vertices
    ours = _OurVertices.of(assembly)
    vertices = np.empty(len(table["places"]), int)
    new: dict[tuple[int, int], int] = {}
    for row, (kind, first, second) in enumerate(table["places"].tolist()):
        if kind == _SKIN:
            pair = tuple(sorted((ours.skin(first), ours.skin(second))))
            if pair[0] == pair[1]:
                vertices[row] = pair[0]
                continue
            for ends in (pair, tuple(sorted(int(mirror[end]) for end in pair))):
                new.setdefault(ends, count + len(new))
            vertices[row] = new[pair]
        elif kind in (_LEFT_EYE, _RIGHT_EYE):
            vertices[row] = ours.eye(kind == _RIGHT_EYE, first)
        else:
            vertices[row] = ours.tooth(kind == _LOWER_TEETH, first)
    points = np.array(list(new), dtype=int).reshape(-1, 2)
    partner = np.array([new[tuple(sorted(mirror[pair].tolist()))] - count for pair in points], dtype=int)
    sets = {
        name: LandmarkSet(name, vertices[table[f"set_{name}"]], table[f"mirror_{name}"].astype(np.int64))
        for name in _SETS
    }
    # Brows lie on the hair that one sees and move with it, not with the skin below.
    sets["ibug68"].vertices[17:27] = carded.ibug_brows
    sets["wflw98"].vertices[33:51] = carded.wflw_brows
    sets["full_face"] = _full_face(head, vertices[table["set_ict68"]], sets["dense703"], points, partner)
    return PlacedLandmarks(points, partner, sets, vertices)


def _full_face(
    head: Head, ict68: np.ndarray, dense: LandmarkSet, points: np.ndarray, partner: np.ndarray
) -> LandmarkSet:
    """Every vertex of the face's skin, and the points of the densest set."""
    whole = np.concatenate([head.mirror_vertices, head.vertex_count + partner])
    places_m = np.concatenate([head.mean_m, head.mean_m[points].mean(axis=1)])
    limit_m = places_m[ict68[[0, 16]], 2].mean() - 0.01
    face = np.flatnonzero((head.vertex_parts == 0) & (head.mean_m[:, 2] > limit_m))
    chosen = np.array(list(dict.fromkeys([*dense.vertices.tolist(), *face.tolist()])))
    place = {int(vertex): i for i, vertex in enumerate(chosen)}
    return LandmarkSet("full_face", chosen, np.array([place[int(whole[vertex])] for vertex in chosen]))


def with_landmarks(head: Head, landmarks: PlacedLandmarks) -> Head:
    """The head with its landmark sets, and those points that lie between vertices as vertices of no face."""
    pairs = landmarks.points

    def grown(values: np.ndarray, axis: int = 0) -> np.ndarray:
        first, second = np.take(values, pairs[:, 0], axis=axis), np.take(values, pairs[:, 1], axis=axis)
        return np.concatenate([values, (first + second) / 2], axis=axis)

    personal = []
    for one in head.personal_shapes:
        dense = np.zeros((head.identity_count, head.vertex_count, 3))
        dense[:, one.vertices] = one.identity_m
        dense = grown(dense, axis=1)
        moves = np.flatnonzero(np.abs(dense).max(axis=(0, 2)) > 0)
        personal.append(PersonalShape(one.shape, moves, dense[:, moves]))
    return replace(
        head,
        mean_m=grown(head.mean_m),
        identity_basis_m=grown(head.identity_basis_m, axis=1),
        expression_basis_m=grown(head.expression_basis_m, axis=1),
        skinning_weights=grown(head.skinning_weights),
        vertex_parts=np.concatenate([head.vertex_parts, head.vertex_parts[pairs].min(axis=1)]),
        mirror_vertices=np.concatenate([head.mirror_vertices, head.vertex_count + landmarks.mirror]),
        landmark_sets=landmarks.sets,
        personal_shapes=tuple(personal),
    )


@dataclass(frozen=True)
class _OurVertices:
    """Our vertices for places that version 1 named."""

    assembly: Assembly
    by_base: dict[int, int]
    base_units: np.ndarray

    @staticmethod
    def of(assembly: Assembly) -> _OurVertices:
        ties = assembly.skin.from_base.tocoo()
        whole = ties.data > _SMALLEST_SHARE
        by_base = dict(zip(ties.col[whole].tolist(), ties.row[whole].tolist(), strict=True))
        return _OurVertices(assembly, by_base, assembly.base_mean)

    def skin(self, base_vertex: int) -> int:
        """The vertex of ours, or for what we left out behind the lids the nearest."""
        if base_vertex not in self.by_base:
            skin = self.assembly.skin
            distance = np.linalg.norm(skin.vertices - self.base_units[base_vertex], axis=1)
            self.by_base[base_vertex] = int(distance.argmin())
        return self.by_base[base_vertex]

    def eye(self, right: bool, place: int) -> int:
        """A vertex of the iris' rim, or with -1 the pupil's middle. Version 1's ring started at +x on both
        sides; ours starts at the subject's left on the left and is its mirror image on the right."""
        eyes, start = self.assembly.eyes, self.assembly.starts["eyes"].start
        if place < 0:
            return start + eyes.pupils[int(right)]
        ring = eyes.iris_rings[int(right)]
        return start + int(ring[(12 - place) % 24 if right else place])

    def tooth(self, lower: bool, number: int) -> int:
        """The middle of a crown's biting edge, counted from the subject's left."""
        dentition, start = self.assembly.dentition, self.assembly.starts["teeth"].start
        return start + int((dentition.lower_edges if lower else dentition.upper_edges)[number])
