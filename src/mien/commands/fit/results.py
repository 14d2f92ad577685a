"""What `mien fit` writes and says of a fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.commands.fit.options import FitPicturesConfig
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.fitting.results import HeadFit
    from mien.heads.model import Head
    from mien.images.photo import Photo
    from mien.least_squares.solution import Status
    from mien.looks.head_look import PersonLook


def write_fit(
    fit: HeadFit,
    photo: Photo,
    head: Head,
    config: FitPicturesConfig,
    name: str,
    *,
    person: PersonLook | None,
    picture: int = 0,
    rest: NeutralBaseline | None = None,
) -> list[Path]:
    """Write the overlays and the asked formats of one fit, and return their paths.

    Args:
        person: how the head looks; None for plain colours.
        picture: which of the pictures that the look was made from this is.
        rest: the person's weights at rest, to be taken off.
    """
    from mien.commands.result_files import dressed, write_result_files
    from mien.drawing import draw_fit, draw_look_sheet
    from mien.heads.fittable import without_landmark_points
    from mien.images.writing import write_image

    files: list[Path] = []
    shown, look = dressed(without_landmark_points(head), person, config.looks)
    if not config.files.no_overlay:
        files.append(write_image(config.output.out / f"{name}-overlay.png", draw_fit(photo.image, head, fit)))
        if person is not None and look is not None:
            sheet = draw_look_sheet(photo.image, shown, fit, look, light=person.lights[picture])
            files.append(write_image(config.output.out / f"{name}-look.png", sheet))
    return files + write_result_files(
        fit,
        config.output.out,
        name,
        formats=config.files.formats,
        mesh=config.mesh,
        head=shown,
        look=look,
        rest=rest,
    )


def look_of(
    fits: list[HeadFit], photos: list[Photo], head: Head, config: FitPicturesConfig
) -> PersonLook | None:
    """How a person looks in one picture or several; None where nobody would see it."""
    from mien.looks.head_look import person_look

    shown = not config.files.no_overlay or bool({"glb", "obj"} & set(config.files.formats))
    if config.looks.texture == "none" or not shown:
        return None
    return person_look(
        fits,
        [photo.image for photo in photos],
        texture=config.looks.texture,
        size_px=config.looks.texture_size,
        head=head,
    )


def row_of(fits: list[HeadFit]) -> tuple[str, ...]:
    """Cells of the summary table for one picture."""
    return (
        str(len(fits)),
        ", ".join(f"{_median_residual_px(fit):.1f}" if fit.status.usable else "–" for fit in fits),
        ", ".join(f"{_distance_m(fit):.2f}" if fit.status.usable else "–" for fit in fits),
        ", ".join(dict.fromkeys(_in_a_word(fit.status) for fit in fits)),
    )


def _in_a_word(status: Status) -> str:
    return "implausible" if status.name == "IMPLAUSIBLE" else status.value


def facts_of(fits: list[HeadFit], head: Head) -> dict[str, Any]:
    """The same for machines."""
    return {
        "head_name": head.name,
        "head_version": head.version,
        "faces": [
            {
                "status": fit.status.name.lower(),
                "reason": fit.reason,
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

    known_px = np.linalg.norm(fit.residuals_px, axis=1)
    known_px = known_px[np.isfinite(known_px)]
    return float(np.median(known_px)) if len(known_px) else float("nan")


def _distance_m(fit: HeadFit) -> float:
    """From the camera to the head's origin, along the viewing axis."""
    return float(fit.camera.to_camera(fit.parameters.root_translation_m[None])[0, 2])
