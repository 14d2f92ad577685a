"""`mien train export-read-out`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import CalibrationOption, CheckpointOption, LooksOptions
from mien.commands.train.display import need_training
from mien.commands.usage import UsageError
from mien.files import OutputFile


@dataclass(frozen=True)
class ExportReadOutConfig:
    """Write encoders and read-out as one landmark network, checked against its parts, with its card."""

    trained: Flat[CheckpointOption]
    encoders: tuple[Path, ...]
    """The encoders' files, as for `mien train encode-crops`."""
    out: OutputFile
    """ONNX file to write; the card is named after it."""
    looks: Flat[LooksOptions] = LooksOptions()
    sigma_scale: float = 1.0
    """By how much the network's σ is multiplied to be honest; `mien benchmark synthetic` tells."""
    calibration: Flat[CalibrationOption] = CalibrationOption()
    found_evidence: float | None = None
    """Least evidence of a face that is found in a photo, where the usual limit (7.4) does not suit the
    network: one of a small σ is surer of everything, animals included."""


_ALL_SHARDS = 10**6
"""No shard of unseen pictures was trained on."""


def run(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportReadOutConfig, arguments, prog="mien train export-read-out")
    if config.out.suffix != ".onnx":
        raise UsageError("--out: the name must end in .onnx", source=config.out)
    if config.calibration.calibrate_on and config.sigma_scale != 1.0:
        raise UsageError("--sigma-scale states the factor, --calibrate-on measures it; give one of them")
    need_training("torch", "onnx")
    from mien.landmarks.crops import Crop
    from mien.learning.cards import add_to_card
    from mien.learning.half_weights import halve_weights
    from mien.training.read_out.onnx_export import (
        checking_crops,
        export_read_out,
        write_read_out_card,
    )
    from mien.training.read_out.training import read_checkpoint

    checkpoint = read_checkpoint(config.trained.checkpoint)
    check = export_read_out(checkpoint, config.encoders, config.out)
    halved = halve_weights(config.out, crops=checking_crops())
    scales = config.looks.look_scales or (float(checkpoint.plain["encoded"]["crop_scale"]),)
    sides = (False, True) if config.looks.mirrored_looks else (False,)
    card = config.out.with_suffix(".card.json")
    write_read_out_card(
        checkpoint,
        check,
        card,
        name=config.out.stem,
        encoders=config.encoders,
        looks=[Crop(scale, mirrored) for scale in scales for mirrored in sides],
        file_mb=halved.file_mb,
    )
    if config.sigma_scale != 1.0:
        add_to_card(card, sigma_scale=config.sigma_scale)
    if config.found_evidence is not None:
        add_to_card(card, found_evidence=config.found_evidence)
    if config.calibration.calibrate_on:
        from mien.evaluation.landmarks.exact_faces import read_exact_faces
        from mien.evaluation.landmarks.sigma_calibration import sigma_scale

        faces = read_exact_faces(config.calibration.calibrate_on, most=300, held_out=_ALL_SHARDS)
        add_to_card(card, sigma_scale=round(sigma_scale(config.out, faces), 3))
    print(
        f"{config.out}: {halved.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread, at most "
        f"{check.largest_difference:.1e} from its parts; card beside it\n"
        f"try it: mien landmarks photo.jpg --model {config.out}"
    )
    return 0
