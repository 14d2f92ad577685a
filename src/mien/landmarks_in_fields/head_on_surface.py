"""A fitted head drawn onto the surface that pictures of a field show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from mien.fields.rendering.picture import FieldPicture
from mien.fitting.results import HeadFit
from mien.geometry.normals import vertex_normals
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks_in_fields.face_pictures import surface_of
from mien.landmarks_in_fields.surface_problem import HeadPriors, Pulls, SurfaceProblem
from mien.landmarks_in_fields.types import Landmarks3D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt

SOLVER = LevenbergMarquardt(max_iterations=8, relative_tolerance=1e-3)


@dataclass(frozen=True)
class SurfaceFitConfig:
    """How a head is drawn onto a surface."""

    rounds: int = 6
    """Of finding which point of the surface belongs to each of the face's vertices."""
    near_face_m: float = 0.018
    """Skin this near to a dense landmark is the face: it follows the surface."""
    reach_m: float = 0.006
    """A surface further from the skin belongs to something else, hair for example."""
    surface_sigma_m: float = 0.0015
    """Of the surface's points."""
    independent: int = 150
    """So many points of the surface err independently of each other."""
    robust_m: float = 0.003
    """From this distance on points of the surface count for less."""
    landmark_sigma_m: float = 0.002
    """Of the dense landmarks as the pictures tell them; neighbours err together."""
    points_sigma_m: float = 0.006
    """Of the 68 points found in the field, besides their own."""


def head_on_surface(
    head: Head,
    fit: HeadFit,
    seen: Sequence[FieldPicture],
    found: Landmarks3D,
    config: SurfaceFitConfig | None = None,
) -> tuple[HeadParameters, float]:
    """The fit drawn onto the field's surface, and the median distance that is left (NaN where none is near).

    Args:
        fit: of the pictures' landmarks; seen: the pictures, with normals; found: the landmarks found in the
            field; all in one world.
    """
    from scipy.spatial import KDTree

    config = config or SurfaceFitConfig()
    points_m, normals = surface_of(seen)
    dense = head.landmark_set(fit.landmarks.set_name).vertices
    few = head.landmark_set(found.set_name).vertices
    face = _face_vertices(head, dense, config.near_face_m)
    used, places = np.unique(np.concatenate([face, dense, few]), return_inverse=True)
    small = head.subset(used)
    face_at, dense_at, few_at = np.split(places, [len(face), len(face) + len(dense)])
    start = fit.parameters
    told_m = small.vertices_m(start)[dense_at]
    sigma_m = np.hypot(np.nan_to_num(found.sigma_m, nan=0.005), config.points_sigma_m)
    anchors = (
        Pulls(dense_at, told_m, None, _shared(len(dense_at), 60, config.landmark_sigma_m)),
        Pulls(few_at, found.points_m, None, np.sqrt(20 / len(few_at)) / sigma_m),
    )
    if not len(points_m):
        return start, float("nan")
    tree = KDTree(points_m)
    priors = HeadPriors()
    parameters, distance_m = start, np.array([np.nan])
    for _ in range(config.rounds):
        vertices_m = small.vertices_m(parameters)
        own = vertex_normals(head.vertices_m(parameters), head.triangles)[face]
        found_at = tree.query(vertices_m[face_at], distance_upper_bound=config.reach_m)
        away_m, nearest = np.asarray(found_at[0]), np.asarray(found_at[1])
        near = np.isfinite(away_m)
        near[near] = (own[near] * normals[nearest[near]]).sum(axis=1) > 0.5
        if near.sum() < 30:
            break
        target_m, target_normals = points_m[nearest[near]], normals[nearest[near]]
        off_m = np.abs(((vertices_m[face_at[near]] - target_m) * target_normals).sum(axis=1))
        distance_m = off_m
        weight = np.minimum(1.0, config.robust_m / np.maximum(off_m, 1e-9))
        precision = _shared(len(off_m), config.independent, config.surface_sigma_m) * np.sqrt(weight)
        surface = Pulls(face_at[near], target_m, target_normals, precision)
        problem = SurfaceProblem(small, _reset(parameters, start), (surface, *anchors), priors)
        x = np.zeros(problem.size)
        x[6 : 6 + head.identity_count] = parameters.identity - start.identity
        x[6 + head.identity_count :] = parameters.expression - start.expression
        parameters = problem.parameters(SOLVER.solve(problem, x).x)
    return parameters, float(np.median(distance_m))


def _reset(parameters: HeadParameters, start: HeadParameters) -> HeadParameters:
    """The present pose with the start's shape, about which the priors are."""
    return replace(parameters, identity=start.identity, expression=start.expression)


def _shared(count: int, independent: int, sigma_m: float) -> Float[np.ndarray, " count"]:
    """Precision of points that together say as much as some independent ones."""
    return np.full(count, min(1.0, np.sqrt(independent / max(count, 1))) / sigma_m)


def _face_vertices(head: Head, dense: Int[np.ndarray, " l"], near_m: float) -> Int[np.ndarray, " v"]:
    """Skin near the landmarks of the face, each part of the mesh once."""
    from scipy.spatial import KDTree

    skin = np.unique(head.triangles)
    if "skin" in head.part_names:
        skin = skin[head.vertex_parts[skin] == head.part_names.index("skin")]
    away_m, _ = KDTree(head.mean_m[dense]).query(head.mean_m[skin])
    return skin[away_m < near_m]
