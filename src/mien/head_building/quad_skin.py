"""The skin of our head: the head of MakeHuman's base mesh, cut at a loop of the neck, in quads.

MakeHuman's people, skins and hair carry over exactly, because each vertex is one of the base mesh's or lies
halfway between some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from mien.head_building.edge_loops import QuadEdges, split_strip
from mien.head_building.makehuman import MakeHuman, triangulated
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object

BODY_VERTICES = 13380
"""Vertices of the base mesh before its helper geometry."""

SKIN, MOUTH_INTERIOR, LEFT_SOCKET, RIGHT_SOCKET, UPPER_LIP, LOWER_LIP = range(6)
"""Labels of skin vertices; quads have the first four."""

MEAN_PERSON = {"ancestry": np.ones(3) / 3, "male": 0.5, "old": 0.2, "child": 0.0, "heavy": 0.0}

NECK_START = 809
"""Vertex of the base mesh in the middle of the front of the neck, whose loop the head is cut at."""
SOCKET_RINGS = 3
"""Rings of quads that continue the lids behind their margins."""


@dataclass(frozen=True)
class QuadSkin:
    """Our skin on the mean MakeHuman head.

    Attributes:
        quads: (Q, 4), counter-clockwise seen from outside.
        quad_labels: (Q,) SKIN, MOUTH_INTERIOR, LEFT_SOCKET or RIGHT_SOCKET; labels: (V,) of vertices.
        from_base: (V, B) sparse rows that make the vertices from the base mesh's.
        makehuman_uv: (Q, 4, 2) place of each corner on MakeHuman's skins.
        vertices: (V, 3) on the mean MakeHuman head, decimetres.
        mirror: (V,) left-right partners.
        nose_tip: the most forward vertex.
        left_lid_margins: loops of equal length around the left eye, from the lids' inner edge, where the
            socket begins, outwards; mirrored they are the right eye's.
        lip_rings: loops around the mouth from where its inside begins outwards.
        neck_loop: the border.
        joint_weights: (V, 2) skinning weights of neck and head.
    """

    quads: np.ndarray
    quad_labels: np.ndarray
    labels: np.ndarray
    from_base: sparse.csr_matrix
    makehuman_uv: np.ndarray
    vertices: np.ndarray
    mirror: np.ndarray
    nose_tip: int
    left_lid_margins: tuple[np.ndarray, ...]
    lip_rings: tuple[np.ndarray, ...]
    neck_loop: np.ndarray
    joint_weights: np.ndarray

    @property
    def triangles(self) -> np.ndarray:
        """(2 Q, 3) the quads cut in two."""
        return triangulated(self.quads)


def build_quad_skin(makehuman: MakeHuman) -> QuadSkin:
    """Cut the head out of the base mesh and lay more loops into the lips."""
    base = makehuman.base
    mean = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    body = (base.face_groups == "body") & (base.faces[:, 3] >= 0)
    quads, uv_quads = base.faces[body], base.face_uv[body]
    head = _above_loop(quads, QuadEdges(quads), mean)
    quads, uv_quads = quads[head], uv_quads[head]
    quad_labels = _labels_by_island(quads, uv_quads, mean, len(base.uv))
    keep = _without_deep_sockets(quads, quad_labels)
    quads, uv_quads, quad_labels = quads[keep], uv_quads[keep], quad_labels[keep]
    ties = sparse.csr_matrix(sparse.identity(len(base.vertices)))
    quads, makehuman_uv, quad_labels, ties = _finer_at_lips(quads, base.uv[uv_quads], quad_labels, ties)
    used, compact = np.unique(quads, return_inverse=True)
    quads = compact.reshape(-1, 4)
    from_base = ties[used]
    vertices = from_base @ mean
    mirror = _mirror_of(from_base @ base.vertices)
    edges = QuadEdges(quads)
    labels = _vertex_labels(makehuman, quads, quad_labels, from_base, vertices)
    outside = quad_labels == SKIN
    middle = mirror == np.arange(len(mirror))
    nose = np.flatnonzero(middle & (labels == SKIN) & (vertices[:, 1] > 6.79) & (vertices[:, 1] < 7.1))
    nose_tip = int(nose[vertices[nose, 2].argmax()])
    return QuadSkin(
        quads=quads,
        quad_labels=quad_labels,
        labels=labels,
        from_base=from_base,
        makehuman_uv=makehuman_uv,
        vertices=vertices,
        mirror=mirror,
        nose_tip=nose_tip,
        left_lid_margins=rings_around(edges, quad_labels == LEFT_SOCKET, outside, 9),
        lip_rings=rings_around(edges, quad_labels == MOUTH_INTERIOR, outside, 14),
        neck_loop=_border(edges),
        joint_weights=_joint_weights(makehuman, from_base),
    )


def _above_loop(quads: np.ndarray, edges: QuadEdges, vertices: np.ndarray) -> np.ndarray:
    """(Q,) quads on the head's side of the neck's loop."""
    beside = [
        v for v in np.unique(quads[(quads == NECK_START).any(axis=1)]) if vertices[v, 0] > 1e-6
    ]  # the loop leaves the middle to the left
    loops = [loop for v in beside if (loop := edges.loop_from(NECK_START, int(v))) is not None]
    assert loops, "the base mesh has a loop around the neck"
    wall = {tuple(sorted(pair)) for pair in zip(loops[0], loops[0][1:] + loops[0][:1], strict=True)}
    rows, columns = [], []
    for index, quad in enumerate(quads.tolist()):
        for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
            if tuple(sorted((a, b))) not in wall:
                for other in edges.quads_at(a, b):
                    rows.append(index)
                    columns.append(other)
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(quads),) * 2)
    _, label = connected_components(graph, directed=False)
    crown = int(vertices[quads].mean(axis=1)[:, 1].argmax())
    return label == label[crown]


def _labels_by_island(
    quads: np.ndarray, uv_quads: np.ndarray, vertices: np.ndarray, uv_count: int
) -> np.ndarray:
    """(Q,) labels: mouth and eye sockets are islands of their own in MakeHuman's texture."""
    ends = np.concatenate([uv_quads[:, [k, (k + 1) % 4]] for k in range(4)])
    graph = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(uv_count,) * 2)
    island = connected_components(graph, directed=False)[1][uv_quads[:, 0]]
    labels = np.full(len(quads), SKIN)
    for number in np.unique(island):
        members = island == number
        low, high = vertices[quads[members]].min(axis=(0, 1)), vertices[quads[members]].max(axis=(0, 1))
        if high[1] < 7.2 and low[2] > 0.4:
            labels[members] = MOUTH_INTERIOR
        elif low[0] > 0:
            labels[members] = LEFT_SOCKET
        elif high[0] < 0:
            labels[members] = RIGHT_SOCKET
    return labels


def _without_deep_sockets(quads: np.ndarray, quad_labels: np.ndarray) -> np.ndarray:
    """(Q,) all but what lies deep behind the lids, where the eyeball hides it."""
    keep = (quad_labels != LEFT_SOCKET) & (quad_labels != RIGHT_SOCKET)
    for label in (LEFT_SOCKET, RIGHT_SOCKET):
        reached = set(np.unique(quads[keep & (quad_labels == SKIN)]).tolist())
        for _ in range(SOCKET_RINGS):
            touching = (quad_labels == label) & np.isin(quads, list(reached)).any(axis=1)
            keep |= touching
            reached |= set(np.unique(quads[touching]).tolist())
    return keep


def _finer_at_lips(
    quads: np.ndarray, corner_uv: np.ndarray, quad_labels: np.ndarray, ties: sparse.csr_matrix
) -> tuple[np.ndarray, np.ndarray, np.ndarray, sparse.csr_matrix]:
    """Loops in between where lips roll."""
    values = np.concatenate([corner_uv, np.repeat(quad_labels[:, None, None], 4, axis=1)], axis=2)
    for strip in (1, 3, 5):
        labels = values[:, 0, 2].astype(int)
        rings = rings_around(QuadEdges(quads), labels == MOUTH_INTERIOR, labels == SKIN, strip + 1)
        quads, values, ties = split_strip(
            quads, values, ties, rings[strip - 1].tolist(), rings[strip].tolist()
        )
    return quads, values[..., :2], values[:, 0, 2].astype(int), ties


def rings_around(
    edges: QuadEdges, inner: np.ndarray, outside: np.ndarray, count: int
) -> tuple[np.ndarray, ...]:
    """The border of a set of quads and the loops beside it, outwards, one after another.

    Args:
        inner: (Q,) the set; outside: (Q,) the quads to go over.
    """
    rings = [edges.border_between(inner)]
    free = outside.copy()
    while len(rings) < count:
        strip = [
            index
            for a, b in zip(rings[-1], rings[-1][1:] + rings[-1][:1], strict=True)
            for index in edges.quads_at(a, b)
        ]
        rings.append(edges.ring_beside(rings[-1], free))
        free[strip] = False
    return tuple(np.array(ring) for ring in rings)


def _border(edges: QuadEdges) -> np.ndarray:
    """The neck's border in order: the open loop that is the lowest."""
    following = {}
    for quad in edges.quads.tolist():
        for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
            if len(edges.quads_at(a, b)) == 1:
                following[a] = b
    loops = []
    while following:
        loop = [next(iter(following))]
        while (after := following.pop(loop[-1])) != loop[0]:
            loop.append(after)
        loops.append(loop)
    return np.array(max(loops, key=len))


def _mirror_of(symmetric: np.ndarray) -> np.ndarray:
    partner = np.array(KDTree(symmetric, leafsize=16).query(symmetric * [-1, 1, 1])[1])
    assert (partner[partner] == np.arange(len(partner))).all(), "the base mesh is its own mirror image"
    return partner


def _vertex_labels(
    makehuman: MakeHuman,
    quads: np.ndarray,
    quad_labels: np.ndarray,
    from_base: sparse.csr_matrix,
    vertices: np.ndarray,
) -> np.ndarray:
    """(V,) vertices that the skin shares with an interior are the skin's; lips are told by who moves."""
    labels = np.full(len(vertices), SKIN)
    for label in (MOUTH_INTERIOR, LEFT_SOCKET, RIGHT_SOCKET):
        labels[quads[quad_labels == label]] = label
    labels[quads[quad_labels == SKIN]] = SKIN
    opening = (
        makehuman.base_vertices({"expression/units/caucasian/mouth-open": 1.0}) - makehuman.base.vertices
    )
    moved = np.linalg.norm(from_base @ opening, axis=1)
    middle_of_lips = np.array([0.0, 6.63, 1.38])
    near = (labels == SKIN) & (np.linalg.norm((vertices - middle_of_lips) * [0.8, 1, 0.5], axis=1) < 0.30)
    lower_middle = np.argmin(np.linalg.norm(vertices - [0.0, 6.516, 1.45], axis=1) + (labels != SKIN))
    full = moved[lower_middle]
    labels[near & (moved < 0.30 * full)] = UPPER_LIP
    labels[near & (moved > 0.62 * full)] = LOWER_LIP
    return labels


def _joint_weights(makehuman: MakeHuman, from_base: sparse.csr_matrix) -> np.ndarray:
    path = makehuman.folder / "default_weights.mhw"
    bones = FileValues(read_json_object(path), source=path, remedy="make the assets anew").inner("weights")
    body_bones = (
        "spine", "clavicle", "shoulder", "breast", "upperarm", "lowerarm", "pelvis", "root", "upperleg",
    )  # fmt: skip
    weights = np.zeros((len(makehuman.base.vertices), 3))
    for name in bones:
        column = 0 if name.startswith("neck") else 2 if name.startswith(body_bones) else 1
        for vertex, weight in bones.array(name, f"entries_{name} 2", low=0, high=len(weights) - 1):
            weights[int(vertex), column] += weight
    ours = np.asarray(from_base @ weights)
    return (ours / np.maximum(ours.sum(axis=1, keepdims=True), 1e-9))[:, :2]
