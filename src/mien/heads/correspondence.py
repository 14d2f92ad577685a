"""Landmark sets carried from one head to another by nearest surface points.

The source's mean is laid over the target: by nose, eyes and mouth of both heads' iBUG landmarks where the
target names them, else by their noses; then a similarity and the source's own identity weights are refined
together on closest points (point to plane, Gauss–Newton), so that the source takes the target's proportions.
Each landmark then goes to the closest point of the target's surface, kept as a vertex of its own that moves
with the triangle it lies on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.geometry.alignment import Similarity, align_similarity
from mien.geometry.closest_points import SurfacePoints, closest_on_surface
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head, LandmarkSet

RIGID_ROUNDS, SHAPE_ROUNDS = 15, 10

FACE_REACH_M = 0.085
"""Skin within this distance of the nose tip takes part in the alignment."""

SURFACE_STD_M, INDEPENDENT_POINTS = 0.0015, 300
"""Deviation of closest points, and how many of them count as independent against the identity prior."""

PLANE_SHARE = 0.1
"""Weight of the distance along the surface; a little of it keeps smooth regions from sliding."""

LANDMARK_PART = "landmarks"

FAR_M, FAR_INSIDE_M = 0.005, 0.002
"""A landmark that lies farther from the target's surface than this has no place on it: skin, and what is not
skin (teeth lie a few millimetres behind lips, which are nobody's teeth)."""


@dataclass(frozen=True, eq=False)
class Correspondence:
    """How landmarks were carried over.

    Attributes:
        head: the target with the source's landmark sets.
        distances_mm: per set, (L,) distance of each landmark from the target's surface after alignment. Large
            where the target lacks the part (eyeballs, teeth): such points are `LandmarkSet.missing`.
        alignment: target from source.
    """

    head: Head
    distances_mm: dict[str, Float[np.ndarray, " landmarks"]]
    alignment: Similarity


def with_landmark_sets(
    target: Head, source: Head, *, target_ibug68: Integer[np.ndarray, " 68"] | None = None
) -> Correspondence:
    """The target head with every landmark set of the source.

    Args:
        target_ibug68: the target's vertices of the iBUG landmarks, if its file does not name them.

    Raises:
        InputError: the two surfaces could not be laid over each other.
    """
    if target_ibug68 is None and "ibug68" in target.landmark_sets:
        target_ibug68 = target.landmark_sets["ibug68"].vertices
    placed_m, alignment = _laid_over(source, target, target_ibug68)

    chosen = np.unique(np.concatenate([s.vertices for s in source.landmark_sets.values()]))
    normals = vertex_normals(placed_m, source.triangles)
    found = closest_on_surface(
        placed_m[chosen], target.mean_m, target.triangles, query_normals=normals[chosen]
    )
    lacking = _lacking(source, target, chosen, found)
    place = {int(vertex): index for index, vertex in enumerate(chosen)}
    sets, distances = {}, {}
    for name, old in source.landmark_sets.items():
        indices = np.array([place[int(vertex)] for vertex in old.vertices])
        missing = np.flatnonzero(lacking[indices])
        sets[name] = LandmarkSet(name, target.vertex_count + indices, old.mirror, missing)
        distances[name] = 1000 * found.distances_m[indices]
    mirror = np.array([
        place.get(int(source.mirror_vertices[vertex]), index) for index, vertex in enumerate(chosen)
    ])  # fmt: skip
    head = _with_surface_points(target, found, mirror)
    return Correspondence(replace(head, landmark_sets=sets), distances, alignment)


def _lacking(source: Head, target: Head, chosen: np.ndarray, found: SurfacePoints) -> np.ndarray:
    """Which of the source's landmarks are on parts that the target lacks."""
    parts = np.array(source.part_names)[source.vertex_parts[chosen]]
    on_skin = np.isin(parts, ("skin", "brows"))
    far = found.distances_m > np.where(on_skin, FAR_M, FAR_INSIDE_M)
    corners = target.triangles[found.triangles]
    turning = np.einsum("nk,nkj->nj", found.barycentric, target.skinning_weights[corners][:, :, 2:])
    # An iris that cannot turn would turn the head in its place.
    still_eyes = (source.skinning_weights[chosen, 2:].sum(axis=1) > 0.5) & (turning.sum(axis=1) < 0.5)
    return far | still_eyes


def _laid_over(source: Head, target: Head, target_ibug68: np.ndarray | None) -> tuple[np.ndarray, Similarity]:
    """The source's vertices in the target's frame and proportions, and the similarity among them."""
    nose_m = source.mean_m[_nose(source.mean_m)]
    skin = (
        source.vertex_parts == source.part_names.index("skin")
        if "skin" in source.part_names
        else np.ones(source.vertex_count, bool)
    )
    face = np.flatnonzero(skin & (np.linalg.norm(source.mean_m - nose_m, axis=1) < FACE_REACH_M))
    if target_ibug68 is not None and "ibug68" in source.landmark_sets:
        # Nose, eyes and mouth are places. The jaw line slides along the surface from person to person, and
        # models put the brows on the brow or on the forehead.
        places = source.landmark_sets["ibug68"].vertices[27:]
        alignment = align_similarity(source.mean_m[places], target.mean_m[target_ibug68[27:]])
    else:
        shift_m = target.mean_m[_nose(target.mean_m)] - nose_m
        alignment = Similarity(1.0, np.eye(3), shift_m)

    identity = np.zeros(source.identity_count)
    for turn in range(RIGID_ROUNDS + SHAPE_ROUNDS):
        shape_m = source.rest_vertices_m(identity, np.zeros(source.expression_count))
        alignment, identity = _refined(
            source, target, shape_m, face, alignment, identity, free_shape=turn >= RIGID_ROUNDS
        )
    shape_m = source.rest_vertices_m(identity, np.zeros(source.expression_count))
    placed_m = alignment.apply(shape_m)
    if not np.isfinite(placed_m).all() or not 0.2 < alignment.scale < 5:
        raise InputError(
            "the surfaces could not be laid over each other; check that the head's axes are +y up and +z out "
            "of the face, or give its iBUG landmark vertices",
            source=target.name,
        )
    return placed_m, alignment


def _nose(vertices_m: np.ndarray) -> int:
    """The foremost vertex near the middle."""
    x = vertices_m[:, 0]
    middle, width = (x.min() + x.max()) / 2, x.max() - x.min()
    return int(np.argmax(np.where(np.abs(x - middle) < 0.1 * width, vertices_m[:, 2], -np.inf)))


def _refined(
    source: Head,
    target: Head,
    shape_m: np.ndarray,
    face: np.ndarray,
    alignment: Similarity,
    identity: np.ndarray,
    *,
    free_shape: bool,
) -> tuple[Similarity, np.ndarray]:
    """One Gauss–Newton step on closest points."""
    placed_m = alignment.apply(shape_m)
    normals = vertex_normals(placed_m, source.triangles)[face]
    points_m = placed_m[face]
    found = closest_on_surface(points_m, target.mean_m, target.triangles, query_normals=normals, neighbours=8)
    # Trimmed: what is missing on the target (eyes, ears, a hole) must not pull.
    keep = found.distances_m <= max(3 * float(np.median(found.distances_m)), 1e-4)
    points_m, offsets_m, kept = points_m[keep], (found.points_m - points_m)[keep], face[keep]
    corners_m = target.mean_m[target.triangles[found.triangles[keep]]]
    plane = np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0])
    plane /= np.maximum(np.linalg.norm(plane, axis=1, keepdims=True), 1e-30)

    centre_m = points_m.mean(axis=0)
    arms_m = points_m - centre_m
    motions = np.zeros((7, len(points_m), 3))
    for axis in range(3):
        motions[axis] = np.cross(np.eye(3)[axis], arms_m)
        motions[3 + axis, :, axis] = 1
    motions[6] = arms_m
    if free_shape:
        turned = source.identity_basis_m[:, kept] @ (alignment.scale * alignment.rotation.T)
        motions = np.concatenate([motions, turned])
    # The residual vectors: full along the target's normal, a little along its surface.
    metric = PLANE_SHARE * np.eye(3) + (1 - PLANE_SHARE) * plane[:, :, None] * plane[:, None, :]
    rows = np.einsum("kpc,pcd->kpd", motions, metric).reshape(len(motions), -1)
    wanted = np.einsum("pc,pcd->pd", offsets_m, metric).reshape(-1)
    strength = min(1.0, INDEPENDENT_POINTS / len(points_m)) / SURFACE_STD_M**2
    hessian, gradient = strength * rows @ rows.T, strength * rows @ wanted
    if free_shape:
        hessian[7:, 7:] += np.eye(len(identity))
        gradient[7:] -= identity
    hessian[np.diag_indices(7)] *= 1 + 1e-9
    step = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
    turn, grow = matrix_from_rotation_vector(step[:3]), float(np.exp(step[6]))
    moved = Similarity(
        alignment.scale * grow,
        turn @ alignment.rotation,
        grow * turn @ (alignment.translation - centre_m) + centre_m + step[3:6],
    )
    return moved, identity + step[7:] if free_shape else identity


def _with_surface_points(head: Head, found: SurfacePoints, mirror: np.ndarray) -> Head:
    """The head with further vertices, each fixed to a place on one of its triangles."""
    corners, weights = head.triangles[found.triangles], found.barycentric

    def grown(values: np.ndarray) -> np.ndarray:
        """Values per vertex (first axis), with those of the new ones after them."""
        return np.concatenate([values, np.einsum("nk,nk...->n...", weights, values[corners])])

    def grown_basis(basis: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(grown(basis.transpose(1, 0, 2)).transpose(1, 0, 2))

    count = len(mirror)
    return replace(
        head,
        mean_m=grown(head.mean_m),
        identity_basis_m=grown_basis(head.identity_basis_m),
        expression_basis_m=grown_basis(head.expression_basis_m),
        skinning_weights=grown(head.skinning_weights),
        part_names=(*head.part_names, LANDMARK_PART),
        vertex_parts=np.concatenate([head.vertex_parts, np.full(count, len(head.part_names), np.int32)]),
        mirror_vertices=np.concatenate([head.mirror_vertices, (head.vertex_count + mirror).astype(np.int32)]),
    )
