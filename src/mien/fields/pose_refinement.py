"""The camera of a picture by a field that is known: the pose from which the field looks like the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.picture_corrections import PictureCorrections
from mien.fields.radiance_field import RadianceField
from mien.fields.rendering.ray_marching import add_up, march, weights_of
from mien.fields.rendering.rays import Rays, camera_rays, cross_box
from mien.learning.few_values import FewValues


@dataclass(frozen=True)
class PoseRefinement:
    """How a pose is looked for."""

    steps: int = 80
    """Of the optimiser."""
    rays: int = 1024
    """In each step."""
    rate: float = 2e-3
    """Learning rate at the start: of turns in radians, of shifts in half sides of the box."""


@checked_call
def refined_camera(
    field: RadianceField,
    camera: Camera,
    image: UInt8[np.ndarray, "height width 3"],
    inside: Bool[np.ndarray, "height width"],
    *,
    config: PoseRefinement | None = None,
) -> Camera:
    """A camera that was nearly right, moved until the field's colours are the picture's.

    The picture's exposure is found besides. Pixels at the silhouette's edge say nothing here: give those that
    surely show the subject.

    Args:
        camera: as believed, in the field's world.
        inside: pixels that show what the field is of.

    Raises:
        InputError: fewer than 64 pixels are inside.
    """
    config = config or PoseRefinement()
    pixels = np.argwhere(inside)[:, ::-1]
    if len(pixels) < 64:
        raise InputError(f"only {len(pixels)} pixels show the subject; 64 are needed", source="inside")
    wanted = torch.from_numpy(image[inside].astype(np.float32) / 255).to(field.device)
    rays = camera_rays(camera, np.ascontiguousarray(pixels)).to(field.device)
    corrections = PictureCorrections(1, unit_m=float(field.half_size.mean()), exposure=True, cameras=True)
    corrections = corrections.to(field.device)
    pose = FewValues(list(corrections.parameters()), rate=config.rate)
    generator = torch.Generator().manual_seed(0)
    for step in range(config.steps):
        pose.set_rate(config.rate * 0.1 ** (step / config.steps))
        index = torch.randint(len(wanted), (config.rays,), generator=generator).to(field.device)
        moved = corrections.moved(rays[index], torch.zeros_like(index))
        gathered = _gathered(field, moved)
        # `exposed` keeps the mean of all pictures, which is this one
        shown = gathered[:, :3] * corrections.log_gain.exp()
        seen = gathered[:, 3:].detach() > 0.5
        error = (shown - wanted[index]).abs() * seen
        pose.descend(error.mean())
    return corrections.cameras_of([camera])[0]


def _gathered(field: RadianceField, rays: Rays) -> Float[Tensor, "r 4"]:
    """Premultiplied colour and alpha along rays; gradients reach the rays."""
    with torch.no_grad():
        near_m, far_m = cross_box(rays, field.bounds)
    samples = march(
        rays,
        near_m,
        far_m.clamp(min=0),
        bounds_m=field.bounds,
        occupancy=field.occupancy,
        step_m=field.step_m,
    )
    density = field.raw_density(samples.coordinates)
    weights, _ = weights_of(density * field.step_m, samples.ray, len(rays))
    kept = (weights.detach() > 1e-3).nonzero()[:, 0]
    ray = samples.ray.index_select(0, kept)
    color = field.raw_color(
        samples.coordinates.index_select(0, kept), rays.directions.index_select(0, ray).detach()
    )
    values = torch.cat([color, torch.ones_like(color[:, :1])], dim=1)
    return add_up(weights.index_select(0, kept), values, ray, len(rays))
