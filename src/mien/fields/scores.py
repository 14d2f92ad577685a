"""How well a field shows pictures that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField

EDGE_M = 0.02
"""Depths of neighbouring pixels that differ more belong to an edge."""
SUPERSAMPLING = 2
"""Rays a pixel, each way: photographs show means over pixels."""


@dataclass(frozen=True)
class FieldScores:
    """Means over pictures.

    Attributes:
        psnr_db: of whole pictures, over white.
        foreground_psnr_db: of the pixels inside the silhouette; NaN without silhouettes.
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


def score_field(field: RadianceField, images: PosedImages) -> FieldScores:
    """Compare a field's pictures with true ones, for example `images.split()[1]`."""
    psnr, inside, alphas, depths, surface, coverage = [], [], [], [], [], []
    environment = field.environment is not None and not images.has_masks
    paper = 0 if field.config.background == "black" else 255
    for camera, rgba, depth_m in zip(images.cameras, images.rgba, images.depths_m, strict=True):
        ground = None if environment else (paper, paper, paper)
        seen = field.render(camera, background=ground, supersampling=SUPERSAMPLING)
        alpha = rgba[..., 3:] / 255.0
        wanted = rgba[..., :3] / 255.0 * alpha + (1 - alpha) * paper / 255
        squared = ((seen.rgb / 255.0 - wanted) ** 2).mean(axis=2)
        psnr.append(_decibels(squared.mean()))
        if images.has_masks:
            inside.append(_decibels(squared[alpha[..., 0] > 0.5].mean()))
            alphas.append(np.abs(seen.alpha - alpha[..., 0]).mean())
        if depth_m is not None:
            known = np.isfinite(depth_m) & (alpha[..., 0] > 0.5)
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


def _at_edges(depth_m: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Whether the surface ends or jumps within a pixel's neighbours: depth has no one value there."""
    from scipy import ndimage

    spread_m = np.asarray(ndimage.maximum_filter(depth_m, 3)) - np.asarray(ndimage.minimum_filter(depth_m, 3))
    unknown = np.asarray(ndimage.maximum_filter(~np.isfinite(depth_m), 3))
    return np.asarray(unknown, bool) | ~(spread_m < EDGE_M)


def _decibels(mean_square: float) -> float:
    return float(-10 * np.log10(max(float(mean_square), 1e-12)))
