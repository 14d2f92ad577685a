"""3D landmarks that explain 2D ones in several views: masked reprojection, made small (FaceLift, §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.cameras import Camera
from mien.errors import ShapeError
from mien.landmarks.triangulation import triangulate
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.robust import robust_cost, robust_weights
from mien.least_squares.solution import Status

ROBUST_DEVIATIONS = 2.0
"""Residuals beyond so many standard deviations lose weight (Huber)."""
FEWEST_VIEWS = 2


@dataclass(frozen=True, eq=False)
class LiftedLandmarks:
    """Landmarks of one head.

    Attributes:
        points_m: (L, 3) in the cameras' world; NaN for what fewer than two views show.
        residual_px: (L,) root-mean-square distance between detections and projections, over the views that
            count; NaN likewise.
        views: (L,) how many views count.
        status: how the solver ended.
    """

    points_m: Float[np.ndarray, "landmarks 3"]
    residual_px: Float[np.ndarray, " landmarks"]
    views: Int[np.ndarray, " landmarks"]
    status: Status

    @property
    def rms_px(self) -> float:
        """Over all landmarks and views that count; NaN when there are none."""
        weights = self.views * np.isfinite(self.residual_px)
        if not weights.any():
            return float("nan")
        return float(np.sqrt((weights * np.nan_to_num(self.residual_px) ** 2).sum() / weights.sum()))


def lift_landmarks(
    points_px: Float[np.ndarray, "views landmarks 2"],
    counts: Bool[np.ndarray, "views landmarks"],
    cameras: Sequence[Camera],
    *,
    sigma_px: Float[np.ndarray, "views landmarks"] | float = 1.0,
) -> LiftedLandmarks:
    """Lift one head's landmarks: linear triangulation, then robust Levenberg–Marquardt.

    Args:
        points_px: 2D landmarks in each view; NaN where there are none.
        counts: which of them count: what a view shows well (`visible_from`).
        sigma_px: their standard deviations.

    Raises:
        ShapeError: there are as many cameras as views, and masks of the points' shape, or not.
    """
    if len(points_px) != len(cameras) or counts.shape != points_px.shape[:2]:
        raise ShapeError(
            "detections, masks and cameras",
            expected=f"{len(cameras)} views, mask {points_px.shape[:2]}",
            actual=counts.shape,
        )
    used = counts & np.isfinite(points_px).all(axis=2)
    sigma = np.broadcast_to(np.asarray(sigma_px, float), used.shape)
    used = used & np.isfinite(sigma)
    views = used.sum(axis=0)
    known = views >= FEWEST_VIEWS
    points_m = np.full((points_px.shape[1], 3), np.nan)
    residual_px = np.full(points_px.shape[1], np.nan)
    if not known.any():
        return LiftedLandmarks(points_m, residual_px, views, Status.LOST)
    own = used[:, known]
    seen = np.where(own[..., None], points_px[:, known], 0.0)
    deviations = np.where(own, sigma[:, known], np.inf)
    start = triangulate(seen, deviations, cameras)
    problem = _Reprojection(seen, 1 / deviations, cameras)
    solution = LevenbergMarquardt(max_iterations=50).solve(problem, start.ravel())
    points_m[known] = solution.x.reshape(-1, 3)
    errors = np.stack([camera.project(points_m[known]) for camera in cameras]) - seen
    squared = np.where(own, (np.nan_to_num(errors, nan=1e3) ** 2).sum(axis=2), 0)
    residual_px[known] = np.sqrt(squared.sum(axis=0) / own.sum(axis=0))
    return LiftedLandmarks(points_m, residual_px, views, solution.status)


class _Reprojection:
    """Σ ρ(‖w (π(Mᵥ lᵢ) − pᵥᵢ)‖²) over views v and landmarks i: a problem for the solvers."""

    def __init__(self, seen_px: np.ndarray, weights: np.ndarray, cameras: Sequence[Camera]) -> None:
        self._seen, self._weights, self._cameras = seen_px, weights, cameras

    @property
    def size(self) -> int:
        return 3 * self._seen.shape[1]

    def cost(self, x: Float[np.ndarray, " n"]) -> float:
        residuals = self._residuals(x.reshape(-1, 3))
        return robust_cost((residuals**2).sum(axis=2).ravel(), kernel="huber", scale=ROBUST_DEVIATIONS)

    def linearize(
        self, x: Float[np.ndarray, " n"], *, near: NormalEquations | None = None
    ) -> NormalEquations:
        points_m = x.reshape(-1, 3)
        residuals = self._residuals(points_m)
        squared = (residuals**2).sum(axis=2)
        share = np.sqrt(robust_weights(squared.ravel(), kernel="huber", scale=ROBUST_DEVIATIONS))
        share = share.reshape(squared.shape)
        jacobian = np.stack([_projection_jacobian(camera, points_m) for camera in self._cameras])
        jacobian = jacobian * (self._weights * share)[..., None, None]
        residuals = residuals * share[..., None]
        normal = NormalEquations.zeros(self.size)
        for index in range(len(points_m)):
            columns = np.arange(3 * index, 3 * index + 3)
            normal.add_block(columns, residuals[:, index].ravel(), jacobian[:, index].reshape(-1, 3))
        normal.cost = robust_cost(squared.ravel(), kernel="huber", scale=ROBUST_DEVIATIONS)
        return normal

    def _residuals(self, points_m: np.ndarray) -> np.ndarray:
        seen = np.stack([camera.project(points_m) for camera in self._cameras])
        # behind a camera there is no projection: the cost is not finite there, and solvers step back
        return np.where(self._weights[..., None] > 0, (seen - self._seen) * self._weights[..., None], 0.0)


def _projection_jacobian(camera: Camera, points_m: np.ndarray) -> np.ndarray:
    """(L, 2, 3) derivative of pixels by world points."""
    local_m = camera.to_camera(points_m)
    depth = np.maximum(local_m[:, 2], 1e-9)
    by_local = np.zeros((len(points_m), 2, 3))
    by_local[:, 0, 0] = by_local[:, 1, 1] = 1 / depth
    by_local[:, :, 2] = -local_m[:, :2] / depth[:, None] ** 2
    return camera.intrinsics[:2, :2] @ by_local @ camera.camera_from_world[:3, :3]
