"""Bundle adjustment: cameras, one focal length and lens, and points, by where all pictures see the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.captures.bundle_equations import BundleEquations
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread

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
    robust: float = 2.0
    """Residuals beyond this many of their standard deviations count linearly (Huber)."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """What bundle adjustment found.

    Attributes:
        cameras: as pinholes; distortion: the first radial term of their lens, 0 without one.
        points_m: (L, 3), the cameras' world.
        median_px: median distance of the projected points from where they were seen.
        motion: (V, 6) each camera's turn and shift from where it was believed, in its own frame;
        log_focal: by how much the logarithm of the focal length changed.
    """

    cameras: tuple[Camera, ...]
    distortion: float
    points_m: Float[np.ndarray, "landmarks 3"]
    median_px: float
    motion: Float[np.ndarray, "views 6"]
    log_focal: float


@one_blas_thread
def adjust_bundle(
    points_px: Float[np.ndarray, "views landmarks 2"],
    sigma_px: Float[np.ndarray, "views landmarks"],
    cameras: Sequence[Camera],
    points_m: Float[np.ndarray, "landmarks 3"],
    priors: BundlePriors | None = None,
    *,
    start: Bundle | None = None,
) -> Bundle:
    """Refine cameras and points together, from a start.

    Args:
        points_px: NaN where a picture does not show a landmark.
        sigma_px: deviations of these.
        cameras: as believed beforehand, which is what priors are about.
        points_m: a start.
        start: of the same cameras, where one is known already; its points are not taken.
    """
    problem = BundleProblem(points_px, sigma_px, tuple(cameras), points_m, priors or BundlePriors())
    solution = SOLVER.solve(problem, problem.start(start))
    found, points = problem.at(solution.x)
    median_px = float(np.median(problem.errors_px(solution.x)))
    motion = solution.x[: problem.shared].reshape(-1, 6)
    log_focal, distortion = solution.x[problem.shared : problem.shared + 2]
    return Bundle(found, float(distortion), points, median_px, motion, float(log_focal))


@dataclass(frozen=True, eq=False)
class _Sightings:
    """Of all O: (O, 3, 3) camera's rotation; (O, 3) in its frame; (O, 2) on its plane, their squares, bent by
    the lens; focal lengths; whether before the camera; (O, 2) residuals over their deviations."""

    rotation: np.ndarray
    local: np.ndarray
    plane: np.ndarray
    square: np.ndarray
    bent: np.ndarray
    focals: np.ndarray
    before: np.ndarray
    residuals: np.ndarray


class BundleProblem:
    """Unknowns: turn and shift of each camera (its own frame), log focal, k1, then the points' shifts."""

    def __init__(
        self,
        points_px: np.ndarray,
        sigma_px: np.ndarray,
        cameras: tuple[Camera, ...],
        points_m: np.ndarray,
        priors: BundlePriors,
    ) -> None:
        from scipy.sparse import csr_array

        # (O,) picture and point of each sighting, row by row: few points are seen in many pictures
        self.view, self.point = np.nonzero(np.isfinite(points_px).all(axis=2) & np.isfinite(sigma_px))
        self.points_px, self.sigma_px = points_px[self.view, self.point], sigma_px[self.view, self.point]
        self.cameras, self.points_m, self.priors = cameras, points_m, priors
        self.rotations = np.stack([camera.camera_from_world[:3, :3] for camera in cameras])
        self.translations = np.stack([camera.camera_from_world[:3, 3] for camera in cameras])
        self.focals = np.stack([np.diagonal(camera.intrinsics)[:2] for camera in cameras])
        self.middles = np.stack([camera.intrinsics[:2, 2] for camera in cameras])
        self.shared = 6 * len(cameras)
        self.size = self.shared + 2 + points_m.size
        count = len(self.view)
        ones, every = np.ones(count), np.arange(count)
        self.by_view = csr_array((ones, (self.view, every)), shape=(len(cameras), count))
        self.by_point = csr_array((ones, (self.point, every)), shape=(len(points_m), count))
        camera = np.tile([*[priors.turn_rad] * 3, *[priors.shift_m] * 3], len(cameras))
        # A prior of deviation 0 holds its unknown; the gauge needs some hold too, which costs nothing
        deviations = np.concatenate([
            camera, [priors.log_focal, priors.distortion], np.full(points_m.size, priors.point_m)
        ])  # fmt: skip
        self.weights = 1 / np.clip(deviations, 1e-9, 1e3)

    def start(self, bundle: Bundle | None) -> Float[np.ndarray, " n"]:
        """Unknowns to begin with: the cameras as believed, or of an earlier bundle of them."""
        x = np.zeros(self.size)
        if bundle is not None:
            x[: self.shared] = bundle.motion.ravel()
            x[self.shared : self.shared + 2] = bundle.log_focal, bundle.distortion
        return x

    def _moved(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(V, 3, 3), (V, 3) of the cameras and (L, 3) points."""
        motion = x[: self.shared].reshape(-1, 6)
        turns = np.stack([matrix_from_rotation_vector(one) for one in motion[:, :3]])
        translations = np.einsum("vij,vj->vi", turns, self.translations) + motion[:, 3:]
        return turns @ self.rotations, translations, self.points_m + x[self.shared + 2 :].reshape(-1, 3)

    def _seen(self, x: np.ndarray) -> _Sightings:
        rotations, translations, points = self._moved(x)
        rotation = rotations[self.view]
        local = (rotation @ points[self.point, :, None])[..., 0] + translations[self.view]
        plane = local[:, :2] / local[:, 2:]
        square = (plane**2).sum(axis=1, keepdims=True)
        bent = plane * (1 + x[self.shared + 1] * square)
        focals = self.focals[self.view] * np.exp(x[self.shared])
        before = local[:, 2] > 1e-6
        residuals = (focals * bent + self.middles[self.view] - self.points_px) / self.sigma_px[:, None]
        return _Sightings(
            rotation, local, plane, square, bent, focals, before, np.where(before[:, None], residuals, 0.0)
        )

    def errors_px(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " sightings"]:
        """How far each point is from where it was seen."""
        return np.linalg.norm(self._seen(x).residuals, axis=1) * self.sigma_px

    def cost(self, x: Float[np.ndarray, " n"]) -> float:
        length, most = np.linalg.norm(self._seen(x).residuals, axis=1), self.priors.robust
        robust = np.where(length <= most, 0.5 * length**2, most * (length - 0.5 * most))
        return float(robust.sum() + 0.5 * ((x * self.weights) ** 2).sum())

    def linearize(
        self, x: Float[np.ndarray, " n"], *, near: BundleEquations | None = None
    ) -> BundleEquations:
        at = self._seen(x)
        k1, shared, views, points = x[self.shared + 1], self.shared, len(self.cameras), len(self.points_m)
        length = np.linalg.norm(at.residuals, axis=1)
        most = self.priors.robust
        robust = np.where(length <= most, 1.0, np.sqrt(most / np.maximum(length, 1e-12)))
        scale = (robust / self.sigma_px * at.before)[:, None, None]
        # d pixel / d local
        depth = at.local[:, 2]
        across = np.zeros((len(depth), 2, 3))
        across[:, 0, 0] = across[:, 1, 1] = 1 / depth
        across[:, :, 2] = -at.plane / depth[:, None]
        stretch = (1 + k1 * at.square)[..., None] * np.eye(2)
        stretch += 2 * k1 * at.plane[:, :, None] * at.plane[:, None, :]
        to_local = scale * at.focals[..., None] * (stretch @ across)
        # A turn about the camera's own axes moves x by ω × x: its middle is the camera
        x0, x1, x2 = at.local.T
        zero = np.zeros_like(x0)
        turned = np.stack([
            np.stack([zero, x2, -x1], -1), np.stack([-x2, zero, x0], -1), np.stack([x1, -x0, zero], -1)
        ], axis=-2)  # fmt: skip
        j_camera = np.concatenate([to_local @ turned, to_local], axis=2)  # (O, 2, 6)
        j_lens = scale * np.stack([at.focals * at.bent, at.focals * at.plane * at.square], axis=2)
        j_point = to_local @ at.rotation  # (O, 2, 3)
        weighted = (at.residuals * robust[:, None])[..., None]

        def total(sums: object, first: np.ndarray, second: np.ndarray) -> np.ndarray:
            blocks = first.transpose(0, 2, 1) @ second
            return (sums @ blocks.reshape(len(blocks), -1)).reshape(-1, *blocks.shape[1:])  # type: ignore[operator]

        head = np.zeros((shared + 2, shared + 2))
        for v, block in enumerate(total(self.by_view, j_camera, j_camera)):
            head[6 * v : 6 * v + 6, 6 * v : 6 * v + 6] = block
        mixed = total(self.by_view, j_camera, j_lens).reshape(shared, 2)
        head[:shared, shared:], head[shared:, :shared] = mixed, mixed.T
        flat = j_lens.reshape(-1, 2)
        head[shared:, shared:] = flat.T @ flat
        meeting = np.zeros((points, shared + 2, 3))
        meeting[:, :shared].reshape(points, views, 6, 3)[self.point, self.view] = (
            j_camera.transpose(0, 2, 1) @ j_point
        )
        meeting[:, shared:] = total(self.by_point, j_lens, j_point)
        tail = total(self.by_point, j_point, j_point)
        gradient = np.concatenate([
            total(self.by_view, j_camera, weighted).ravel(),
            flat.T @ weighted.ravel(),
            total(self.by_point, j_point, weighted).ravel(),
        ])  # fmt: skip
        squares = self.weights**2
        gradient += squares * x
        np.fill_diagonal(head, np.diagonal(head) + squares[: shared + 2])
        tail[:, range(3), range(3)] += squares[shared + 2 :].reshape(-1, 3)
        return BundleEquations(head, meeting, tail, gradient, self.cost(x))

    def at(self, x: np.ndarray) -> tuple[tuple[Camera, ...], np.ndarray]:
        """Cameras and points of a solution."""
        rotations, translations, points = self._moved(x)
        cameras = []
        for camera, rotation, translation in zip(self.cameras, rotations, translations, strict=True):
            pose = np.eye(4)
            pose[:3, :3], pose[:3, 3] = rotation, translation
            k = camera.intrinsics.copy()
            k[0, 0], k[1, 1] = k[0, 0] * np.exp(x[self.shared]), k[1, 1] * np.exp(x[self.shared])
            cameras.append(replace(camera, intrinsics=k, camera_from_world=pose))
        return tuple(cameras), points
