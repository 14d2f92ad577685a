"""Where a head may be: cells near the fitted mesh that no matte says are empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.fields.grids.occupancy import Occupancy
from mien.geometry.normals import vertex_normals

DEPTH_M, SKIN_M, HAIR_M = 0.012, 0.014, 0.06
"""Below the skin and above it, on the face and where hair grows."""
CELLS = 64
_MARGIN_M = 0.02
_FACING = -0.15
"""Cosine between the skin's normal and the way to a camera below which it sees none of what is there."""
_MISSES = 0.12
"""Share of the frames whose mattes may say that a cell is empty: mattes err."""


def head_bounds_m(rig: AvatarRig) -> Float[np.ndarray, "2 3"]:
    """A box around the canonical head and its hair."""
    low, high = rig.canonical_m.min(axis=0) - _MARGIN_M, rig.canonical_m.max(axis=0) + _MARGIN_M
    low[[0, 2]] -= HAIR_M - _MARGIN_M
    high[[0, 1]] += HAIR_M - _MARGIN_M
    return np.stack([low, high])


def space_of_head(
    rig: AvatarRig,
    controls: Sequence[AvatarControls],
    data: AvatarData,
    bounds_m: Float[np.ndarray, "2 3"],
    *,
    cells: int = CELLS,
    looks: int = 24,
) -> Occupancy:
    """Cells in which the head may be on any of the frames.

    Args:
        looks: frames that are looked at, evenly chosen.
    """
    from scipy.spatial import cKDTree

    rows = np.unique(np.linspace(0, len(data) - 1, min(looks, len(data))).round().astype(int))
    centres_m = Occupancy.full(cells).centres().numpy() * np.diff(bounds_m, axis=0)[0] / 2 + bounds_m.mean(
        axis=0
    )
    near = np.zeros(len(centres_m), bool)
    brow_m = float(rig.landmarks_m(controls[0])[17:27, 1].mean())
    normals = vertex_normals(
        rig.vertices_m(AvatarControls(rig.rest_weights, np.zeros((2, 3)))), rig.head.triangles
    )
    normals = normals[rig.kept]
    eyes_m = np.stack([data.camera(int(row)).world_from_camera[:3, 3] for row in rows])
    for row in rows[:: max(1, len(rows) // 8)]:
        surface = rig.posed(controls[row])
        distance, index = cKDTree(surface.vertices_m).query(centres_m, distance_upper_bound=HAIR_M)
        found = np.isfinite(distance)
        index = np.where(found, index, 0)
        offset = centres_m - surface.vertices_m[index]
        outside = (offset * normals[index]).sum(axis=1) > 0
        hairy = (centres_m[:, 1] > brow_m) | (centres_m[:, 2] < 0.02)
        facing = _facing(surface.vertices_m, normals, eyes_m)[index] > _FACING
        reach = np.where(outside, np.where(hairy, HAIR_M, SKIN_M), DEPTH_M)
        near |= found & facing & (distance < reach)
    empty, looked = np.zeros(len(centres_m)), np.zeros(len(centres_m))
    for row in rows:
        says, counts = _says_empty(data, int(row), centres_m)
        empty += says
        looked += counts
    kept = near & (empty <= _MISSES * np.maximum(looked, 1)) & (looked >= 0.1 * len(rows))
    return Occupancy(torch.from_numpy(kept.reshape(cells, cells, cells)))


def _facing(
    vertices_m: np.ndarray, normals: np.ndarray, eyes_m: np.ndarray
) -> Float[np.ndarray, " vertices"]:
    """Largest cosine of each vertex's normal with the way to any of the cameras."""
    best = np.full(len(vertices_m), -1.0)
    for eye_m in eyes_m:
        toward = eye_m - vertices_m
        toward /= np.linalg.norm(toward, axis=1, keepdims=True)
        best = np.maximum(best, (normals * toward).sum(axis=1))
    return best


def _says_empty(
    data: AvatarData, row: int, points_m: np.ndarray
) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Whether a frame's matte says that there is nothing at points, and whether it says anything."""
    camera = data.camera(row)
    pixels = np.nan_to_num(camera.project(points_m), nan=-1e6)
    columns, lines = np.rint(np.clip(pixels, -1e6, 1e6)).astype(int).T
    size = data.size_px
    inside = (columns >= 0) & (columns < size) & (lines >= 0) & (lines < size)
    columns, lines = np.clip(columns, 0, size - 1), np.clip(lines, 0, size - 1)
    known = inside & (data.known[row, lines, columns] > 127)
    return known & (data.rgba[row, lines, columns, 3] < 8), known
