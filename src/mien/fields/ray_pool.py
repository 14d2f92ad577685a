"""All rays of the training pictures that can meet the head, with what they should see.

Each ray knows between which distances it can still matter: from the first occupied cell to where the present
field lets nothing through. So a step spends its samples near the surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional

from mien.cameras import Camera
from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField
from mien.fields.rendering.ray_marching import Samples, march, weights_of
from mien.fields.rendering.rays import Rays, camera_rays, cross_box

OPAQUE = 2e-3
MARGIN_VOXELS = 5.0
"""How far behind the point where a ray is used up it is still followed."""
_CHUNK_RAYS = 16384


@dataclass
class RayPool:
    """Rays and their pixels.

    Attributes:
        rays: (R,) that cross the box where something may be.
        rgba: (R, 4) what they should see, colours premultiplied by alpha.
        near_m, far_m: (R,) distances between which they are sampled.
        across: (R, 2, 3) how a direction changes to the next pixel, to the right and down.
        picture: (R,) number of the picture.
        known: (R,) how surely alpha is known, in [0, 1]; None: surely. Colours are then not premultiplied:
        they
            show what lies behind, too.
    """

    rays: Rays
    rgba: UInt8[Tensor, "r 4"]
    near_m: Float[Tensor, " r"]
    far_m: Float[Tensor, " r"]
    across: Float[Tensor, "r 2 3"]
    picture: Int[Tensor, " r"]
    known: Float[Tensor, " r"] | None = None

    def __len__(self) -> int:
        return len(self.rays)

    @staticmethod
    def of(images: PosedImages, field: RadianceField, *, keep_all: bool) -> RayPool:
        """Rays of all pixels that meet occupied cells.

        Args:
            keep_all: also those that meet none, where the background is learned.
        """
        origins, directions, colors, nears, fars, steps, numbers, known = [], [], [], [], [], [], [], []
        for number, (camera, rgba) in enumerate(zip(images.cameras, images.rgba, strict=True)):
            rays = camera_rays(camera).to(field.device)
            near_m, far_m = _occupied_stretch(field, rays)
            keep = torch.ones_like(near_m, dtype=torch.bool) if keep_all else far_m > near_m
            if images.mattes:
                matte = images.mattes[number]
                flat = np.concatenate([rgba[..., :3], matte[..., :1]], axis=2)
                sure = torch.from_numpy(matte[..., 1].astype(np.float32) / 255).reshape(-1)
                known.append(sure.to(field.device)[keep])
            else:
                flat = _premultiplied(rgba)
            pixels = torch.from_numpy(flat).reshape(-1, 4).to(field.device)
            numbers.append(torch.full((int(keep.sum()),), number, device=field.device))
            origins.append(rays.origins_m[keep])
            directions.append(rays.directions[keep])
            colors.append(pixels[keep])
            nears.append(near_m[keep])
            fars.append(far_m[keep])
            steps.append(_pixel_steps(camera, rays.directions[keep]))
        rays = Rays(torch.cat(origins), torch.cat(directions))
        return RayPool(
            rays,
            torch.cat(colors),
            torch.cat(nears),
            torch.cat(fars),
            torch.cat(steps),
            torch.cat(numbers),
            torch.cat(known) if known else None,
        )

    def through_pixels(self, index: Tensor, each_way: int, generator: torch.Generator) -> Rays:
        """each_way² rays through every pixel, one after the other, at random places of equal parts of it;
        through the centre when that is one."""
        if each_way == 1:
            return self.rays[index]
        parts = torch.arange(each_way, device=index.device)
        corner = torch.stack(torch.meshgrid(parts, parts, indexing="xy"), dim=-1).reshape(1, -1, 2, 1)
        shape = (len(index), each_way**2, 2, 1)
        place = (corner + torch.rand(shape, generator=generator, device=index.device)) / each_way - 0.5
        offsets = (place * self.across[index][:, None]).sum(dim=2)
        directions = functional.normalize(self.rays.directions[index][:, None] + offsets, dim=2)
        origins_m = self.rays.origins_m[index].repeat_interleave(each_way**2, dim=0)
        return Rays(origins_m, directions.reshape(-1, 3))

    def refresh(self, field: RadianceField) -> None:
        """Measure anew where each ray starts and where it is used up, on cells of the occupancy."""
        occupied = field.occupancy.cells.view(-1).nonzero()[:, 0]
        density = torch.zeros(field.occupancy.size**3, device=field.device)
        with torch.no_grad():
            centres = field.occupancy.centres()[occupied]
            density[occupied] = torch.cat([field.raw_density(some) for some in centres.split(1 << 17)])
        for start in range(0, len(self), _CHUNK_RAYS):
            part = slice(start, start + _CHUNK_RAYS)
            self.near_m[part], self.far_m[part] = _stretch(field, self.rays[part], density)


def _pixel_steps(camera: Camera, directions: Float[Tensor, "r 3"]) -> Float[Tensor, "r 2 3"]:
    """Differences between the directions of neighbouring pixels, for unit directions."""
    world = camera.world_from_camera[:3, :3] @ np.linalg.inv(camera.intrinsics)
    forward = torch.from_numpy(camera.camera_from_world[2, :3].astype(np.float32)).to(directions)
    steps = torch.from_numpy(world[:, :2].T.astype(np.float32)).to(directions)
    return (directions @ forward)[:, None, None] * steps


def _premultiplied(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.uint16)
    colors = (rgba[..., :3] * alpha + 127) // 255
    return np.concatenate([colors, alpha], axis=-1).astype(np.uint8)


def _occupied_stretch(field: RadianceField, rays: Rays) -> tuple[Tensor, Tensor]:
    return _stretch(field, rays, None)


def _stretch(field: RadianceField, rays: Rays, density: Tensor | None) -> tuple[Tensor, Tensor]:
    """Near and far of each ray; equal where it meets nothing. `density` per cell of the occupancy."""
    occupancy = field.occupancy
    step_m = float((2 * field.half_size / occupancy.size).min())
    near_m, far_m = cross_box(rays, field.bounds)
    samples = march(rays, near_m, far_m, bounds_m=field.bounds, occupancy=occupancy, step_m=step_m)
    first = torch.full_like(near_m, torch.inf)
    last = torch.zeros_like(near_m)
    first.scatter_reduce_(0, samples.ray, samples.distance_m, "amin")
    last.scatter_reduce_(0, samples.ray, samples.distance_m, "amax")
    missed = torch.isinf(first)
    first = torch.where(missed, near_m, (first - step_m).clamp(min=0))
    last = torch.where(missed, near_m, torch.minimum(last + step_m, far_m.clamp(min=0)))
    if density is not None:
        last = torch.minimum(last, _used_up(field, samples, density, len(rays), step_m))
    return first, torch.maximum(last, first)


def _used_up(
    field: RadianceField, samples: Samples, density: Tensor, ray_count: int, step_m: float
) -> Tensor:
    """Distance behind which a ray cannot matter, per ray; infinite where it passes."""
    optical = density[field.occupancy.flat_index(samples.coordinates)] * step_m
    weights, transmittance = weights_of(optical, samples.ray, ray_count)
    dark = (transmittance - weights < OPAQUE).nonzero()[:, 0]
    end = torch.full((ray_count,), torch.inf, device=density.device)
    end.scatter_reduce_(0, samples.ray[dark], samples.distance_m[dark], "amin")
    return end + MARGIN_VOXELS * field.voxel_m
