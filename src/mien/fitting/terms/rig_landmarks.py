"""The data term of one moment seen by several cameras, summed up in space instead of picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import MIN_DEPTH_M, HeadState
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.landmarks.types import Landmarks2D
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.robust import Kernel, robust_cost, robust_weights


@dataclass(frozen=True, eq=False)
class RigLandmarksTerm:
    """Σ over cameras of `LandmarkTerm`, with cameras that are known.

    Every camera sees the same points in space, so what all of them say about a landmark is one 3×3 matrix and
    one 3-vector: however many cameras there are, the head's Jacobian is computed and multiplied once.

    Attributes:
        world_to_plane: (C, 3, 4) projection matrices.
        target_px: (C, 2, L); precision: (C, L), 0 where a camera does not see the face.
        kernel, scale: as in `LandmarkTerm`.
    """

    world_to_plane: Float[np.ndarray, "cameras 3 4"]
    target_px: Float[np.ndarray, "cameras 2 landmarks"]
    precision: Float[np.ndarray, "cameras landmarks"]
    kernel: Kernel
    scale: float
    name: str = "landmarks of all cameras"

    @staticmethod
    def of(
        landmarks: Sequence[Landmarks2D | None],
        cameras: Sequence[Camera],
        config: FitConfig,
        *,
        present: Bool[np.ndarray, " landmarks"] | None = None,
    ) -> RigLandmarksTerm | None:
        """The term of one moment, or None when no camera sees the face; `present` as for `LandmarkTerm`."""
        seen = [
            (LandmarkTerm.of(face, config, present=present), camera)
            for face, camera in zip(landmarks, cameras, strict=True)
            if face is not None
        ]
        if not seen:
            return None
        single = seen[0][0]
        return RigLandmarksTerm(
            np.stack([camera.intrinsics @ camera.camera_from_world[:3] for _, camera in seen]),
            np.stack([term.target_px for term, _ in seen]),
            np.stack([term.precision for term, _ in seen]),
            single.kernel,
            single.scale,
        )

    def _whitened(self, state: HeadState) -> tuple[np.ndarray, np.ndarray]:
        """(C, 2, L) residuals in deviations, and (C, 3, L) points in each camera's plane; NaN behind one."""
        plane = np.matmul(self.world_to_plane[:, :, :3], state.vertices_m) + self.world_to_plane[:, :, 3:]
        plane[:, :, plane[:, 2].min(axis=0) < MIN_DEPTH_M] = np.nan
        return (plane[:, :2] / plane[:, 2:] - self.target_px) * self.precision[:, None], plane

    def cost(self, state: HeadState) -> float:
        whitened, _ = self._whitened(state)
        squared = (whitened**2).sum(axis=1).reshape(-1)
        return robust_cost(squared, kernel=self.kernel, scale=self.scale)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        whitened, plane = self._whitened(state)
        squared = (whitened**2).sum(axis=1)
        flat = squared.reshape(-1)
        cost = robust_cost(flat, kernel=self.kernel, scale=self.scale)
        if not np.isfinite(cost):
            normal.cost = float("nan")
            return
        root = np.sqrt(robust_weights(flat, kernel=self.kernel, scale=self.scale))
        root = root.reshape(squared.shape)
        # Gradients (C, 2, 3, L) of the whitened residuals by the point in the world.
        matrix = self.world_to_plane[:, :, :3]
        seen = plane[:, :2] / plane[:, 2:]
        factor = root * self.precision / plane[:, 2]
        by_world = matrix[:, :2, :, None] - seen[:, :, None] * matrix[:, 2:, :, None]
        by_world = by_world * factor[:, None, None]
        residuals = whitened * root[:, None]
        moment = np.einsum("cial,cibl->lab", by_world, by_world)
        pull = np.einsum("cial,cil->la", by_world, residuals)
        # One camera leaves depth open: a trace of stiffness keeps the factor defined.
        moment += 1e-9 * np.trace(moment, axis1=1, axis2=2)[:, None, None] * np.eye(3) + 1e-12 * np.eye(3)
        lower = np.linalg.cholesky(moment)
        jacobian_t = np.einsum("nal,lab->nbl", state.vertices_jacobian_t(), lower, optimize=True)
        stand_in = np.linalg.solve(lower, pull[:, :, None])[:, :, 0].T
        normal.add_dense(stand_in.reshape(-1), jacobian_t.reshape(len(jacobian_t), -1), cost=cost)
