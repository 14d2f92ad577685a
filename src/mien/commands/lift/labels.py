"""`mien lift labels`: 3D pseudo-labels from 2D detections in several views."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import JsonOption
from mien.files import OutputFile


@dataclass(frozen=True)
class LiftLabelsConfig:
    """Detect 2D landmarks in the fixed views of each latent, and lift them to 3D.

    Each latent's landmarks are those that explain its detections best, by views that face them; how well they
    do is printed, and where the generator knows the truth, how far from it they are.
    """

    views: tuple[Path, ...]
    """Folders of posed views (`mien lift views`)."""
    detector: str = "offline"
    """"realtime", "offline", an .onnx file, PACKAGE.MODULE:FUNCTION that takes an (H, W, 3) RGB picture and
    returns (L, 2) pixels or None; or "exact": what the generator knows of each view, as if labelled by
    hand."""
    set: str = "wflw98"
    """Landmark set; of a function's landmarks, how they are to be called."""
    noise_px: float = 0.0
    """Deviation of noise added to the detections, pixels of 224² pictures."""
    all_views: bool = False
    """Lift from the views of random cameras too."""
    out: OutputFile = Path("labels.npz")
    """File for the labels."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Label; returns the exit code."""
    config = parse(LiftLabelsConfig, arguments, prog="mien lift labels")
    import numpy as np

    from mien.datasets.lifting.detectors import make_detector
    from mien.datasets.lifting.labels import EXACT, label_views

    detector = None if config.detector == EXACT else make_detector(config.detector, set_name=config.set)
    with progress_bar("detecting", quiet=config.output.json) as bar:
        labels = label_views(
            config.views,
            detector,
            set_name=config.set,
            detector_name=config.detector,
            noise_px=config.noise_px,
            all_views=config.all_views,
            report=bar,
        )
    labels.save(config.out)
    error = labels.error_mm()
    figures = {
        "latents": len(labels.latents),
        "landmarks": labels.points_m.shape[1],
        "views_per_landmark": float(labels.views.mean()),
        "not_lifted": float(np.isnan(labels.points_m).any(axis=2).mean()),
        "rms_px_per_axis": float(np.sqrt(np.nanmean(labels.rms_px.astype(float) ** 2))),
        "error_mm": None if np.isnan(error).all() else float(np.nanmean(error)),
        "error_mm_median": None if np.isnan(error).all() else float(np.nanmedian(error)),
    }
    if config.output.json:
        return print_json(figures)
    names = {
        "latents": "latents",
        "landmarks": "landmarks",
        "views_per_landmark": "views that a landmark is lifted from",
        "not_lifted": "landmarks that fewer than two views show",
        "rms_px_per_axis": "reprojection, RMS per axis (px at 224²)",
        "error_mm": "3D error, mean (mm)",
        "error_mm_median": "3D error, median (mm)",
    }
    rows = [
        (label, "unknown" if figures[key] is None else f"{figures[key]:.4g}") for key, label in names.items()
    ]
    print_table(("", config.detector), rows, title="Pseudo-labels")
    print_written([config.out], next_step="encode with: mien train encode-lifting")
    return 0
