"""Other expressions and people by warping: 3D thin-plate splines (FLNeRF, §4.2 and appendix A)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.landmarks_in_fields.boxes import Box

Kernel = Literal["r2logr", "r"]
RIDGE = 1e-6
"""Added to the kernel's diagonal (lengths in units of 0.1 m): landmarks that nearly coincide stay
solvable."""
MERGED_M = 0.0015
"""Of landmarks closer than this at the target, one is left out."""
_UNIT_M = 0.1
LATTICE = 17
"""Nodes a side of the lattice on which a box's warp is computed; in between it is interpolated."""
CARRIED_M = 0.05
"""Anchors follow the landmarks within about this distance."""
ANCHORS_M = np.array(
    [[x, y, z] for x in (-0.16, 0.16) for y in (-0.2, 0.22) for z in (-0.16, 0.2)]
    + [[x, y, z] for x in (-0.085, 0.085) for y in (-0.06, 0.02, 0.1) for z in (-0.03, 0.03)]
    + [[0, 0.14, 0.03], [0, 0.12, 0.09], [0, 0.0, -0.09], [0, 0.1, -0.09], [0, -0.12, 0.0], [0, -0.12, 0.04]]
    + [[0.05, 0.09, 0.08], [-0.05, 0.09, 0.08]]
)  # fmt: skip
"""Points of skull, ears, neck and surroundings that expressions do not move, head frame: the 68 landmarks
cover the face alone."""


def kernel(
    points: Float[np.ndarray, "m 3"], controls: Float[np.ndarray, "n 3"], kind: Kernel
) -> Float[np.ndarray, "m n"]:
    """U(r) of the distances: r² log r as the paper has it (the kernel of two dimensions), or r, three
    dimensions' own."""
    lengths = (points**2).sum(axis=1)[:, None] + (controls**2).sum(axis=1)
    squared = np.maximum(lengths - 2 * points @ controls.T, 1e-24)
    return np.sqrt(squared) if kind == "r" else 0.5 * squared * np.log(squared)


@dataclass(frozen=True, eq=False)
class ThinPlateSpline:
    """A smooth map that takes each control point to its image.

    Attributes:
        controls: (N, 3); weights: (N, 3); affine: (4, 3), its first row the shift. Units of 0.1 m.
    """

    controls: np.ndarray
    weights: np.ndarray
    affine: np.ndarray
    kind: Kernel

    @staticmethod
    def fit(
        from_m: Float[np.ndarray, "n 3"],
        to_m: Float[np.ndarray, "n 3"],
        *,
        kind: Kernel = "r2logr",
        ridge: float = RIDGE,
    ) -> ThinPlateSpline:
        """Solve M [W | A] = Y (FLNeRF, eqs. 5 to 8)."""
        points, images = from_m / _UNIT_M, to_m / _UNIT_M
        count = len(points)
        matrix = np.zeros((count + 4, count + 4))
        matrix[:count, :count] = kernel(points, points, kind) + ridge * np.eye(count)
        matrix[:count, count:] = np.concatenate([np.ones((count, 1)), points], axis=1)
        matrix[count:, :count] = matrix[:count, count:].T
        solved = np.linalg.solve(matrix, np.concatenate([images, np.zeros((4, 3))]))
        return ThinPlateSpline(points, solved[:count], solved[count:], kind)

    def __call__(self, points_m: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]:
        """Where points go, metres."""
        points = points_m / _UNIT_M
        out = self.affine[0] + points @ self.affine[1:]
        out += kernel(points, self.controls, self.kind) @ self.weights
        return out * _UNIT_M


@runtime_checkable
class SpaceMap(Protocol):
    """Says where in a volume the points of a changed volume are taken from."""

    def source_from_target(self, points_m: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]: ...


@dataclass(frozen=True, eq=False)
class TpsWarp:
    """One volume with another expression or shape: where its landmarks then are, and where to sample.

    Attributes:
        target_m: (68, 3) landmarks after the warp; spline: takes points of the warped volume to the original
            one (sampling goes from target to source).
    """

    target_m: Float[np.ndarray, "68 3"]
    spline: ThinPlateSpline

    def source_from_target(self, points_m: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]:
        """Where in the original volume points of the warped one lie."""
        return self.spline(points_m)

    @staticmethod
    def between(
        source_m: Float[np.ndarray, "68 3"],
        target_m: Float[np.ndarray, "68 3"],
        *,
        carried_m: Float[np.ndarray, "68 3"] | None = None,
        kind: Kernel = "r2logr",
    ) -> TpsWarp:
        """The warp that takes a face's landmarks to their targets and leaves skull and surroundings.

        Args:
            carried_m: displacements of the landmarks that what is around them takes part in: a broader face
                has its ears further apart.
        """
        distance = np.linalg.norm(target_m[:, None] - target_m[None], axis=2)
        first = [i for i in range(len(target_m)) if not (distance[i, :i] < MERGED_M).any()]
        anchors_m = ANCHORS_M
        if carried_m is not None:
            away_m = np.linalg.norm(ANCHORS_M[:, None] - source_m[None], axis=2)
            near = np.exp(-((away_m / CARRIED_M) ** 2))
            anchors_m = ANCHORS_M + near @ carried_m / (near.sum(axis=1, keepdims=True) + 1)
        controls = np.concatenate([target_m[first], anchors_m])
        images = np.concatenate([source_m[first], ANCHORS_M])
        return TpsWarp(target_m, ThinPlateSpline.fit(controls, images, kind=kind))


INNER_LIPS = ((61, 67), (62, 66), (63, 65))
CLOSED_M = 0.004


def can_warp(source_m: Float[np.ndarray, "68 3"], target_m: Float[np.ndarray, "68 3"]) -> bool:
    """A warp cannot part lips that touch: the source's mouth must be open if the target's is."""

    def gap(points: np.ndarray) -> float:
        return float(np.mean([np.linalg.norm(points[a] - points[b]) for a, b in INNER_LIPS]))

    return gap(target_m) < CLOSED_M or gap(source_m) > max(CLOSED_M, 0.3 * gap(target_m))


def warped_points_m(box: Box, size: int, warp: SpaceMap, *, mirrored: bool) -> Float[np.ndarray, "points 3"]:
    """Where in the original volume the voxels of a box of the warped volume lie."""
    steps = np.linspace(-1, 1, LATTICE)
    nodes = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    nodes_m = box.to_field(nodes)
    if mirrored:
        nodes_m = nodes_m * [-1.0, 1.0, 1.0]
    moved_m = warp.source_from_target(nodes_m)
    field = torch.from_numpy(moved_m.T.reshape(1, 3, LATTICE, LATTICE, LATTICE))
    # Lattice nodes lie on the box's sides, voxel centres half a voxel inside
    places = (2 * torch.arange(size, dtype=torch.float64) + 1) / size - 1
    grid = torch.stack(torch.meshgrid(places, places, places, indexing="ij"), dim=-1).flip(-1)[None]
    dense: Tensor = functional.grid_sample(field, grid, align_corners=True)[0]
    return dense.reshape(3, -1).T.numpy()
