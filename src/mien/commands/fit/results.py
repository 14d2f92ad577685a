"""What `mien fit` writes and says of a fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.commands.fit.options import FitPicturesConfig
    from mien.fitting.results import HeadFit
    from mien.heads.model import Head
    from mien.images.photo import Photo


def write_fit(fit: HeadFit, photo: Photo, head: Head, config: FitPicturesConfig, name: str) -> list[Path]:
    """Write the overlay and the asked formats of one fit, and return their paths."""
    from mien.commands.result_files import write_result_files
    from mien.drawing import draw_fit
    from mien.heads.fittable import without_landmark_points
    from mien.images.writing import write_image

    files: list[Path] = []
    if not config.files.no_overlay:
        files.append(write_image(config.output.out / f"{name}-overlay.png", draw_fit(photo.image, head, fit)))
    bare = without_landmark_points(head)
    return files + write_result_files(
        fit, config.output.out, name, formats=config.files.formats, mesh=config.mesh, head=bare
    )


def row_of(fits: list[HeadFit]) -> tuple[str, ...]:
    """Cells of the summary table for one picture."""
    return (
        str(len(fits)),
        ", ".join(f"{_median_residual_px(fit):.1f}" for fit in fits),
        ", ".join(f"{_distance_m(fit):.2f}" for fit in fits),
        ", ".join(dict.fromkeys(fit.status.value for fit in fits)),
    )


def facts_of(fits: list[HeadFit], head: Head) -> dict[str, Any]:
    """The same for machines."""
    return {
        "head_name": head.name,
        "head_version": head.version,
        "faces": [
            {
                "status": fit.status.name.lower(),
                "iterations": fit.iterations,
                "score": float(fit.landmarks.score),
                "box_px": list(fit.landmarks.box_px),
                "median_residual_px": _median_residual_px(fit),
                "distance_m": _distance_m(fit),
                "focal_px": fit.camera.focal_px,
                "root_rotation": fit.parameters.root_rotation.tolist(),
                "root_translation_m": fit.parameters.root_translation_m.tolist(),
                "expression": {
                    name: float(weight)
                    for name, weight in zip(head.expression_names, fit.parameters.expression, strict=True)
                },
            }
            for fit in fits
        ],
    }


def _median_residual_px(fit: HeadFit) -> float:
    import numpy as np

    return float(np.median(np.linalg.norm(fit.residuals_px, axis=1)))


def _distance_m(fit: HeadFit) -> float:
    """From the camera to the head's origin, along the viewing axis."""
    return float(fit.camera.to_camera(fit.parameters.root_translation_m[None])[0, 2])
