"""Gaussians in a picture, blended from front to back, with gradients (Kerbl et al. 2023, section 6)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numba import njit
from torch import Tensor

FAINTEST_ALPHA = 1.0 / 255
"""What takes less of a pixel is left out."""
LARGEST_ALPHA = 0.99
HIDDEN = 1e-3
"""Where less light comes through, nothing behind is looked at."""


def composite(
    centres_px: Float[Tensor, "n 2"],
    inverse_covariances: Float[Tensor, "n 3"],
    opacities: Float[Tensor, " n"],
    values: Float[Tensor, "n c"],
    *,
    depths_m: Float[Tensor, " n"],
    radii_px: Int[Tensor, " n"],
    height_px: int,
    width_px: int,
) -> Float[Tensor, "height width c"]:
    """Add up what Gaussians show, the nearest first.

    Args:
        centres_px: pixels, (0, 0) the centre of the top-left one.
        inverse_covariances: xx, xy and yy of the inverse, 1/pixels².
        opacities: at the centres, in (0, 1).
        values: to be added up, for example RGB and 1.
        depths_m: by which they are sorted.
        radii_px: beyond which nothing of them is drawn; 0 leaves one out.

    Returns:
        (height, width, c) sums; pixels that nothing covers are 0.
    """
    with torch.no_grad():
        x, y = centres_px.T
        inside = (
            (radii_px > 0)
            & (x + radii_px >= 0)
            & (y + radii_px >= 0)
            & (x - radii_px <= width_px - 1)
            & (y - radii_px <= height_px - 1)
        )
        order = torch.argsort(depths_m)
        order = order[inside[order]].numpy()
    composited: Any = _Composite.apply(
        centres_px, inverse_covariances, opacities, values, order, radii_px.numpy(), (height_px, width_px)
    )
    return composited


class _Composite(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        *tensors, order, radii, size = given
        arrays = [np.ascontiguousarray(each.detach().numpy()) for each in tensors]
        picture, light, last = _blend(order, *arrays, radii, *size)
        ctx.kept = arrays, order, radii, size, light, last
        return torch.from_numpy(picture)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        arrays, order, radii, size, light, last = ctx.kept
        wanted = np.ascontiguousarray(gradients[0].numpy())
        found = _gradients(order, *arrays, radii, *size, light, last, wanted)
        return (*(torch.from_numpy(each) for each in found), None, None, None)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """By numba, kept for the next start; without what tests wrap around functions."""
    return njit(cache=True, fastmath=True, nogil=True)(inspect.unwrap(function))


@_compiled
def _blend(order, centres, inverse, opacities, values, radii, height, width):
    channels = values.shape[1]
    picture = np.zeros((height, width, channels), np.float32)
    light = np.ones((height, width), np.float32)
    last = np.full((height, width), -1, np.int32)
    for place in range(len(order)):
        index = order[place]
        radius, u, v = radii[index], centres[index, 0], centres[index, 1]
        xx, xy, yy = inverse[index, 0], inverse[index, 1], inverse[index, 2]
        for y in range(max(0, math.ceil(v - radius)), min(height - 1, math.floor(v + radius)) + 1):
            dy = y - v
            for x in range(max(0, math.ceil(u - radius)), min(width - 1, math.floor(u + radius)) + 1):
                before = light[y, x]
                if before < HIDDEN:
                    continue
                dx = x - u
                alpha = opacities[index] * math.exp(-(0.5 * (xx * dx * dx + yy * dy * dy) + xy * dx * dy))
                if alpha < FAINTEST_ALPHA:
                    continue
                alpha = min(alpha, LARGEST_ALPHA)
                weight = alpha * before
                for channel in range(channels):
                    picture[y, x, channel] += weight * values[index, channel]
                light[y, x] = before * (1 - alpha)
                last[y, x] = place
    return picture, light, last


@_compiled
def _gradients(
    order, centres, inverse, opacities, values, radii, height, width, light, last, wanted
):  # fmt: skip
    """Of centres, inverse covariances, opacities and values.

    From the back to the front; how much light had come through is found again by dividing.
    """
    count, channels = values.shape
    of_centres, of_inverse = np.zeros((count, 2), np.float32), np.zeros((count, 3), np.float32)
    of_opacities, of_values = np.zeros(count, np.float32), np.zeros((count, channels), np.float32)
    behind = np.zeros((height, width), np.float32)
    light = light.copy()
    for place in range(len(order) - 1, -1, -1):
        index = order[place]
        radius, u, v = radii[index], centres[index, 0], centres[index, 1]
        xx, xy, yy = inverse[index, 0], inverse[index, 1], inverse[index, 2]
        for y in range(max(0, math.ceil(v - radius)), min(height - 1, math.floor(v + radius)) + 1):
            dy = y - v
            for x in range(max(0, math.ceil(u - radius)), min(width - 1, math.floor(u + radius)) + 1):
                if place > last[y, x]:
                    continue  # hidden by what lies before it
                dx = x - u
                share = math.exp(-(0.5 * (xx * dx * dx + yy * dy * dy) + xy * dx * dy))
                alpha = opacities[index] * share
                if alpha < FAINTEST_ALPHA:
                    continue
                capped = alpha > LARGEST_ALPHA
                alpha = min(alpha, LARGEST_ALPHA)
                before = light[y, x] / (1 - alpha)
                light[y, x] = before
                weight = alpha * before
                towards = np.float32(0)
                for channel in range(channels):
                    towards += wanted[y, x, channel] * values[index, channel]
                    of_values[index, channel] += weight * wanted[y, x, channel]
                of_alpha = before * towards - behind[y, x] / (1 - alpha)
                behind[y, x] += weight * towards
                if capped:
                    continue
                of_opacities[index] += of_alpha * share
                of_power = of_alpha * alpha
                of_centres[index, 0] += of_power * (xx * dx + xy * dy)
                of_centres[index, 1] += of_power * (yy * dy + xy * dx)
                of_inverse[index, 0] -= of_power * 0.5 * dx * dx
                of_inverse[index, 1] -= of_power * dx * dy
                of_inverse[index, 2] -= of_power * 0.5 * dy * dy
    return of_centres, of_inverse, of_opacities, of_values
