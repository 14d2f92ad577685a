"""Analytic volumes: a dressed head as a grid of colour and occupancy, as a trained field would be after
cleaning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.geometry import voxel_masks
from mien.geometry.triangle_lattice import triangle_lattice
from mien.landmarks_in_fields.canonical import sealed_depth
from mien.synthetic.volumes.surface_samples import SurfaceSamples

VOXEL_M = 0.0025
LOW_M = np.array([-0.15, -0.20, -0.15])
HIGH_M = np.array([0.15, 0.21, 0.18])
"""Corners of the space that is looked at, head frame; shoulders end there."""
SKIN_DEPTH_M = 0.010
"""Colours deeper than this are cleared: in trained fields they were never seen."""
INNER_LIPS = tuple(range(60, 68))
OPEN_M = 0.003
"""Inner lips further apart than this are an open mouth."""
MOUTH_DEPTH_M = 0.05
TRAINED = "trained"
"""`HeadVolume.kind` of volumes of trained fields."""


@dataclass(frozen=True)
class HeadVolume:
    """A head on a grid.

    Attributes:
        rgba: (X, Y, Z, 4) red, green, blue times occupancy, and occupancy; 0 … 255. The first three axes are
            x, y, z.
        low_m: (3,) corner of voxel (0, 0, 0), head frame.
        voxel_m: side of a voxel.
        landmarks_m: (68, 3) head frame.
        expression: (E,) weights of the built-in head's expressions that it shows.
        name: who and which expression; kind: of the expression.
    """

    rgba: UInt8[np.ndarray, "x y z 4"]
    low_m: Float[np.ndarray, " 3"]
    voxel_m: float
    landmarks_m: Float[np.ndarray, "68 3"]
    expression: Float[np.ndarray, " e"]
    name: str = ""
    kind: str = ""


def with_dark_mouth(volume: HeadVolume, rng: np.random.Generator) -> HeadVolume:
    """An open mouth filled with something dark some millimetres behind the lips, as pictures that cannot look
    into a mouth leave it in a trained field; the volume itself when the mouth is closed."""
    import cv2

    lips = volume.landmarks_m[list(INNER_LIPS)]
    if np.linalg.norm(lips[2] - lips[6]) < OPEN_M:
        return volume
    place = (lips - volume.low_m) / volume.voxel_m - 0.5
    opening = np.zeros(volume.rgba.shape[1::-1], np.uint8)  # rows y, columns x
    cv2.fillPoly(opening, [np.rint(place[:, :2]).astype(np.int32)], (1,))
    front = int(place[:, 2].mean() - rng.uniform(0.002, 0.012) / volume.voxel_m)
    depth = slice(max(0, front - round(MOUTH_DEPTH_M / volume.voxel_m)), max(0, front))
    rgba = volume.rgba.copy()
    inside = rgba[:, :, depth]
    empty = (inside[..., 3] < 128) & (opening.T[:, :, None] > 0)
    inside[empty] = [*(rng.uniform(5, 45) * np.array([1.0, 0.8, 0.75])).astype(np.uint8), 255]
    return replace(volume, rgba=rgba)


def cap_points(vertices_m: np.ndarray, border: np.ndarray, spacing_m: float) -> np.ndarray:
    """(P, 3) points on a fan between a border and its middle."""
    middle = vertices_m[np.unique(border)].mean(axis=0)
    corners = np.concatenate([vertices_m[border], np.broadcast_to(middle, (len(border), 1, 3))], axis=1)
    triangle, weights = triangle_lattice(corners, spacing_m)
    return np.einsum("pk,pkc->pc", weights, corners[triangle])


def voxelise(
    surface: SurfaceSamples, cap_m: Float[np.ndarray, "cap 3"], *, voxel_m: float = VOXEL_M
) -> tuple[UInt8[np.ndarray, "x y z 4"], Float[np.ndarray, " 3"]]:
    """Fill a closed surface: solid inside, smooth at the surface, coloured in its skin.

    A voxel on the surface is filled up to the mean plane of the points in it; what a flood from outside does
    not reach is solid.

    Returns:
        The grid (see `HeadVolume.rgba`) and its lower corner.
    """
    points = np.concatenate([surface.points_m, cap_m]).astype(np.float32)
    inside = np.asarray(((points > LOW_M + voxel_m) & (points < HIGH_M - voxel_m)).all(axis=1))
    low_m = points[inside].min(axis=0) - 3 * voxel_m
    shape = np.ceil((points[inside].max(axis=0) + 3 * voxel_m - low_m) / voxel_m).astype(int)
    total = int(np.prod(shape))
    cap_start = len(surface.points_m)
    on_surface = inside[:cap_start]

    def cells(m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scaled = (m - low_m) / voxel_m
        index = scaled.astype(np.int64)
        return (index[:, 0] * shape[1] + index[:, 1]) * shape[2] + index[:, 2], scaled - index - 0.5

    cell, offset = cells(points[:cap_start][on_surface])
    wall_point = surface.is_wall[on_surface]
    weight = surface.weights[on_surface]

    def total_of(values: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        return np.bincount(cell[chosen], weights=values[chosen], minlength=total)

    color_weight = total_of(weight)
    colors = np.stack([total_of(weight * surface.colors[on_surface][:, c]) for c in range(3)], axis=1).astype(
        np.float32
    )
    colors /= np.maximum(color_weight, 1e-6)[:, None].astype(np.float32)
    visible = wall_point & (weight > HIDDEN)
    normals = surface.normals[on_surface]
    count = np.bincount(cell[visible], minlength=total)
    # Height of the surface over the voxel's centre along its mean normal, in voxels
    height = total_of(np.einsum("pc,pc->p", offset, normals), visible) / np.maximum(count, 1)
    mean_normal = np.stack([total_of(normals[:, c], visible) for c in range(3)], axis=1)
    flatness = np.linalg.norm(mean_normal, axis=1) / np.maximum(count, 1)

    hair = np.bincount(cell[~wall_point], minlength=total).reshape(shape)
    hair_mask = voxel_masks.closed(hair > 1, 2)
    cap_cells, _ = cells(points[cap_start:][inside[cap_start:]])
    wall = np.bincount(cell[wall_point], minlength=total).astype(bool)
    wall[cap_cells] = True
    wall = wall.reshape(shape) | hair_mask
    wall[:, 0] = voxel_masks.without_holes(wall[:, 0])
    regions = voxel_masks.regions(~wall)
    solid = _as_trained_fields_are(regions != regions[0, -1, 0], hair_mask, voxel_m)
    occupancy = solid.astype(np.float32).reshape(-1)
    planar = (count > 0) & (flatness > 0.5) & ~hair_mask.reshape(-1)
    occupancy[planar] = np.clip(0.5 + height[planar], 0, 1)
    occupancy = occupancy.reshape(shape)

    colors = _spread(colors.reshape(*shape, 3), color_weight.reshape(shape))
    deep = voxel_masks.eroded(solid, round(SKIN_DEPTH_M / voxel_m))
    colors[deep] = 0
    rgba = np.concatenate([colors * occupancy[..., None], occupancy[..., None]], axis=3)
    return np.rint(255 * np.clip(rgba, 0, 1)).astype(np.uint8), low_m.astype(np.float64)


HIDDEN = 0.5
"""Points with less weight belong to teeth, sockets and the mouth's interior: they do not shape the
surface."""


SEALED_M, UNTOUCHED_M = 0.0125, 0.0085
"""`CleaningConfig.sealed` and `untouched` of a field 0.42 m long."""


def _as_trained_fields_are(solid: np.ndarray, hair: np.ndarray, voxel_m: float) -> np.ndarray:
    """Hair is a thin shell with holes over the skull here, but a solid body in trained fields; the depth of a
    mouth is filled when a field is cleaned. Found on voxels twice as large."""
    pad = [(0, size % 2) for size in solid.shape]

    def halved(values: np.ndarray) -> np.ndarray:
        x, y, z = (size // 2 for size in np.pad(values, pad).shape)
        return np.asarray(np.pad(values, pad).reshape(x, 2, y, 2, z, 2).any(axis=(1, 3, 5)))

    small = halved(solid)
    depth = sealed_depth(small, reach=SEALED_M / (2 * voxel_m))
    near_hair = voxel_masks.dilated(halved(hair), 2)
    inside = ~small & ((depth > UNTOUCHED_M / (2 * voxel_m)) | (near_hair & (depth > 0)))

    def doubled(values: np.ndarray) -> np.ndarray:
        large = values.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)
        return large[: solid.shape[0], : solid.shape[1], : solid.shape[2]]

    out = solid | doubled(inside)
    return out | (voxel_masks.closed(out, 2) & doubled(near_hair))


def _spread(colors: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Colours of voxels without points from those nearby: within one voxel if there are any, else within
    four."""
    from scipy import ndimage

    weight = np.minimum(weight, 8).astype(np.float32)
    out = colors
    for size in (9, 3):
        total = ndimage.uniform_filter(weight, size)
        near = np.stack([ndimage.uniform_filter(colors[..., c] * weight, size) for c in range(3)], axis=3)
        near /= np.maximum(total, 1e-6)[..., None]
        near_by = (weight == 0) & (total > 1e-4)
        out = np.where(near_by[..., None], near, out)
    return out


def solid_extent(occupancy: np.ndarray, points_m: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre of mass (3,) and root mean square radius of a solid given by weights of points."""
    total = occupancy.sum()
    centre = occupancy @ points_m / total
    radius = float(np.sqrt(occupancy @ ((points_m - centre) ** 2).sum(axis=1) / total))
    return centre, radius
