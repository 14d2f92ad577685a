"""`mien fit`: turn each face in a picture into a 3D head."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Positional, parse
from mien.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from mien.commands.batch import Done
    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.results import HeadFit
    from mien.heads.model import Head
    from mien.images.photo import Photo
    from mien.landmarks.landmarker import Landmarker


@dataclass(frozen=True)
class FitConfig:
    """Turn each face in a picture into a 3D head.

    Writes for each face NAME-overlay.png (to judge the fit by eye) and NAME.glb, NAME.json, …; with several
    faces NAME-1, NAME-2, … from the best down. With --together the pictures show one person, who gets one
    shape; with --identity a person from an earlier fit.
    """

    pictures: Positional[tuple[Path, ...]]
    """Pictures to read."""
    out: Path = Path("out")
    """Folder for the results; made if missing."""
    formats: tuple[str, ...] = ("glb", "json")
    """Files to write besides the overlay: any of glb obj json npz csv."""
    no_overlay: bool = False
    """Leave out the overlay pictures, which take longer than the fit."""
    model: str = "realtime"
    """Landmark network: a shipped one, or the path of an .onnx file."""
    focal_px: float | None = None
    """Focal length in pixels; estimated, starting from the EXIF data, if not given. (With --together a close
    guess, refined.)"""
    fov_deg: float | None = None
    """The same as a field of view across the picture's width, degrees."""
    identity: Path | None = None
    """This person again: the .json or .npz of an earlier fit or track. Each picture's best face gets that
    shape."""
    together: bool = False
    """The pictures show one person: fit one shape to all, to the best face of each."""
    cameras: Path | None = None
    """With --together: known cameras of the pictures (nerfstudio's transforms.json, a COLMAP text folder or
    an OpenCV file); pictures are found in it by their names."""
    metres_per_unit: float = 1.0
    """Metres per unit of the world of --cameras."""
    same_moment: Literal["auto", "yes", "no"] = "auto"
    """With --together: whether pose and expression are the same in all pictures too. auto: with --cameras."""
    same_camera: bool = False
    """With --together and without --cameras: all pictures have one focal length."""
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
    check_options(config)
    check_positive("--max-faces", config.max_faces)
    check_folder(config.out)
    landmarker, head = Landmarker(config.model), load_head()
    if config.together:
        from mien.commands.fit_together import fit_together

        batch = fit_together(config, landmarker=landmarker, head=head)
    else:
        identity = None if config.identity is None else read_identity(config.identity, head)
        batch = run_batch(
            config.pictures,
            lambda path, stem: _fit_picture(
                path, stem, landmarker=landmarker, head=head, config=config, identity=identity
            ),
            label="pictures",
            quiet=config.json,
        )
    return report(
        batch,
        command="fit",
        columns=("faces", "median residual (px)", "distance (m)", "solver"),
        out=config.out,
        next_step=_next_step(config),
        as_json=config.json,
    )


def _next_step(config: FitConfig) -> str:
    hints = []
    if not config.no_overlay:
        hints.append("look at the -overlay.png to judge the fit")
    if "glb" in config.formats:
        hints.append("open the .glb in Blender or any glTF viewer (its shape keys have ARKit names)")
    if "json" in config.formats:
        hints.append("the .json holds all parameters")
    sentence = "; ".join(hints)
    return sentence[:1].upper() + sentence[1:] + "." if hints else ""


def _fit_picture(
    path: Path,
    stem: str,
    *,
    landmarker: Landmarker,
    head: Head,
    config: FitConfig,
    identity: np.ndarray | None,
) -> Done:
    from mien.commands.batch import Done
    from mien.commands.faces import no_face
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_photo
    from mien.images.photo import read_photo

    photo = read_photo(path)
    fits = fit_photo(
        photo.image,
        camera=_camera(photo, config),
        max_faces=config.max_faces if identity is None else 1,
        identity=identity,
        context=Context(head=head, landmarker=landmarker),
    )
    if not fits:
        raise no_face(path, photo.image)
    files: list[Path] = []
    for number, fit in enumerate(fits, start=1):
        name = stem if len(fits) == 1 else f"{stem}-{number}"
        if fit.status.usable:
            files += write_fit(fit, photo, head, config, name)
    bad = [str(number) for number, fit in enumerate(fits, start=1) if not fit.status.usable]
    problem = (
        f"{path}: the fit of face {', '.join(bad)} failed; try a larger or sharper picture" if bad else None
    )
    return Done(files=tuple(files), row=row_of(fits), facts=facts_of(fits, head), problem=problem)


def _camera(photo: Photo, config: FitConfig) -> CameraPrior:
    """The camera that the user states; otherwise fitting estimates it, starting from the EXIF data."""
    from mien.fitting.camera_prior import CameraPrior

    stated = stated_camera(photo, config)
    return CameraPrior.of_photo(photo) if stated is None else CameraPrior.known(stated.camera)


def stated_camera(photo: Photo, config: FitConfig) -> CameraPrior | None:
    """A camera near the focal length that the user states; None where nothing is stated."""
    from mien.fitting.camera_prior import CameraPrior

    height_px, width_px = photo.image.shape[:2]
    focal_px = config.focal_px
    if config.fov_deg is not None:
        focal_px = width_px / 2 / math.tan(math.radians(config.fov_deg) / 2)
    if focal_px is None:
        return None
    return CameraPrior.near(focal_px, width_px=width_px, height_px=height_px)


def check_options(config: FitConfig) -> None:
    """Complain about options that contradict each other, before any work is done.

    Raises:
        InputError: they do, or a number is out of its range.
    """
    if config.fov_deg is not None and not 0 < config.fov_deg < 180:
        raise InputError(f"--fov-deg: must be between 0 and 180, not {config.fov_deg:g}")
    if not config.metres_per_unit > 0:
        raise InputError(f"--metres-per-unit: must be above 0, not {config.metres_per_unit:g}")
    stated = [name for name in ("focal_px", "fov_deg", "cameras") if getattr(config, name) is not None]
    if len(stated) > 1:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in stated)
        raise InputError(f"{options} both state the focal length; give one of them")
    if config.together and config.identity is not None:
        raise InputError("--together finds out who it is, --identity knows it; give one of them")
    needs = {
        "--cameras": config.cameras is not None,
        "--same-moment": config.same_moment != "auto",
        "--same-camera": config.same_camera,
    }
    lonely = [option for option, given in needs.items() if given and not config.together]
    if lonely:
        raise InputError(f"{lonely[0]} needs --together: it is about several pictures of one person")
    if config.same_camera and config.cameras is not None:
        raise InputError("--same-camera is for unknown cameras; with --cameras leave it out")


def read_identity(path: Path, head: Head) -> np.ndarray:
    """Who it is, from the file of an earlier fit or track.

    Raises:
        InputError: the file is neither, or belongs to another head.
    """
    from mien.exporters.saved import read_fit, read_track

    try:
        saved, identity = (fit := read_fit(path)), fit.parameters.identity
    except InputError as error:
        try:
            saved, identity = (track := read_track(path)), track.identity
        except InputError:
            raise error from None
    if (saved.head_name, len(identity)) != (head.name, head.identity_count):
        raise InputError(
            f"is of the head {saved.head_name} {saved.head_version}, not of {head.name} {head.version}; "
            "fit that person again",
            source=path,
        )
    return identity


def write_fit(fit: HeadFit, photo: Photo, head: Head, config: FitConfig, name: str) -> list[Path]:
    """Write the overlay and the asked formats of one fit, and return their paths."""
    from mien.drawing import draw_fit
    from mien.exporters.files import export
    from mien.images.writing import write_image

    files: list[Path] = []
    if not config.no_overlay:
        files.append(write_image(config.out / f"{name}-overlay.png", draw_fit(photo.image, head, fit)))
    return files + [export(fit, config.out / f"{name}.{suffix}", head=head) for suffix in config.formats]


def _median_residual_px(fit: HeadFit) -> float:
    import numpy as np

    return float(np.median(np.linalg.norm(fit.residuals_px, axis=1)))


def _distance_m(fit: HeadFit) -> float:
    """From the camera to the head's origin, along the viewing axis."""
    return float(fit.camera.to_camera(fit.parameters.root_translation_m[None])[0, 2])


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
