"""`mien field train`: a radiance field from posed pictures."""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Positional, parse

if TYPE_CHECKING:
    from mien.fields.config import FieldConfig
    from mien.fields.posed_images import PosedImages


@dataclass(frozen=True)
class FieldTrainConfig:
    """Train a radiance field on pictures with known cameras.

    Reads a transforms.json of nerfstudio, Blender or instant-ngp, a COLMAP model in text form, or an OpenCV
    calibration. Silhouettes (alpha or mask_path) make it quicker and better.
    """

    scene: Positional[Path]
    """transforms.json, or the folder that holds it or a COLMAP model."""
    out: Path | None = None
    """Folder of the field; NAME.field in the present folder when left out."""
    preset: Literal["draft", "standard", "quality"] = "standard"
    """draft: seconds; standard: a minute; quality: many minutes, for pictures of 256 pixels and more."""
    representation: Literal["vm", "cp"] | None = None
    """vm (planes and lines) or cp (lines only, smaller and coarser)."""
    density: Literal["relu", "softplus"] | None = None
    """relu: sharp, hollow inside; softplus: solid."""
    background: Literal["auto", "random", "white", "black", "environment"] | None = None
    """What is behind the head: auto takes silhouettes when there are any."""
    iterations: int | None = None
    """Steps, instead of the preset's."""
    side: int | None = None
    """Reduce pictures to this many pixels on their longer side, instead of the preset's."""
    seed: int = 0
    """The same seed and pictures give the same field."""
    start_from: Path | None = None
    """Go on from this field, for example of the same person with another expression: a few seconds."""
    metres_per_unit: float = 1.0
    """Metres per unit of the file's world."""
    axes: Literal["opengl", "opencv"] = "opengl"
    """Axes of the cameras in a transforms.json; nerfstudio's are OpenGL's."""
    ignore_distortion: bool = False
    """Use the pinhole part of lenses that have distortion."""
    use_all: bool = False
    """Train on every picture; else those called val or test, or every eighth, are kept to score the field."""
    device: str = "auto"
    """cpu, cuda, or auto."""
    json: bool = False
    """Print JSON for machines."""


def run(arguments: list[str]) -> int:
    """Train, score on pictures held out, save."""
    config = parse(FieldTrainConfig, arguments, prog="mien field train")
    from mien.commands.display import progress_bar
    from mien.fields.files import load_field, save_field
    from mien.fields.posed_images import load_posed_images
    from mien.fields.scores import score_field
    from mien.fields.train import train_field
    from mien.progress import Progress

    out = config.out or Path(f"{_name(config.scene)}.field")
    start_from = load_field(config.start_from) if config.start_from else None
    settings = _settings(config, start_from.config if start_from else None)
    images = load_posed_images(
        config.scene,
        metres_per_unit=config.metres_per_unit,
        ignore_distortion=config.ignore_distortion,
        axes=config.axes,
        longest_side_px=settings.picture_side_px,
    )
    for warning in images.warnings:
        print(f"mien field train: note: {warning}", file=sys.stderr)
    train, held_out = (images, None) if config.use_all else _parts(images)
    with progress_bar("train", quiet=config.json) as report:
        field = train_field(
            train,
            settings,
            start_from=start_from,
            device=config.device,
            progress=lambda step: report(Progress(step.iteration, step.iterations)),
        )
    save_field(field, out)
    facts: dict[str, Any] = {
        "field": str(out),
        "training": dataclasses.asdict(field.facts.training),
        "bounds_m": field.bounds_m.tolist(),
        "warnings": list(images.warnings),
    }
    if held_out is not None:
        facts["held_out"] = dataclasses.asdict(score_field(field, held_out))
    if config.json:
        print(json.dumps(_plain(facts)))
        return 0
    training = field.facts.training
    print(
        f"{training.iterations} steps on {training.views} pictures in {training.seconds:.0f} s, "
        f"{training.psnr_db:.1f} dB on them"
    )
    if held_out is not None:
        print(_line(facts["held_out"]))
    print(f"field written to {out}{'/' if out.is_dir() else ''}")
    print(f"look at it with: mien field render {out}")
    return 0


def _name(scene: Path) -> str:
    """A folder's name says more than transforms.json."""
    resolved = scene.resolve()
    return resolved.parent.name if resolved.suffix == ".json" else resolved.name


def _settings(config: FieldTrainConfig, started: FieldConfig | None) -> FieldConfig:
    from mien.fields.config import FieldConfig
    from mien.fields.train import REFINE_ITERATIONS

    changes: dict[str, Any] = {"seed": config.seed}
    for name, value in (
        ("representation", config.representation),
        ("density_activation", config.density),
        ("background", config.background),
        ("iterations", config.iterations),
        ("picture_side_px", config.side),
    ):
        if value is not None:
            changes[name] = value
    if started is None:
        return dataclasses.replace(FieldConfig.preset(config.preset), **changes)
    settings = started.for_refinement(iterations=REFINE_ITERATIONS)
    return dataclasses.replace(settings, background="auto", **changes)


def _parts(images: PosedImages) -> tuple[PosedImages, PosedImages | None]:
    train, held_out = images.split()
    return (train, held_out) if len(train) >= 2 else (images, None)


def _line(scores: dict[str, float]) -> str:
    text = f"on {scores['pictures']} pictures held out: {scores['psnr_db']:.1f} dB"
    if scores["foreground_psnr_db"] == scores["foreground_psnr_db"]:
        text += f" ({scores['foreground_psnr_db']:.1f} dB inside the silhouette)"
    if scores["depth_error_mm"] == scores["depth_error_mm"]:
        text += f", depth off by {scores['depth_error_mm']:.1f} mm (median {scores['depth_median_mm']:.1f})"
        away, middle = scores["surface_depth_error_mm"], scores["surface_depth_median_mm"]
        text += f", {away:.1f} mm (median {middle:.1f}) away from edges"
    return text


def _plain(value: Any) -> Any:
    """JSON knows no NaN."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and value != value else value
