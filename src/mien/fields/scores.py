"""How well a field shows pictures that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from mien.fields.posed_images import PosedImages
from mien.fields.protocol import Field
from mien.fields.ray_context import RayContext
from mien.fields.rendering.picture import render_field

EDGE_M = 0.02
"""Depths of neighbouring pixels that differ more belong to an edge."""
SUPERSAMPLING = 2
"""Rays a pixel, each way: photographs show means over pixels."""
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class FieldScores:
    """Means over pictures.

    Attributes:
        psnr_db: of whole pictures, those with silhouettes or mattes over white, others over what the field
        has
            behind it.
        foreground_psnr_db: of the pixels inside the silhouette, with mattes of those that are known to be the
            subject; NaN without either. With mattes each picture's exposure is taken out first.
        alpha_error: mean absolute error of alpha; NaN without silhouettes.
        depth_error_mm: mean absolute error of depth where both know one; NaN without true depths.
        depth_median_mm: median of the same.
        surface_depth_error_mm, surface_depth_median_mm: mean and median away from edges: where the true
            depths of a pixel and its eight neighbours are known and lie within 20 mm.
        depth_coverage: fraction of the pixels of known depth at which the field has one.
        pictures: how many were compared.
    """

    psnr_db: float
    foreground_psnr_db: float
    alpha_error: float
    depth_error_mm: float
    depth_median_mm: float
    surface_depth_error_mm: float
    surface_depth_median_mm: float
    depth_coverage: float
    pictures: int


def score_field(
    field: Field, images: PosedImages, *, contexts: Sequence[RayContext] | None = None
) -> FieldScores:
    """Compare a field's pictures with true ones, for example `images.split()[1]`.

    Args:
        contexts: of each picture.
    """
    psnr, inside, alphas, depths, surface, coverage = [], [], [], [], [], []
    each_context = [None] * len(images) if contexts is None else contexts
    mattes = images.mattes or (None,) * len(images)
    for camera, rgba, matte, depth_m, context in zip(
        images.cameras, images.rgba, mattes, images.depths_m, each_context, strict=True
    ):
        own_ground = not images.has_masks and matte is None and _has_ground(field, context)
        seen = render_field(
            field,
            camera,
            context=context,
            background=None if own_ground else WHITE,
            supersampling=SUPERSAMPLING,
        )
        alpha = (rgba[..., 3:] if matte is None else matte[..., :1]) / 255.0
        shown = seen.rgb / 255.0
        known = np.ones(alpha.shape[:2], bool) if matte is None else matte[..., 1] > 127
        wanted = rgba[..., :3] / 255.0
        if matte is not None:
            wanted = wanted * matched_gains(shown, wanted, known & (alpha[..., 0] > 0.9) & (seen.alpha > 0.9))
        wanted = wanted * alpha + (1 - alpha)
        squared = ((shown - wanted) ** 2).mean(axis=2)
        psnr.append(_decibels(squared[known].mean()))
        if matte is not None:
            inside.append(_decibels(squared[known & (alpha[..., 0] > 0.5)].mean()))
        if images.has_masks:
            inside.append(_decibels(squared[alpha[..., 0] > 0.5].mean()))
            alphas.append(np.abs(seen.alpha - alpha[..., 0]).mean())
        if depth_m is not None:
            known &= np.isfinite(depth_m) & (alpha[..., 0] > 0.5)
            both = known & np.isfinite(seen.depth_m)
            error_mm = 1000 * np.abs(seen.depth_m - depth_m)
            depths.append(error_mm[both])
            surface.append(error_mm[both & ~_at_edges(depth_m)])
            coverage.append(both.sum() / max(1, known.sum()))
    depth = np.concatenate(depths) if depths else np.array([np.nan])
    away = np.concatenate(surface) if depths else np.array([np.nan])
    return FieldScores(
        psnr_db=float(np.mean(psnr)),
        foreground_psnr_db=float(np.mean(inside)) if inside else float("nan"),
        alpha_error=float(np.mean(alphas)) if alphas else float("nan"),
        depth_error_mm=float(depth.mean()),
        depth_median_mm=float(np.median(depth)),
        surface_depth_error_mm=float(away.mean()),
        surface_depth_median_mm=float(np.median(away)),
        depth_coverage=float(np.mean(coverage)) if coverage else float("nan"),
        pictures=len(images),
    )


def matched_gains(
    shown: Float[np.ndarray, "h w 3"], wanted: Float[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"]
) -> Float[np.ndarray, " 3"]:
    """By what a picture's channels are multiplied to have the exposure of the field's, by some pixels."""
    if where.sum() < 16:
        return np.ones(3)
    a, b = wanted[where], shown[where]
    return np.clip((a * b).sum(axis=0) / np.maximum((a * a).sum(axis=0), 1e-9), 0.25, 4.0)


def _has_ground(field: Field, context: RayContext | None) -> bool:
    """Whether the field says what is behind it."""
    ahead = torch.tensor([[0.0, 0.0, -1.0]], device=field.device)
    with torch.no_grad():
        return field.behind(ahead, None if context is None else context.to(field.device)) is not None


def _at_edges(depth_m: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Whether the surface ends or jumps within a pixel's neighbours: depth has no one value there."""
    from scipy import ndimage

    spread_m = np.asarray(ndimage.maximum_filter(depth_m, 3)) - np.asarray(ndimage.minimum_filter(depth_m, 3))
    unknown = np.asarray(ndimage.maximum_filter(~np.isfinite(depth_m), 3))
    return np.asarray(unknown, bool) | ~(spread_m < EDGE_M)


def _decibels(mean_square: float) -> float:
    return float(-10 * np.log10(max(float(mean_square), 1e-12)))
