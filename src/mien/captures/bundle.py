"""Bundle adjustment: cameras, one focal length and lens, and points, by where all pictures see the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.least_squares.equations import Step, kept_off_zero
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread

ROBUST = 2.0
"""Residuals beyond this many standard deviations count linearly (Huber)."""
SOLVER = LevenbergMarquardt(max_iterations=60, relative_tolerance=1e-7)
"""Focal length and distance are told apart by little: the way along that valley is long and flat."""


@dataclass(frozen=True)
class BundlePriors:
    """Standard deviations of what is believed beforehand; infinite ones hold nothing."""

    turn_rad: float = np.inf
    """Of each camera's rotation about each axis."""
    shift_m: float = np.inf
    """Of each camera's place along each axis."""
    log_focal: float = 0.0
    """Of the logarithm of the focal length that all share; 0: it is known."""
    distortion: float = 0.0
    """Of the first radial term of the lens that all share (of OpenCV's); 0: there is none."""
    point_m: float = np.inf
    """Of each point about its start: what is known of a face's shape."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """What bundle adjustment found.

    Attributes:
        cameras: as pinholes; distortion: the first radial term of their lens, 0 without one.
        points_m: (L, 3), the cameras' world.
        median_px: median distance of the projected points from where they were seen.
    """

    cameras: tuple[Camera, ...]
    distortion: float
    points_m: Float[np.ndarray, "landmarks 3"]
    median_px: float


@one_blas_thread
def adjust_bundle(
    points_px: Float[np.ndarray, "views landmarks 2"],
    sigma_px: Float[np.ndarray, "views landmarks"],
    cameras: Sequence[Camera],
    points_m: Float[np.ndarray, "landmarks 3"],
    priors: BundlePriors | None = None,
) -> Bundle:
    """Refine cameras and points together, from a start.

    Args:
        points_px: NaN where a picture does not show a landmark.
        sigma_px: deviations of these.
    """
    problem = _Problem(points_px, sigma_px, tuple(cameras), points_m, priors or BundlePriors())
    solution = SOLVER.solve(problem, np.zeros(problem.size))
    found, points = problem.at(solution.x)
    residuals = problem.residuals(solution.x) * sigma_px[..., None]
    median_px = float(
        np.nanmedian(np.linalg.norm(np.where(problem.seen[..., None], residuals, np.nan), axis=2))
    )
    return Bundle(found, float(solution.x[problem.shared + 1]), points, median_px)


@dataclass(frozen=True, eq=False)
class BundleEquations:
    """Normal equations in which points meet each other through cameras alone.

    Attributes:
        head: (C, C) JᵀJ of cameras and lens; tail: (L, 3, 3) of each point; across: (L, C, 3) between them.
        gradient: (C + 3 L,) Jᵀr; cost: ½‖r‖².
    """

    head: Float[np.ndarray, "c c"]
    across: Float[np.ndarray, "landmarks c 3"]
    tail: Float[np.ndarray, "landmarks 3 3"]
    gradient: Float[np.ndarray, " n"]
    cost: float

    @property
    def diagonal(self) -> Float[np.ndarray, " n"]:
        """(C + 3 L,) of JᵀJ, kept off zero."""
        tail = np.diagonal(self.tail, axis1=1, axis2=2).ravel()
        return kept_off_zero(np.concatenate([np.diagonal(self.head), tail]))

    @property
    def hessian(self) -> Float[np.ndarray, "n n"]:
        """(C + 3 L, C + 3 L) JᵀJ, dense."""
        count, wide = len(self.head), self.across.transpose(1, 0, 2).reshape(len(self.head), -1)
        dense = np.zeros((len(self.gradient), len(self.gradient)))
        dense[:count, :count], dense[:count, count:], dense[count:, :count] = self.head, wide, wide.T
        for number, block in enumerate(self.tail):
            place = slice(count + 3 * number, count + 3 * number + 3)
            dense[place, place] = block
        return dense

    def step(self, damping: float) -> Step | None:
        """δ of (JᵀJ + λ diag JᵀJ) δ = −Jᵀr, the points eliminated first (Schur complement)."""
        from scipy.linalg.lapack import dposv

        count = len(self.head)
        diagonal = self.diagonal
        tail = self.tail.copy()
        tail[:, range(3), range(3)] = (diagonal[count:] * (1 + damping)).reshape(-1, 3)
        inverse = np.linalg.inv(tail)
        head = self.head + np.diag(damping * diagonal[:count])
        points = self.gradient[count:].reshape(-1, 3, 1)
        moved = self.across @ inverse  # (L, C, 3)
        wide = moved.transpose(1, 0, 2).reshape(count, -1)
        reduced = head - wide @ self.across.transpose(0, 2, 1).reshape(-1, count)
        right = -self.gradient[:count] + wide @ points.ravel()
        _, first, info = dposv(reduced, right, lower=1)
        if info != 0 or not np.isfinite(first).all():
            return None
        rest = -(inverse @ (points + self.across.transpose(0, 2, 1) @ first[:, None])).ravel()
        change = np.concatenate([first, rest])
        return Step(change, 0.5 * float(change @ (damping * diagonal * change - self.gradient)))


class _Problem:
    """Unknowns: turn and shift of each camera (its own frame), log focal, k1, then the points' shifts."""

    def __init__(
        self,
        points_px: np.ndarray,
        sigma_px: np.ndarray,
        cameras: tuple[Camera, ...],
        points_m: np.ndarray,
        priors: BundlePriors,
    ) -> None:
        self.seen = np.isfinite(points_px).all(axis=2) & np.isfinite(sigma_px)
        self.points_px, self.sigma_px = np.nan_to_num(points_px), np.where(self.seen, sigma_px, 1.0)
        self.cameras, self.points_m, self.priors = cameras, points_m, priors
        self.rotations = np.stack([camera.camera_from_world[:3, :3] for camera in cameras])
        self.translations = np.stack([camera.camera_from_world[:3, 3] for camera in cameras])
        self.focals = np.stack([np.diagonal(camera.intrinsics)[:2] for camera in cameras])
        self.middles = np.stack([camera.intrinsics[:2, 2] for camera in cameras])
        self.shared = 6 * len(cameras)
        self.size = self.shared + 2 + points_m.size
        count = len(cameras)
        shift = np.inf if priors.shift_m == np.inf else priors.shift_m
        camera = np.tile([*[priors.turn_rad] * 3, *[shift] * 3], count)
        # A prior of deviation 0 holds its unknown; the gauge needs some hold too, which costs nothing
        deviations = np.concatenate([
            camera, [priors.log_focal, priors.distortion], np.full(points_m.size, priors.point_m)
        ])  # fmt: skip
        self.weights = 1 / np.clip(deviations, 1e-9, 1e3)

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        count = len(self.cameras)
        motion = x[: self.shared].reshape(count, 6)
        turns = np.stack([matrix_from_rotation_vector(one) for one in motion[:, :3]])
        rotations = turns @ self.rotations
        translations = np.einsum("vij,vj->vi", turns, self.translations) + motion[:, 3:]
        points = self.points_m + x[self.shared + 2 :].reshape(-1, 3)
        local = np.einsum("vij,lj->vli", rotations, points) + translations[:, None]
        return rotations, translations, points, local, turns

    def _projected(self, x: np.ndarray, local: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        plane = local[..., :2] / local[..., 2:]
        square = (plane**2).sum(axis=2, keepdims=True)
        bent = plane * (1 + x[self.shared + 1] * square)
        focals = self.focals[:, None] * np.exp(x[self.shared])
        return focals * bent + self.middles[:, None], plane, square

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """(V, L, 2) over their deviations."""
        local = self._parts(x)[3]
        pixels = self._projected(x, local)[0]
        out = (pixels - self.points_px) / self.sigma_px[..., None]
        return np.where((self.seen & (local[..., 2] > 1e-6))[..., None], out, 0.0)

    def cost(self, x: Float[np.ndarray, " n"]) -> float:
        length = np.linalg.norm(self.residuals(x), axis=2)
        robust = np.where(length <= ROBUST, 0.5 * length**2, ROBUST * (length - 0.5 * ROBUST))
        return float(robust.sum() + 0.5 * ((x * self.weights) ** 2).sum())

    def linearize(
        self, x: Float[np.ndarray, " n"], *, near: BundleEquations | None = None
    ) -> BundleEquations:
        rotations, _, _, local, _ = self._parts(x)
        pixels, plane, square = self._projected(x, local)
        k1, focals = x[self.shared + 1], self.focals[:, None] * np.exp(x[self.shared])
        r = (pixels - self.points_px) / self.sigma_px[..., None]
        shown = self.seen & (local[..., 2] > 1e-6)
        r = np.where(shown[..., None], r, 0.0)
        length = np.linalg.norm(r, axis=2)
        scale = np.where(length <= ROBUST, 1.0, np.sqrt(ROBUST / np.maximum(length, 1e-12)))
        scale = (scale / self.sigma_px * shown)[..., None, None]
        # d pixel / d local
        depth = local[..., 2]
        across = np.zeros((*depth.shape, 2, 3))
        across[..., 0, 0] = across[..., 1, 1] = 1 / depth
        across[..., :, 2] = -plane / depth[..., None]
        bend = (1 + k1 * square)[..., None] * np.eye(2) + 2 * k1 * plane[..., :, None] * plane[..., None, :]
        to_local = scale * focals[..., None] * (bend @ across)
        # A turn about the camera's own axes moves x by ω × x: its middle is the camera
        x0, x1, x2 = (local[..., k] for k in range(3))
        zero = np.zeros_like(x0)
        turned = np.stack([
            np.stack([zero, x2, -x1], -1), np.stack([-x2, zero, x0], -1), np.stack([x1, -x0, zero], -1)
        ], axis=-2)  # fmt: skip
        j_camera = np.concatenate([to_local @ turned, to_local], axis=3)  # (V, L, 2, 6)
        bent = plane * (1 + k1 * square)
        j_focal = scale[..., 0] * focals * bent
        j_bend = scale[..., 0] * focals * plane * square
        j_shared = np.stack([j_focal, j_bend], axis=3)  # (V, L, 2, 2)
        j_point = to_local @ rotations[:, None]  # (V, L, 2, 3)
        weighted = r * scale[..., 0] * self.sigma_px[..., None]
        points = self.size - self.shared - 2
        cameras = np.einsum("vlri,vlrj->vij", j_camera, j_camera)
        head = np.zeros((self.shared + 2, self.shared + 2))
        for v, block in enumerate(cameras):
            head[6 * v : 6 * v + 6, 6 * v : 6 * v + 6] = block
        mixed = np.einsum("vlri,vlrj->vij", j_camera, j_shared).reshape(self.shared, 2)
        head[: self.shared, self.shared :], head[self.shared :, : self.shared] = mixed, mixed.T
        head[self.shared :, self.shared :] = np.einsum("vlri,vlrj->ij", j_shared, j_shared)
        across_points = np.concatenate([
            np.einsum("vlri,vlrj->lvij", j_camera, j_point).reshape(-1, self.shared, 3),
            np.einsum("vlri,vlrj->lij", j_shared, j_point),
        ], axis=1)  # fmt: skip
        tail = np.einsum("vlri,vlrj->lij", j_point, j_point)
        gradient = np.concatenate([
            np.einsum("vlri,vlr->vi", j_camera, weighted).ravel(),
            np.einsum("vlri,vlr->i", j_shared, weighted),
            np.einsum("vlri,vlr->li", j_point, weighted).ravel(),
        ])  # fmt: skip
        squares = self.weights**2
        gradient += squares * x
        np.fill_diagonal(head, np.diagonal(head) + squares[: self.shared + 2])
        tail[:, range(3), range(3)] += squares[-points:].reshape(-1, 3)
        return BundleEquations(head, across_points, tail, gradient, self.cost(x))

    def at(self, x: np.ndarray) -> tuple[tuple[Camera, ...], np.ndarray]:
        """Cameras and points of a solution."""
        rotations, translations, points, _, _ = self._parts(x)
        cameras = []
        for camera, rotation, translation in zip(self.cameras, rotations, translations, strict=True):
            pose = np.eye(4)
            pose[:3, :3], pose[:3, 3] = rotation, translation
            k = camera.intrinsics.copy()
            k[0, 0], k[1, 1] = k[0, 0] * np.exp(x[self.shared]), k[1, 1] * np.exp(x[self.shared])
            cameras.append(replace(camera, intrinsics=k, camera_from_world=pose))
        return tuple(cameras), points
