"""How good pseudo-labels are, by the number of views and the detector's noise; nothing is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.heads.library import load_head
from mien.lifting.camera_space import LABEL_VIEWS_RAD, CameraSpace, label_cameras, many_label_cameras
from mien.lifting.pseudo_labels import lift_landmarks
from mien.lifting.visibility import ellipsoid_normals, visible_from
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.multi_view import random_head

VIEWS = (5, 9, 15, 25)
_SET = "wflw98"
_SIDE_PX = 224


@dataclass(frozen=True)
class LabelQuality:
    """Of labels from so many views.

    Attributes:
        views: how many; rms_px: residual per axis, pixels of 224² pictures.
        error_mm: mean distance from the truth; error_mm_95: what 95 % of the landmarks are below.
        unknown: share of landmarks that fewer than two views show.
    """

    views: int
    rms_px: float
    error_mm: float
    error_mm_95: float
    unknown: float


def study_labels(
    *, heads: int, noise_px: float, views: Sequence[int] = VIEWS, report: ProgressReport = silent
) -> list[LabelQuality]:
    """Lift exact landmarks with independent Gaussian noise on each axis."""
    head, space = load_head(), CameraSpace()
    vertices = head.landmark_set(_SET).vertices
    part = head.subset(vertices)
    template_m = head.mean_m[vertices]
    normals = ellipsoid_normals(template_m)
    found = []
    for count in views:
        few = count == len(LABEL_VIEWS_RAD)
        cameras = (
            label_cameras(space, size_px=_SIDE_PX)
            if few
            else many_label_cameras(space, count, size_px=_SIDE_PX)
        )
        counts = visible_from(template_m, normals, cameras)
        errors, squares = [], []
        for latent in reported(range(heads), report, label=f"{count} views"):
            parameters, _ = random_head(head, latent)
            true_m = part.vertices_m(parameters)
            seen = np.stack([camera.project(true_m) for camera in cameras])
            seen += np.random.default_rng([latent, count]).normal(0, noise_px, seen.shape)
            lifted = lift_landmarks(seen, counts, cameras)
            errors.append(1000 * np.linalg.norm(lifted.points_m - true_m, axis=1))
            squares.append(lifted.rms_px**2 / 2)
        error = np.stack(errors)
        found.append(
            LabelQuality(
                views=count,
                rms_px=float(np.sqrt(np.mean(squares))),
                error_mm=float(np.nanmean(error)),
                error_mm_95=float(np.nanquantile(error, 0.95)),
                unknown=float(np.isnan(error).mean()),
            )
        )
    return found
