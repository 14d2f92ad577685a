"""`mien fit`: turn each face in a picture into a 3D head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Positional, parse

if TYPE_CHECKING:
    from mien.cameras import Camera
    from mien.commands.batch import Done
    from mien.fitting.results import HeadFit
    from mien.heads.model import Head
    from mien.images.photo import Photo
    from mien.landmarks.landmarker import Landmarker


@dataclass(frozen=True)
class FitConfig:
    """Turn each face in a picture into a 3D head.

    Writes for each face NAME-overlay.png (to judge the fit by eye) and NAME.glb, NAME.json, …; with several
    faces NAME-1, NAME-2, … from the best down.
    """

    pictures: Positional[tuple[Path, ...]]
    """Pictures to read."""
    out: Path = Path("out")
    """Folder for the results; made if missing."""
    formats: tuple[str, ...] = ("glb", "json")
    """Files to write besides the overlay: any of glb obj json npz csv."""
    model: str = "realtime"
    """Landmark network: a shipped one, or the path of an .onnx file."""
    focal_px: float | None = None
    """Focal length in pixels; estimated, starting from the EXIF data, if not given."""
    max_faces: int | None = None
    """Take at most this many faces of each picture, best first."""
    json: bool = False
    """Print one JSON document to stdout and nothing else."""


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    config = parse(FitConfig, arguments, prog="mien fit")

    from mien.commands.batch import check_folder, check_some, report, run_batch
    from mien.commands.faces import check_formats, check_positive
    from mien.heads.library import load_head
    from mien.landmarks.landmarker import Landmarker

    check_some(config.pictures, what="picture", usage="mien fit photo.jpg --out out")
    check_formats(config.formats, known=("glb", "obj", "json", "npz", "csv"))
    check_positive("--focal-px", config.focal_px)
    check_positive("--max-faces", config.max_faces)
    check_folder(config.out)
    landmarker, head = Landmarker(config.model), load_head()
    batch = run_batch(
        config.pictures,
        lambda path, stem: _fit_picture(path, stem, landmarker=landmarker, head=head, config=config),
        label="pictures",
        quiet=config.json,
    )
    return report(
        batch,
        command="fit",
        columns=("faces", "median residual (px)", "distance (m)", "solver"),
        out=config.out,
        next_step=(
            "Look at the -overlay.png to judge the fit; open the .glb in Blender or any glTF viewer "
            "(its shape keys have ARKit names); the .json holds all parameters."
        ),
        as_json=config.json,
    )


def _fit_picture(path: Path, stem: str, *, landmarker: Landmarker, head: Head, config: FitConfig) -> Done:
    from mien.commands.batch import Done
    from mien.commands.faces import no_face
    from mien.fitting.photo import fit_photo
    from mien.images.photo import read_photo

    photo = read_photo(path)
    fits = fit_photo(
        photo.image,
        landmarker=landmarker,
        camera=_camera(photo, config),
        focal_px=photo.focal_px,
        head=head,
        max_faces=config.max_faces,
    )
    if not fits:
        raise no_face(path, photo.image)
    files: list[Path] = []
    for number, fit in enumerate(fits, start=1):
        name = stem if len(fits) == 1 else f"{stem}-{number}"
        if fit.status.usable:
            files += _write(fit, photo, head, config.out, name, config.formats)
    bad = [str(number) for number, fit in enumerate(fits, start=1) if not fit.status.usable]
    problem = (
        f"{path}: the fit of face {', '.join(bad)} failed; try a larger or sharper picture" if bad else None
    )
    return Done(files=tuple(files), row=_row(fits), facts=_facts(fits, head), problem=problem)


def _camera(photo: Photo, config: FitConfig) -> Camera | None:
    """The camera that the user states; otherwise fitting estimates it, starting from the EXIF data."""
    from mien.cameras import Camera
    from mien.fitting.photo import CAMERA_FROM_WORLD

    if config.focal_px is None:
        return None
    height_px, width_px = photo.image.shape[:2]
    return Camera.from_focal(
        config.focal_px, width_px=width_px, height_px=height_px, camera_from_world=CAMERA_FROM_WORLD
    )


def _write(
    fit: HeadFit, photo: Photo, head: Head, out: Path, name: str, formats: tuple[str, ...]
) -> list[Path]:
    from mien.export import export
    from mien.images.writing import write_image
    from mien.pictures import draw_fit

    overlay = write_image(out / f"{name}-overlay.png", draw_fit(photo.image, head, fit))
    return [overlay, *(export(fit, out / f"{name}.{suffix}", head=head) for suffix in formats)]


def _median_residual_px(fit: HeadFit) -> float:
    import numpy as np

    return float(np.median(np.linalg.norm(fit.residuals_px, axis=1)))


def _distance_m(fit: HeadFit) -> float:
    """From the camera to the head's origin, along the viewing axis."""
    return float(fit.camera.to_camera(fit.parameters.root_translation_m[None])[0, 2])


def _row(fits: list[HeadFit]) -> tuple[str, ...]:
    return (
        str(len(fits)),
        ", ".join(f"{_median_residual_px(fit):.1f}" for fit in fits),
        ", ".join(f"{_distance_m(fit):.2f}" for fit in fits),
        ", ".join(dict.fromkeys(fit.status.value for fit in fits)),
    )


def _facts(fits: list[HeadFit], head: Head) -> dict[str, Any]:
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
