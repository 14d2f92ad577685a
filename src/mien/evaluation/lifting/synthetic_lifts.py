"""Lifted landmarks on synthetic people that nobody trained on, beside fitted heads and the mean template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.evaluation.landmarks.synthetic_faces import ExactFace
from mien.evaluation.lifting.consistency import (
    WFLW_REGIONS,
    Consistency,
    consistency,
    face_sizes_px,
    vertex_candidates,
)
from mien.evaluation.lifting.shape_3d import Shapes3D, compare_shapes
from mien.fitting.photo import fit_landmarks
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.landmark_sets import conversion_indices
from mien.heads.library import load_head
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D
from mien.lifting.lifter import Lifter

SET = "wflw98"
_LIVELY = 1.5
"""Sum of expression weights from which a face counts as an expression."""
_COVERED = 0.15
"""Share of landmarks behind objects from which a face counts as occluded."""
YAWS_DEG = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 75), (75, 110))


@dataclass(frozen=True, eq=False)
class Found:
    """What a method says of one face.

    Attributes:
        points_px: (L, 2) its 2.5D landmarks; points_m: (L, 3) in a head's frame, None of 2D methods.
    """

    points_px: Float[np.ndarray, "landmarks 2"]
    points_m: Float[np.ndarray, "landmarks 3"] | None = None


Method = Callable[[ExactFace, Landmarks2D], Found | None]
"""An exact face, and a 2D network's landmarks of it, to what the method makes of it."""


def lifting_method(lifter: Lifter) -> Method:
    """The lifting network."""

    def lift(face: ExactFace, seen: Landmarks2D) -> Found:
        lifted = lifter(face.picture, seen)
        return Found(lifted.points_px, lifted.points_m)

    return lift


def template_method(lifter: Lifter, template_m: Float[np.ndarray, "landmarks 3"]) -> Method:
    """The mean template, placed by the lifting network's pose."""

    def place(face: ExactFace, seen: Landmarks2D) -> Found:
        lifted = lifter(face.picture, seen)
        crop_px = lifted.camera.project(template_m)
        return Found(lifted.region.to_picture(crop_px, lifted.camera.width_px), template_m)

    return place


def network_method() -> Method:
    """The 2D network's own landmarks."""

    def as_seen(face: ExactFace, seen: Landmarks2D) -> Found:
        return Found(np.asarray(seen.to(SET).points_px, float))

    return as_seen


def fit_method() -> Method:
    """A head fitted to the 2D network's landmarks, with the camera's true focal length."""
    head = load_head()
    vertices = head.landmark_set(SET).vertices
    part = head.subset(vertices)

    def fit(face: ExactFace, seen: Landmarks2D) -> Found | None:
        fitted = fit_landmarks(seen, face.camera)
        if not fitted.status.usable:
            return None
        points_m = part.vertices_m(fitted.parameters)
        return Found(fitted.camera.project(points_m), points_m)

    return fit


@dataclass(frozen=True, eq=False)
class TestFaces:
    """What is known of the test pictures.

    Attributes:
        yaw_deg, pitch_deg: (M,) of the faces; lively, covered: (M,) expression, occlusion.
        true_m: (M, L, 3) landmarks in the world of each; vertices_px: (M, V, 2) candidates' projections.
        sizes_px: (M,).
    """

    yaw_deg: Float[np.ndarray, " pictures"]
    pitch_deg: Float[np.ndarray, " pictures"]
    lively: Bool[np.ndarray, " pictures"]
    covered: Bool[np.ndarray, " pictures"]
    true_m: Float[np.ndarray, "pictures landmarks 3"]
    vertices_px: Float[np.ndarray, "pictures vertices 2"]
    sizes_px: Float[np.ndarray, " pictures"]

    def categories(self) -> dict[str, Bool[np.ndarray, " pictures"]]:
        """Columns of the paper's table besides regions."""
        yaw, pitch = np.abs(self.yaw_deg), np.abs(self.pitch_deg)
        atypical = (yaw >= 60) | (pitch >= 25)
        front = (yaw < 30) & ~atypical
        return {
            "front": front,
            "sided": ~front & ~atypical,
            "atypical": atypical,
            "expression": self.lively,
            "no expression": ~self.lively,
            "occluded": self.covered,
            "not occluded": ~self.covered,
        }

    def yaw_bands(self) -> dict[str, Bool[np.ndarray, " pictures"]]:
        """By how far the face is turned."""
        yaw = np.abs(self.yaw_deg)
        return {f"{low}–{high}°": (yaw >= low) & (yaw < high) for low, high in YAWS_DEG}


@dataclass(frozen=True, eq=False)
class MethodResult:
    """Errors of one method; shapes is None of 2D ones."""

    points: Consistency
    shapes: Shapes3D | None


def read_test_faces(faces: Sequence[ExactFace]) -> TestFaces:
    """Truth of the pictures, as NMLC and 3D errors need it."""
    head = load_head()
    candidates = vertex_candidates(head, SET)
    near, marks = head.subset(candidates.vertices), head.subset(head.landmark_set(SET).vertices)
    chosen = conversion_indices("dense703", SET)
    vertices_px, true_m, yaw, pitch, lively, covered = [], [], [], [], [], []
    for face in faces:
        vertices_px.append(face.camera.project(near.vertices_m(face.parameters)).astype(np.float32))
        true_m.append(marks.vertices_m(face.parameters))
        yaw.append(np.degrees(face.yaw_rad))
        turn = face.camera.camera_from_world[:3, :3] @ matrix_from_rotation_vector(
            face.parameters.root_rotation
        )
        pitch.append(np.degrees(np.arcsin(np.clip(-turn[1, 2], -1, 1))))
        lively.append(np.abs(face.parameters.expression).sum() > _LIVELY)
        covered.append((face.visibility[chosen] == 2).mean() > _COVERED)
    own_px = np.stack([face.points_px[chosen] for face in faces])
    return TestFaces(
        np.array(yaw), np.array(pitch), np.array(lively), np.array(covered),
        np.stack(true_m), np.stack(vertices_px), face_sizes_px(own_px),
    )  # fmt: skip


def seen_by_network(face: ExactFace, predictor: LandmarkPredictor) -> Landmarks2D:
    """A 2D network's landmarks, from the exact region and refined once: no method is helped by the search."""
    region = region_from_points(face.points_px, "dense703")
    first = predictor.glance(face.picture, region)
    return predictor(face.picture, region_from_points(first.points_px, first.set_name))


def measure_methods(
    faces: Iterable[ExactFace],
    truth: TestFaces,
    methods: dict[str, Method],
    *,
    predictor: LandmarkPredictor,
    template_m: Float[np.ndarray, "landmarks 3"],
) -> dict[str, MethodResult]:
    """Show every face to every method."""
    found: dict[str, list[Found | None]] = {name: [] for name in methods}
    for face in faces:
        seen = seen_by_network(face, predictor)
        for name, method in methods.items():
            found[name].append(method(face, seen))
    candidates = vertex_candidates(load_head(), SET)
    nothing_px, nothing_m = (
        np.full((len(candidates.own), 2), np.nan),
        np.full((len(candidates.own), 3), np.nan),
    )
    results = {}
    for name, each in found.items():
        points_px = np.stack([nothing_px if one is None else one.points_px for one in each])
        flat = all(one is None or one.points_m is None for one in each)
        points_m = np.stack(
            [nothing_m if one is None or one.points_m is None else one.points_m for one in each]
        )
        results[name] = MethodResult(
            consistency(points_px, truth.vertices_px.astype(float), truth.sizes_px, candidates),
            None if flat else compare_shapes(points_m, truth.true_m, template_m),
        )
    return results


def table_row(errors: Float[np.ndarray, "pictures landmarks"], truth: TestFaces) -> dict[str, float]:
    """The paper's table: by region over all pictures, by category over all landmarks; percent."""
    row = {"full": 100 * float(np.nanmean(errors))}
    for region, members in WFLW_REGIONS.items():
        row[region] = 100 * float(np.nanmean(errors[:, list(members)]))
    for name, chosen in truth.categories().items():
        row[name] = 100 * float(np.nanmean(errors[chosen])) if chosen.any() else float("nan")
    return row
