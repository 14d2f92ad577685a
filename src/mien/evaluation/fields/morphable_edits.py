"""Whether an edit gives what it asks for, where it asks for it, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from mien.evaluation.fields.morphable_pictures import (
    over_white,
    rendered,
)
from mien.evaluation.fields.picture_similarity import psnr_db
from mien.fields.mesh_field import mesh_field
from mien.fields.rendering.picture import render_field
from mien.geometry.exact_closest_points import exact_closest_on_surface
from mien.heads.library import load_head
from mien.landmarks_in_fields.predict import FieldLandmarker
from mien.morphable_fields.driver_files import in_head_frame
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.head_surface import closed_mesh
from mien.morphable_fields.making import field_of
from mien.morphable_fields.models import MorphableModel
from mien.morphable_fields.operations import LandmarkMove, edit_face
from mien.synthetic.expressive_people.capture import camera_at
from mien.synthetic.expressive_people.pictures import ExpressivePeople

CHANGED = 0.04
"""Largest change of a channel, in [0, 1], from which on a pixel belongs to the edit."""
SURFACE_VIEWS_RAD = ((0.0, 0.0), (0.6, 0.1), (-0.6, 0.1))
SURFACE_PX = 96
FACE_RADIUS_M = 0.02
"""The face is what lies this near to a landmark."""
LOWER_FACE = tuple(range(3, 14)) + tuple(range(31, 36)) + tuple(range(48, 68))
LOWER_FACE_M = 0.025
MOUTH_MOVES = (
    LandmarkMove("mouth_corners", (3.0, 6.0, 0.0), radius_mm=15, symmetric=True),
    LandmarkMove("lower_lip", (0.0, -10.0, 0.0), radius_mm=20),
    LandmarkMove("mouth", (0.0, 0.0, 4.0), radius_mm=10),
)


@dataclass(frozen=True)
class EditFigures:
    """Of one edit against the true picture: the changed region and the rest of the head, decibels, edited
    and left alone."""

    region_db: float
    region_before_db: float
    rest_db: float
    rest_before_db: float


def measure_edit(model: MorphableModel, people: ExpressivePeople, index: int) -> EditFigures | None:
    """The face at rest is edited to have a true picture's landmarks; None where nothing changes in view."""
    true = MorphableFace.of_parameters(people.textures[people.person[index]], people.parameters(index))
    rest = true.neutral()
    edited = rest.with_landmarks(true.landmarks_m)
    camera, wanted = people.camera(index), over_white(people.rgba[index])
    before, after = rendered(model, rest, camera), rendered(model, edited, camera)
    inside = people.rgba[index][..., 3] > 127
    changed = (np.abs(after - before).max(axis=2) > CHANGED) & inside
    if changed.sum() < 50:
        return None
    left = inside & ~changed
    return EditFigures(
        psnr_db(after[changed], wanted[changed]),
        psnr_db(before[changed], wanted[changed]),
        psnr_db(after[left], wanted[left]),
        psnr_db(before[left], wanted[left]),
    )


def surface_error_mm(
    model: MorphableModel, face: MorphableFace, true_vertices_m: Float[np.ndarray, "vertices 3"]
) -> tuple[float, float]:
    """Distance of what pictures of a field show of a face from the true mesh: median and 95th percentile."""
    field = field_of(model, face)
    points = []
    for azimuth_rad, elevation_rad in SURFACE_VIEWS_RAD:
        camera = camera_at(azimuth_rad, elevation_rad, SURFACE_PX)
        depth_m = render_field(field, camera).depth_m
        rows, columns = np.nonzero(np.isfinite(depth_m))
        pixels = np.stack([columns, rows, np.ones_like(rows)], axis=1)
        local = pixels @ np.linalg.inv(camera.intrinsics).T * depth_m[rows, columns][:, None]
        pose = camera.world_from_camera
        points.append(local @ pose[:3, :3].T + pose[:3, 3])
    points_m = np.concatenate(points)
    gaps_m = np.linalg.norm(points_m[:, None] - face.landmarks_m, axis=2).min(axis=1)
    vertices_m, triangles = closed_mesh(load_head(), true_vertices_m)
    near = points_m[gaps_m < FACE_RADIUS_M]
    distances_mm = 1000 * exact_closest_on_surface(near, vertices_m, triangles).distances_m
    return float(np.median(distances_mm)), float(np.percentile(distances_mm, 95))


@dataclass(frozen=True)
class LandmarkFollowing:
    """Mean error of landmarks found in a generated field and in the true one, millimetres, whole face."""

    generated_mm: float
    true_mm: float


def landmark_following(
    model: MorphableModel,
    face: MorphableFace,
    true_vertices_m: Float[np.ndarray, "vertices 3"],
    true_landmarks_m: Float[np.ndarray, "68 3"],
    landmarker: FieldLandmarker,
) -> LandmarkFollowing | None:
    """What our landmark networks find in a field that was asked for landmarks; None where they find none."""
    vertices_m, triangles = closed_mesh(load_head(), true_vertices_m)
    generated = field_of(model, face)
    colors = _colors(generated, vertices_m)
    found = [landmarker(field) for field in (generated, mesh_field(vertices_m, triangles, colors))]
    if not all(each.found for each in found):
        return None
    errors = [1000 * np.linalg.norm(each.points_m - true_landmarks_m, axis=1).mean() for each in found]
    return LandmarkFollowing(float(errors[0]), float(errors[1]))


def _colors(field, vertices_m: np.ndarray) -> np.ndarray:
    import torch

    points = torch.from_numpy(vertices_m).float().to(field.device)
    along = points.new_tensor([0.0, 0.0, -1.0]).expand(len(points), 3)
    return field.density_and_color(points, along)[1].cpu().numpy().astype(float)


def loop_error_mm(
    face: MorphableFace, model: MorphableModel, landmarker: FieldLandmarker
) -> tuple[MorphableFace, float] | None:
    """FLNeRF's loop: landmarks found in a face's field, and the face that they mean; with the distance of
    its landmarks from those that were asked for."""
    found = landmarker(field_of(model, face))
    if not found.found:
        return None
    points_m = in_head_frame(found.points_m, found.field_from_head)
    again = MorphableFace.of_landmarks(face.texture, points_m)
    distance_mm = 1000 * np.linalg.norm(again.landmarks_m - face.landmarks_m, axis=1).mean()
    return again, float(distance_mm)


def spill(model: MorphableModel, face: MorphableFace, move: LandmarkMove, *, size_px: int = 128) -> float:
    """Mean change of pixels outside the lower face over that inside, for a move of the mouth."""
    camera = camera_at(0.3, 0.05, size_px)
    before = rendered(model, face, camera)
    after = rendered(model, edit_face(face, [move]), camera)
    inside = _lower_face(face, camera, size_px)
    seen = (before < 0.999).any(axis=2) | (after < 0.999).any(axis=2)
    change = np.abs(after - before).mean(axis=2)
    return float(change[seen & ~inside].mean() / change[inside].mean())


def _lower_face(face: MorphableFace, camera, size_px: int) -> Bool[np.ndarray, "h w"]:
    points_px = camera.project(face.landmarks_m[list(LOWER_FACE)])
    depth_m = camera.to_camera(face.landmarks_m).mean(axis=0)[2]
    reach_px = LOWER_FACE_M * camera.focal_px / depth_m
    y, x = np.mgrid[:size_px, :size_px]
    gaps = np.hypot(x[..., None] - points_px[:, 0], y[..., None] - points_px[:, 1]).min(axis=2)
    return gaps < reach_px


def seconds_of_pictures(model: MorphableModel, face: MorphableFace, *, size_px: int, runs: int = 3) -> float:
    """Median time from a changed face to its picture, field included."""
    camera, taken = camera_at(0.2, 0.05, size_px), []
    for run in range(runs + 1):
        changed = replace(face, expression=face.expression + 1e-3 * run)
        start = time.perf_counter()
        render_field(field_of(model, changed), camera)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken[1:]))
