"""How well a field shows pictures that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField


@dataclass(frozen=True)
class FieldScores:
    """Means over pictures.

    Attributes:
        psnr_db: of whole pictures, over white.
        foreground_psnr_db: of the pixels inside the silhouette; NaN without silhouettes.
        alpha_error: mean absolute error of alpha; NaN without silhouettes.
        depth_error_mm: mean absolute error of depth where both know one; NaN without true depths.
        depth_median_mm: median of the same.
        depth_coverage: fraction of the pixels of known depth at which the field has one.
        pictures: how many were compared.
    """

    psnr_db: float
    foreground_psnr_db: float
    alpha_error: float
    depth_error_mm: float
    depth_median_mm: float
    depth_coverage: float
    pictures: int


def score_field(field: RadianceField, images: PosedImages) -> FieldScores:
    """Compare a field's pictures with true ones, for example `images.split()[1]`."""
    psnr, inside, alphas, depths, coverage = [], [], [], [], []
    environment = field.environment is not None and not images.has_masks
    paper = 0 if field.config.background == "black" else 255
    for camera, rgba, depth_m in zip(images.cameras, images.rgba, images.depths_m, strict=True):
        seen = field.render(camera, background=None if environment else (paper, paper, paper))
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
            depths.append(1000 * np.abs(seen.depth_m - depth_m)[both])
            coverage.append(both.sum() / max(1, known.sum()))
    depth = np.concatenate(depths) if depths else np.array([np.nan])
    return FieldScores(
        psnr_db=float(np.mean(psnr)),
        foreground_psnr_db=float(np.mean(inside)) if inside else float("nan"),
        alpha_error=float(np.mean(alphas)) if alphas else float("nan"),
        depth_error_mm=float(depth.mean()),
        depth_median_mm=float(np.median(depth)),
        depth_coverage=float(np.mean(coverage)) if coverage else float("nan"),
        pictures=len(images),
    )


def _decibels(mean_square: float) -> float:
    return float(-10 * np.log10(max(float(mean_square), 1e-12)))
