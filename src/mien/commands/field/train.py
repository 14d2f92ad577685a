"""`mien field train`: a radiance field from posed pictures."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Flat, Positional, option_value, parse
from mien.commands.display import note, print_json
from mien.commands.options import DeviceOption, JsonOption, ResumeOption, TrainingTimeOptions, UnitOption
from mien.commands.train.display import training_bar
from mien.fields.config import PRESETS, FieldConfig

if TYPE_CHECKING:
    import numpy as np

    from mien.fields.head_capture import HeadCapture
    from mien.fields.posed_images import PosedImages
    from mien.fields.radiance_field import RadianceField
    from mien.fields.unposed_images import UnposedCapture


@dataclass(frozen=True)
class FieldTrainConfig:
    """Train a radiance field on pictures with known cameras.

    Reads a transforms.json of nerfstudio, Blender or instant-ngp, a COLMAP model, or an OpenCV calibration.
    Silhouettes (alpha or mask_path) make it quicker and better. Pictures without them are searched for a
    person: the field is then of the head that most of them show, wherever it is, and what surrounds it is
    told apart. Interrupted with Ctrl-C or in any other way, the same command with --resume goes on.
    """

    scene: Positional[Path]
    """transforms.json, or the folder that holds it or a COLMAP model; or a video, or a folder of pictures
    without cameras, of somebody who holds still."""
    settings: Flat[FieldConfig] = FieldConfig()
    """Of the preset, or with --start-from those of that field with few steps; any can be changed."""
    out: Path | None = None
    """Folder of the field; NAME.field in the present folder when left out. Until it is done, checkpoints lie
    beside it in OUT.training."""
    preset: Literal["draft", "standard", "quality"] = "standard"
    """draft: seconds; standard: a minute; quality: many minutes, for pictures of 256 pixels and more."""
    start_from: Path | None = None
    """Go on from this field, for example of the same person with another expression: a few seconds."""
    units: Flat[UnitOption] = UnitOption()
    axes: Literal["opengl", "opencv"] = "opengl"
    """Axes of the cameras in a transforms.json; nerfstudio's are OpenGL's."""
    ignore_distortion: bool = False
    """Use the pinhole part of lenses that have distortion, instead of undistorting the pictures."""
    paths_outside: bool = False
    """Let the file of cameras name pictures outside its folder."""
    box: tuple[float, float, float, float, float, float] | None = None
    """Lower and upper corner of the field's box, x y z x y z in the file's unit, instead of one that is
    found."""
    whole_scene: bool = False
    """Of all that the cameras see: look for no head."""
    head_box: bool = False
    """Look for a head although the pictures have silhouettes, and take its box: of somebody whole, for
    example."""
    use_all: bool = False
    """Train on every picture; else those called val or test, or every eighth, are kept to score the field."""
    time: Flat[TrainingTimeOptions] = TrainingTimeOptions()
    progress: Flat[ResumeOption] = ResumeOption()
    where: Flat[DeviceOption] = DeviceOption("auto")
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Train, score on pictures held out, save."""
    start_from, settings = _start(arguments)
    config = parse(FieldTrainConfig, arguments, prog="mien field train", settings=settings)
    from mien.fields.files import check_field_place, save_field
    from mien.fields.posed_images import load_posed_images
    from mien.fields.scores import score_field
    from mien.fields.train import train_field

    out = config.out or Path(f"{_name(config.scene)}.field")
    folder = out.with_name(f"{out.name}.training")
    check_field_place(out)
    unposed = _unposed(config)
    if unposed is not None:
        images = unposed.images
    else:
        images = load_posed_images(
            config.scene,
            metres_per_unit=config.units.metres_per_unit,
            ignore_distortion=config.ignore_distortion,
            axes=config.axes,
            longest_side_px=config.settings.picture_side_px,
            paths_outside=config.paths_outside,
        )
    for warning in images.warnings:
        note(f"mien field train: note: {warning}")
    capture = _focused(images, config, unposed)
    if capture is not None:
        images = capture.images
        for sentence in capture.facts.assumed:
            note(f"mien field train: {sentence}")
    train, held_out = (images, None) if config.use_all else _parts(images)
    settings = config.settings
    if capture is not None and not images.has_masks:
        settings = dataclasses.replace(settings, each_exposure=True)
    with training_bar("train", out=folder, quiet=config.output.json) as report:
        field = train_field(
            train if capture is None else dataclasses.replace(capture, images=train),
            settings,
            bounds_m=None if config.box is None else _box(config.box) * images.metres_per_unit,
            start_from=start_from,
            device=config.where.device,
            max_minutes=config.time.max_minutes,
            out=folder,
            resume=config.progress.resume,
            checkpoint_minutes=config.time.checkpoint_minutes,
            report=report,
        )
    save_field(field, out)
    _remove_training(folder)
    facts: dict[str, Any] = {
        "field": str(out),
        "training": dataclasses.asdict(field.facts.training),
        "bounds_m": field.bounds_m.tolist(),
        "warnings": list(images.warnings),
    }
    if field.facts.capture is not None:
        facts["capture"] = dataclasses.asdict(field.facts.capture)
    if held_out is not None:
        facts["held_out"] = dataclasses.asdict(score_field(field, held_out))
    if config.output.json:
        return print_json(facts)
    training = field.facts.training
    print(
        f"{training.iterations} steps on {training.views} pictures in {training.seconds:.0f} s, "
        f"{training.psnr_db:.1f} dB on them"
    )
    if held_out is not None:
        print(_line(facts["held_out"]))
    print(f"field written to {out}{'/' if out.is_dir() else ''}")
    print(f"look at it with: mien field render {out}")
    print(f"landmarks of a head in it: mien field landmarks {out}{_photographs(config, capture)}")
    return 0


def _photographs(config: FieldTrainConfig, capture: HeadCapture | None) -> str:
    """How the pictures are named once more; a capture's field remembers them."""
    if capture is not None:
        return ""
    unit = config.units.metres_per_unit
    return f" --photographs {config.scene}" + ("" if unit == 1 else f" --metres-per-unit {unit:g}")


def _unposed(config: FieldTrainConfig) -> UnposedCapture | None:
    """Pictures with cameras that were found for them; None where a file has the cameras."""
    from mien.commands.display import progress_bar
    from mien.fields.unposed_images import holds_no_cameras, load_unposed_images

    if not holds_no_cameras(config.scene):
        return None
    with progress_bar("cameras", quiet=config.output.json) as report:
        unposed = load_unposed_images(config.scene, report=report)
    for sentence in unposed.person.sentences():
        note(f"mien field train: {sentence}")
    return unposed


def _focused(
    images: PosedImages, config: FieldTrainConfig, unposed: UnposedCapture | None
) -> HeadCapture | None:
    """The head of a capture without silhouettes; None where the silhouettes, or the user, say what is
    meant."""
    if config.whole_scene or (images.has_masks and not config.head_box):
        return None
    from mien.commands.display import progress_bar
    from mien.fields.head_capture import focus_on_head
    from mien.fields.train import plain_ground

    if plain_ground(images) is not None and not config.head_box:
        return None
    unit_known = config.units.metres_per_unit != 1.0
    with progress_bar("head", quiet=config.output.json) as report:
        if unposed is not None:  # its unit is the head's already
            return focus_on_head(images, unit_known=True, faces=unposed.faces, refine_cameras=False)
        return focus_on_head(images, unit_known=unit_known, report=report)


def _box(corners: tuple[float, ...]) -> np.ndarray:
    import numpy as np

    return np.array(corners, float).reshape(2, 3)


def _start(arguments: list[str]) -> tuple[RadianceField | None, FieldConfig]:
    """The field that is gone on from, and the settings that the arguments change."""
    start_from = option_value(arguments, "--start-from")
    if start_from is None:
        preset = option_value(arguments, "--preset")
        return None, FieldConfig.preset(preset) if preset in PRESETS else FieldConfig()
    from mien.fields.files import load_field
    from mien.fields.train import REFINE_ITERATIONS

    field = load_field(start_from)
    settings = field.config.for_refinement(iterations=REFINE_ITERATIONS)
    return field, dataclasses.replace(settings, background="auto", seed=0)


def _remove_training(folder: Path) -> None:
    """Remove a finished training's files, and their folder unless somebody keeps something else there."""
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.learning.training_log import LOG_NAME

    for name in (CHECKPOINT_NAME, LOG_NAME):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _name(scene: Path) -> str:
    """A folder's name says more than transforms.json."""
    resolved = scene.resolve()
    return resolved.parent.name if resolved.suffix == ".json" else resolved.name


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
