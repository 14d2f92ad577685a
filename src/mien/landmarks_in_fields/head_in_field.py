"""A head fitted to a field: to landmarks in it and in pictures of it, then to its surface."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import FitError, InputError
from mien.fields.protocol import Field
from mien.fields.rendering.picture import FieldPicture, render_field
from mien.fitting.context import Context
from mien.fitting.photo import judged
from mien.fitting.results import HeadFit
from mien.fitting.views import fit_landmark_views
from mien.geometry.normals import vertex_normals
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.landmarks_in_fields.predict import field_landmarks
from mien.landmarks_in_fields.surface_problem import HeadPriors, Pulls, SurfaceProblem
from mien.landmarks_in_fields.types import Landmarks3D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.progress import Progress, ProgressReport, silent

_LOOKS_DEG = ((0, 0), (25, 0), (-25, 0), (50, 0), (-50, 0), (0, 20), (0, -15))
"""Azimuth and elevation of the pictures that are taken of the field, about the face's own axes."""
_METRES = (0.7, 1.4)
"""A head's size over the usual between which a field's unit is taken for the metre."""
SOLVER = LevenbergMarquardt(max_iterations=8, relative_tolerance=1e-3)


@dataclass(frozen=True)
class FieldFitConfig:
    """How a head is fitted to a field."""

    size_px: int = 256
    """Side of the pictures that are taken of the field."""
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


@dataclass(frozen=True, eq=False)
class FieldFit:
    """A head in a field.

    Attributes:
        fits: one for each picture of the field in which the face was found, the front first: all with the
            same parameters, in the field's world, each with its own camera.
        pictures: these pictures, RGB.
        landmarks: the 68 points found in the field.
        surface_m: median distance of the face's skin from the field's surface; NaN where none was near.
    """

    fits: tuple[HeadFit, ...]
    pictures: tuple[UInt8[np.ndarray, "_ _ 3"], ...]
    landmarks: Landmarks3D
    surface_m: float

    @property
    def parameters(self) -> HeadParameters:
        """The head, in the field's world."""
        return self.fits[0].parameters


@checked_call
def fit_field(
    field: Field,
    *,
    landmarks: Landmarks3D | None = None,
    near: Float[np.ndarray, "3 4"] | None = None,
    config: FieldFitConfig | None = None,
    context: Context | None = None,
    report: ProgressReport = silent,
) -> FieldFit:
    """Fit a head to a field: who it is, their expression, where they are.

    >>> fitted = mien.fit_field(mien.load_field("anna.field"))
    >>> fitted.fits[0]                                  # a HeadFit as of a photo, seen from the front

    Args:
        field: in metres.
        landmarks: its landmarks, where they are known already (`field_landmarks`).
        near: where the head is believed to be, as there.
        config: pictures that are taken, and deviations.
        context: head, landmarker and settings.

    Raises:
        InputError: no head is found in the field, or its unit is not the metre.
        FitError: no head explains the pictures' landmarks.
    """
    config, context = config or FieldFitConfig(), context or Context()
    head = context.loaded_head
    report(Progress(0.0, 1.0, "landmarks in the field"))
    found = landmarks or field_landmarks(field, near=near)
    if not found.found:
        raise InputError(
            f"holds no head that a head could be fitted to (confidence {found.confidence:.2f}); look at it "
            "with mien field render",
            source="field",
        )
    size = float(np.cbrt(np.linalg.det(found.field_from_head[:, :3])))
    if not _METRES[0] < size < _METRES[1]:
        raise InputError(
            f"holds a head {size:.3g} times as large as people's: fields are fitted in metres", source="field"
        )
    seen: list[FieldPicture] = []
    for index, camera in enumerate(_cameras(found, config.size_px)):
        report(Progress(0.1 + 0.5 * index / len(_LOOKS_DEG), 1.0, "pictures of the field"))
        seen.append(render_field(field, camera, normals=True))
    faces = [_face_at(picture, found, context) for picture in seen]
    kept = [(picture, face) for picture, face in zip(seen, faces, strict=True) if face is not None]
    if not kept:
        raise FitError("no picture of the field shows a face that landmarks are found in")
    report(Progress(0.6, 1.0, "fit"))
    views = fit_landmark_views(
        [face for _, face in kept], [picture.camera for picture, _ in kept], same_moment=True, context=context
    )
    usable = [fit for fit in views.found if fit.iterations]
    if not usable:
        raise FitError(f"no head explains the pictures' landmarks ({views.reason or views.status.value})")
    report(Progress(0.8, 1.0, "surface"))
    parameters, surface_m = _on_surface(head, usable[0], seen, found, config)
    fits = [
        _seen_by(head, fit, parameters, picture.camera)
        for fit, (picture, _) in zip(views.fits, kept, strict=True)
        if fit is not None
    ]
    shown = [picture.rgb for fit, (picture, _) in zip(views.fits, kept, strict=True) if fit is not None]
    return FieldFit(tuple(fits), tuple(shown), found, surface_m)


def _cameras(found: Landmarks3D, size_px: int) -> list[Camera]:
    """Before the face and around it, 0.9 m away, so that the head fills most of the picture."""
    rotation, _ = np.linalg.qr(found.field_from_head[:, :3])
    rotation *= np.sign((rotation * found.field_from_head[:, :3]).sum(axis=0))
    side, up, front = rotation.T
    middle_m = found.points_m.mean(axis=0) - 0.03 * front
    out = []
    for azimuth, elevation in np.radians(_LOOKS_DEG):
        level = np.cos(azimuth) * front + np.sin(azimuth) * side
        outward = np.cos(elevation) * level + np.sin(elevation) * up
        right = np.cross(up, level)
        turn = np.stack([right, np.cross(right, outward), -outward])
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn, -turn @ (middle_m + 0.9 * outward)
        out.append(
            Camera.from_focal(2.4 * size_px, width_px=size_px, height_px=size_px, camera_from_world=pose)
        )
    return out


def _face_at(picture: FieldPicture, found: Landmarks3D, context: Context) -> Landmarks2D | None:
    """The face in a picture of the field, where the field's landmarks are."""
    faces = context.finder(picture.rgb)
    middle_px = picture.camera.project(found.points_m).mean(axis=0)
    near = [
        face
        for face in faces
        if np.linalg.norm(np.nanmean(face.points_px, axis=0) - middle_px) < face.radius_px
    ]
    return near[0] if near else None


def _seen_by(head: Head, fit: HeadFit, parameters: HeadParameters, camera: Camera) -> HeadFit:
    """The fit of one picture with other parameters."""
    vertices = head.landmark_set(fit.landmarks.set_name).vertices
    points_px = camera.project(head.vertices_m(parameters)[vertices])
    moved = replace(fit, parameters=parameters, residuals_px=points_px - fit.landmarks.points_px)
    return judged(moved, head)


def _on_surface(
    head: Head, fit: HeadFit, seen: list[FieldPicture], found: Landmarks3D, config: FieldFitConfig
) -> tuple[HeadParameters, float]:
    """The fit drawn onto the field's surface, and the median distance that is left."""
    from scipy.spatial import KDTree

    points_m, normals = _surface(seen)
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


def _surface(seen: list[FieldPicture]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
    """Points of the surface that the pictures see, not too slantingly, and their normals, world."""
    points, normals = [], []
    for picture in seen:
        assert picture.normals is not None
        camera = picture.camera
        rows, columns = np.nonzero(np.isfinite(picture.depth_m) & (picture.alpha > 0.9))
        rays = np.stack([columns, rows, np.ones_like(rows)], axis=1) @ np.linalg.inv(camera.intrinsics).T
        pose = camera.world_from_camera
        world_m = (rays * picture.depth_m[rows, columns, None]) @ pose[:3, :3].T + pose[:3, 3]
        own = picture.normals[rows, columns]
        facing = -(own * (rays @ pose[:3, :3].T)).sum(axis=1) / np.linalg.norm(rays, axis=1)
        points.append(world_m[facing > 0.4])
        normals.append(own[facing > 0.4])
    return np.concatenate(points), np.concatenate(normals)


def _face_vertices(head: Head, dense: Int[np.ndarray, " l"], near_m: float) -> Int[np.ndarray, " v"]:
    """Skin near the landmarks of the face, each part of the mesh once."""
    from scipy.spatial import KDTree

    skin = np.unique(head.triangles)
    if "skin" in head.part_names:
        skin = skin[head.vertex_parts[skin] == head.part_names.index("skin")]
    away_m, _ = KDTree(head.mean_m[dense]).query(head.mean_m[skin])
    return skin[away_m < near_m]
