"""Cleaning a field, so that solid and hollow, clean and foggy fields of a head look alike to the networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from mien.fields.protocol import Field
from mien.geometry import voxel_masks
from mien.landmarks_in_fields.boxes import Box

CHUNK = 1 << 18
FRONT = (0.0, 0.0, 1.0)
"""From a head towards somebody who looks at its face: mien's fields have the face towards +z."""


@dataclass(frozen=True)
class CleaningConfig:
    """How a field becomes occupied and empty voxels."""

    voxels: int = 96
    """Along the longest side of the field's box, for the first look."""
    alpha: float = 0.79
    """Density counts from here on: alpha of crossing a `reference`-th of the field's longest side. FLNeRF's
    density of 20 per 50 mm is this over its 64³ voxel. Alpha has no unit, so it does not matter in which the
    field is."""
    reference: int = 64
    """See `alpha`."""
    skin: float = 0.045
    """Colours are kept down to this depth, as a share of half a coarse cube (about 1 cm): deeper ones no
    picture ever saw."""
    sealed: float = 0.03
    """A hollow field's shell is never quite tight: holes up to twice this share of the field's longest side
    wide do not keep the inside from being filled."""
    untouched: float = 0.02
    """Nothing is filled down to this share of the longest side under the surface: mouths stay open."""
    clean: bool = True
    """Keep the largest connected part only and fill what cannot be reached from outside."""


@dataclass(frozen=True, eq=False)
class CleanField:
    """A field with a grid that says where the solid head is.

    Attributes:
        field: that was cleaned; config: how.
        low_m, voxel_m: corner and voxel side of the grid, the field's unit.
        solid: (X, Y, Z) bool; depth: (X, Y, Z) voxels to the nearest empty one, 0 in empty voxels.
        rgba: (1, 4, X, Y, Z) premultiplied colour of the skin, and solid.
        density: threshold, per unit of length.
        centre_m, radius_m: centre of mass and root mean square radius of the solid; NaN if nothing is there.
    """

    field: Field
    config: CleaningConfig
    low_m: Float[np.ndarray, " 3"]
    voxel_m: float
    solid: np.ndarray
    depth: np.ndarray
    rgba: Tensor
    density: float
    centre_m: Float[np.ndarray, " 3"]
    radius_m: float

    def _grid_values(self, values: Tensor, points_m: np.ndarray) -> Tensor:
        """Interpolated (C, M) of (1, C, X, Y, Z) voxel values; 0 outside."""
        extent = np.array(values.shape[2:]) * self.voxel_m
        normalised = (2 * (points_m - self.low_m) / extent - 1)[:, ::-1].astype(np.float32)
        where = torch.from_numpy(np.ascontiguousarray(normalised))[None, None, None]
        return functional.grid_sample(values, where, align_corners=False)[0, :, 0, 0]

    def overview(self, box: Box, size: int) -> Float[Tensor, "4 n n n"]:
        """A box of the grid as size³ voxels, each the mean of 2³: what the coarse network sees."""
        values = self._grid_values(self.rgba, box.grid_m(2 * size))
        return functional.avg_pool3d(values.reshape(1, 4, *(2 * size,) * 3), 2)[0]

    def detail(self, box: Box, size: int, *, samples: int = 2) -> Float[Tensor, "4 n n n"]:
        """A box sampled from the field itself, `samples` times each way in each of size³ voxels.

        Colours are those that somebody in front of the box sees (FLNeRF, §3.2).
        """
        points_m = box.grid_m(samples * size)
        view = -(box.field_from_box @ np.array(FRONT))
        depth = self._grid_values(torch.from_numpy(self.depth)[None, None], points_m)[0].numpy()
        near = depth > 0 if self.config.clean else np.ones(len(points_m), bool)
        # The grid's own surface lies within a voxel of the field's: look a little outside of it
        if self.config.clean:
            grown = functional.max_pool3d(
                torch.from_numpy(self.solid[None, None].astype(np.float32)), 3, 1, 1
            )
            near |= self._grid_values(grown, points_m)[0].numpy() > 0.01
        occupied = np.zeros(len(points_m), np.float32)
        colors = np.zeros((len(points_m), 3), np.float32)
        skin = self.config.skin * 2.0 * self.radius_m / self.voxel_m
        asked = np.flatnonzero(near & (depth < skin + 1))
        dense = _densities(self.field, points_m[asked]) >= self.density
        occupied[asked] = dense
        shown = asked[dense | (depth[asked] >= 1)]
        colors[shown] = _colors(self.field, points_m[shown], view)
        if self.config.clean:
            occupied[depth >= 1] = 1
        colors[depth > skin] = 0
        rgba = np.concatenate([colors * occupied[:, None], occupied[:, None]], axis=1)
        grid = torch.from_numpy(rgba.T.reshape(1, 4, *(samples * size,) * 3).copy())
        return functional.avg_pool3d(grid, samples)[0]


def _densities(field: Field, points_m: np.ndarray) -> Float[np.ndarray, " m"]:
    """Densities at many points, in pieces."""
    return _in_pieces(field, points_m, field.density, np.zeros(0, np.float32))


def _colors(field: Field, points_m: np.ndarray, view: np.ndarray) -> Float[np.ndarray, "m 3"]:
    """Colours at many points seen along one direction, in pieces."""
    direction = torch.tensor(view, dtype=torch.float32, device=field.device)

    def ask(points: Tensor) -> Tensor:
        return field.density_and_color(points, direction.expand(len(points), 3))[1]

    return _in_pieces(field, points_m, ask, np.zeros((0, 3), np.float32))


def _in_pieces(
    field: Field, points_m: np.ndarray, ask: Callable[[Tensor], Tensor], nothing: np.ndarray
) -> np.ndarray:
    pieces = [nothing]
    with torch.no_grad():
        for start in range(0, len(points_m), CHUNK):
            points = torch.from_numpy(points_m[start : start + CHUNK].astype(np.float32))
            pieces.append(ask(points.to(field.device)).cpu().numpy())
    return np.concatenate(pieces)


def clean_field(field: Field, config: CleaningConfig | None = None) -> CleanField:
    """Look at a whole field: threshold, largest connected part, flood from outside, colour of the skin."""
    config = config or CleaningConfig()
    bounds_m = np.asarray(field.bounds_m, float)
    extent_m = float((bounds_m[1] - bounds_m[0]).max())
    voxel_m = extent_m / config.voxels
    threshold = -np.log(1 - config.alpha) * config.reference / extent_m
    shape = np.maximum(np.ceil((bounds_m[1] - bounds_m[0]) / voxel_m - 1e-6), 2).astype(int) + 2
    low_m = bounds_m[0] - voxel_m  # a margin of one empty voxel, from which the flood starts
    steps = [low_m[a] + (np.arange(shape[a]) + 0.5) * voxel_m for a in range(3)]
    points_m = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = ((points_m >= bounds_m[0]) & (points_m <= bounds_m[1])).all(axis=1)
    density = np.zeros(len(points_m), np.float32)
    density[inside] = _densities(field, points_m[inside])
    dense = (density >= threshold).reshape(shape)
    solid = dense
    if config.clean and dense.any():
        parts = voxel_masks.regions(dense, diagonal=True)
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        part = parts == sizes.argmax()
        depth_inside = sealed_depth(part, reach=config.sealed * config.voxels)
        solid = part | (depth_inside > config.untouched * config.voxels)
    depth = np.zeros(shape, np.float32)
    centre_m, radius_m = np.full(3, np.nan), float("nan")
    if solid.any():
        depth = voxel_masks.distance_to_empty(solid).astype(np.float32)
        places_m = points_m[solid.ravel()]
        centre_m = places_m.mean(axis=0)
        radius_m = float(np.sqrt(((places_m - centre_m) ** 2).sum(axis=1).mean()))
    skin = config.skin * 2.0 * radius_m / voxel_m if solid.any() else 0.0
    keep = solid & (depth <= skin)
    # What is solid but not dense (the inside of a shell) has no colour of its own
    colors = np.zeros((*shape, 3), np.float32)
    view = -np.array(field.viewpoint.front)
    colors[keep & dense] = _colors(field, points_m[(keep & dense).ravel()], view)
    colors = np.where((keep & ~dense)[..., None], _nearest(colors, keep & dense), colors)
    rgba = np.concatenate([colors, solid[..., None]], axis=3).astype(np.float32)
    grid = torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgba, 3, 0)))[None]
    return CleanField(field, config, low_m, voxel_m, solid, depth, grid, float(threshold), centre_m, radius_m)


def sealed_depth(shell: Bool[np.ndarray, "x y z"], *, reach: float) -> Float[np.ndarray, "x y z"]:
    """How deep under a shell with holes each voxel lies; 0 or less outside. All lengths in voxels.

    A flood from outside that comes no nearer than `reach` to the shell passes no hole narrower than twice
    that.
    """
    far = voxel_masks.distance_to_empty(np.pad(~shell, 1, constant_values=True)) > reach
    far[0] = True  # of the margin: outside, however near the shell comes to it
    regions = voxel_masks.regions(far)
    return voxel_masks.distance_to_empty(regions != regions[0, 0, 0])[1:-1, 1:-1, 1:-1] - reach


def _nearest(colors: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The mean colour of known voxels within two voxels."""
    from scipy import ndimage

    weight = ndimage.uniform_filter(known.astype(np.float32), 5)
    near = [ndimage.uniform_filter(colors[..., c], 5) for c in range(3)]
    return np.stack(near, axis=3) / np.maximum(weight, 1e-3)[..., None]
