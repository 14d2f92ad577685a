"""What a camera sees of a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError, ShapeError
from mien.fields.protocol import DensityWithColor, Field, box_of
from mien.fields.ray_context import RayContext, context_at
from mien.fields.rendering.ray_marching import add_up, march, weights_of
from mien.fields.rendering.rays import Rays, camera_rays

CHUNK_RAYS = 8192
OPAQUE = 1e-3
"""Rays end where less than this passes."""
FAINT = 1e-3
"""Samples with less weight get no colour."""
SURFACE_ALPHA = 0.5
"""Pixels with less alpha have no depth and no normal."""


@dataclass(frozen=True, eq=False)
class FieldPicture:
    """A rendered picture.

    Attributes:
        rgb: (H, W, 3), over the background.
        alpha: (H, W) in [0, 1], how much of the light comes from the field.
        depth_m: (H, W) along the camera's axis, where half of the ray's light has been gathered; NaN where
            alpha is below 0.5.
        normals: (H, W, 3) unit, world, pointing outwards; 0 where there is no depth; None when not asked for.
        camera: that took it.
    """

    rgb: UInt8[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    depth_m: Float[np.ndarray, "height width"]
    normals: Float[np.ndarray, "height width 3"] | None
    camera: Camera


@dataclass(frozen=True)
class RayColors:
    """What rays gather.

    Attributes:
        rgb: (R, 3) in [0, 1], premultiplied by alpha.
        alpha: (R,).
        distance_m: (R,) along the ray, where half of its alpha has been gathered; 0 for empty rays.
        normals: (R, 3) or None.
    """

    rgb: Float[Tensor, "r 3"]
    alpha: Float[Tensor, " r"]
    distance_m: Float[Tensor, " r"]
    normals: Float[Tensor, "r 3"] | None


@checked_call
@torch.no_grad()
def render_field(
    field: Field,
    camera: Camera,
    *,
    context: RayContext | None = None,
    background: tuple[int, int, int] | None = (255, 255, 255),
    normals: bool = False,
    supersampling: int = 1,
) -> FieldPicture:
    """The picture that a camera takes: colour, alpha, depth and, if asked for, normals.

    A field that is a torch module is asked in the mode (training or evaluation) that it is in.

    Args:
        context: of the whole picture: one row.
        background: RGB behind the field; None for what the field says is behind it.
        supersampling: rays a pixel, each way: 2 smooths edges as a camera's pixels do, and takes four times
            as long.

    Raises:
        InputError: the background is None and the field has none of its own.
        ShapeError: the context has several rows.
    """
    if context is not None:
        if len(context) != 1:
            raise ShapeError("a picture's context", expected="(1, …)", actual=(len(context),))
        context = context.to(field.device)
    rows, columns, k = camera.height_px, camera.width_px, supersampling
    finer = camera.resized(width_px=k * columns, height_px=k * rows)
    rays = camera_rays(finer).to(field.device)
    seen, behind = _all_rays(field, rays, context, normals=normals, background=background)

    def within_pixels(values: Tensor) -> Tensor:
        """(H, W, k², ...) from values of all rays, row by row."""
        rest = values.shape[1:]
        tiles = values.reshape(rows, k, columns, k, *rest).transpose(1, 2)
        return tiles.reshape(rows, columns, k * k, *rest)

    rgb = within_pixels(seen.rgb + (1 - seen.alpha[:, None]) * behind).mean(dim=2)
    alpha = within_pixels(seen.alpha).mean(dim=2)
    surface = alpha >= SURFACE_ALPHA
    forward = torch.tensor(camera.camera_from_world[2, :3], dtype=torch.float32, device=field.device)
    depths = torch.where(
        seen.alpha >= SURFACE_ALPHA, seen.distance_m * (rays.directions @ forward), torch.nan
    )
    # One of a pixel's depths, not their mean: at an edge that would float between two surfaces
    depth_m = torch.where(surface, within_pixels(depths).nanmedian(dim=2).values, torch.nan)
    outward = None
    if seen.normals is not None:
        mean = torch.nn.functional.normalize(within_pixels(seen.normals).mean(dim=2), dim=2)
        outward = (mean * surface[..., None]).cpu().numpy().astype(float)
    return FieldPicture(
        rgb=(rgb.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy(),
        alpha=alpha.cpu().numpy().astype(float),
        depth_m=depth_m.cpu().numpy().astype(float),
        normals=outward,
        camera=camera,
    )


def _all_rays(
    field: Field,
    rays: Rays,
    context: RayContext | None,
    *,
    normals: bool,
    background: tuple[int, int, int] | None,
) -> tuple[RayColors, Tensor]:
    """What many rays gather, and the colours (R or 1, 3) behind them."""
    pieces, behind = [], []
    for start in range(0, len(rays), CHUNK_RAYS):
        some = rays[slice(start, start + CHUNK_RAYS)]
        if background is None:
            own = field.behind(some.directions, context)
            if own is None:
                raise InputError(
                    "the field has none of its own; give a colour to put behind it", source="background"
                )
            behind.append(own)
        pieces.append(gather(field, some, context=context, normals=normals))
    if background is not None:
        behind.append(torch.tensor(background, dtype=torch.float32, device=field.device)[None] / 255)
    outward = [piece.normals for piece in pieces if piece.normals is not None]
    together = RayColors(
        torch.cat([piece.rgb for piece in pieces]),
        torch.cat([piece.alpha for piece in pieces]),
        torch.cat([piece.distance_m for piece in pieces]),
        torch.cat(outward) if outward else None,
    )
    return together, torch.cat(behind)


@torch.no_grad()
def gather(
    field: Field, rays: Rays, *, context: RayContext | None = None, normals: bool = False
) -> RayColors:
    """Colour, alpha and depth of rays, without training anything.

    Rays are followed in pieces, so that what lies behind opaque parts is never computed.

    Args:
        context: a row for each ray, or one for all.
    """
    step_m, bounds_m = field.step_m, box_of(field)
    near_m, far_m = field.near_and_far(rays, context)
    near_m = near_m.clamp(min=0)  # a copy, which moves on below
    count = len(rays)
    rgb = near_m.new_zeros(count, 3)
    passing, half_at = near_m.new_ones(count), torch.zeros_like(near_m)
    directions = near_m.new_zeros(count, 3)
    # Many steps behind a surface are wasted, few steps are many rounds: a dozen voxels do for both
    piece_m = 24 * step_m
    alive = (far_m > near_m).nonzero()[:, 0]
    while len(alive):
        start, end = near_m[alive], torch.minimum(near_m[alive] + piece_m, far_m[alive])
        samples = march(
            rays[alive],
            start,
            end,
            bounds_m=bounds_m,
            occupancy=field.occupancy,
            step_m=step_m,
        )
        if len(samples):
            its_ray = alive[samples.ray]
            under, colors = context_at(context, its_ray), None
            if isinstance(field, DensityWithColor):
                density, colors = field.raw_density_and_color(
                    samples.coordinates, rays.directions[its_ray], under
                )
            else:
                density = field.raw_density(samples.coordinates, under)
            depth = density * step_m
            weights, transmittance = weights_of(depth, samples.ray, len(alive))
            before = passing[its_ray]
            weights, reached = weights * before, transmittance * before
            seen = (weights > FAINT).nonzero()[:, 0]
            ray, coordinates = its_ray[seen], samples.coordinates[seen]
            under = context_at(context, ray)
            if colors is None:
                color = field.raw_color(coordinates, rays.directions[ray], under)
            else:
                color = colors[seen]
            rgb.index_add_(0, ray, weights[seen, None] * color)
            if normals:
                outward = _outward(field, coordinates, under, bounds_m)
                directions.index_add_(0, ray, weights[seen, None] * outward)
            after = reached - weights
            # Where half of the light is gone: within a step it falls exponentially.
            halves = (reached > 0.5) & (after <= 0.5)
            share = (2 * reached[halves]).log() / depth[halves].clamp(min=1e-9)
            half_at[its_ray[halves]] = samples.distance_m[halves] + (share - 0.5) * step_m
            gone = add_up(weights, torch.ones_like(weights)[:, None], samples.ray, len(alive))[:, 0]
            passing[alive] = (passing[alive] - gone).clamp(min=0)
        near_m[alive] = near_m[alive] + piece_m
        alive = alive[(near_m[alive] < far_m[alive]) & (passing[alive] > OPAQUE)]
    unit = torch.nn.functional.normalize(directions, dim=1) if normals else None
    return RayColors(rgb, 1 - passing, half_at, unit)


def _outward(
    field: Field, coordinates: Tensor, context: RayContext | None, bounds_m: Float[Tensor, "2 3"]
) -> Tensor:
    """Unit vectors against the gradient of density, by central differences over a voxel."""
    half_size_m = (bounds_m[1] - bounds_m[0]) / 2
    offset = field.voxel_m / float(half_size_m.mean())
    shifts = offset * torch.cat([torch.eye(3), -torch.eye(3)]).to(coordinates)
    places = (coordinates[None] + shifts[:, None]).reshape(-1, 3)
    six_times = torch.arange(len(coordinates), device=coordinates.device).repeat(6)
    around = field.raw_density(places, context_at(context, six_times)).reshape(6, -1)
    slope = (around[:3] - around[3:]).T / half_size_m
    return -torch.nn.functional.normalize(slope, dim=1)
