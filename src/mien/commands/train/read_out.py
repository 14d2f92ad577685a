"""`mien train encode-crops`, `mien train read-out` and `mien train export-read-out`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import progress_bar
from mien.commands.options import ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.commands.usage import UsageError
from mien.training.read_out.config import EncodeConfig, ReadOutTrainingConfig


@dataclass(frozen=True)
class EncodeCropsConfig:
    """Show augmented crops of synthetic faces to frozen networks, and keep what they say.

    A folder can be continued, and grown with a larger --count.
    """

    crops: Flat[EncodeConfig]
    """Pictures, encoders, how many."""


def run_encode(arguments: list[str]) -> int:
    """Encode; returns the exit code."""
    config = parse(EncodeCropsConfig, arguments, prog="mien train encode-crops").crops
    need_training("torch")
    from mien.training.read_out.encoding import encode_crops

    with progress_bar("reading pictures") as bar:
        encode_crops(config, report=bar)
    print(f"written: {config.out}\nnext: mien train read-out --data {config.out}")
    return 0


@dataclass(frozen=True)
class TrainReadOutConfig:
    """Train what reads dense landmarks out of frozen networks that have seen real people.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    read_out: Flat[ReadOutTrainingConfig]
    """Data, architecture, loss, length."""
    out: Path = Path("read-out")
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainReadOutConfig, arguments, prog="mien train read-out")
    need_training("torch")
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.training.read_out.training import train_read_out

    with training_bar("reading encoded crops", out=config.out) as report:
        checkpoint = train_read_out(
            config.read_out, out=config.out, resume=config.progress.resume, report=report
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps, {checkpoint.samples} crops in "
        f"{checkpoint.elapsed_s / 60:.1f} minutes\n"
        f"export with: mien train export-read-out --checkpoint {path} --encoders FILES --out mine.onnx"
    )
    return 0


@dataclass(frozen=True)
class ExportReadOutConfig:
    """Write encoders and read-out as one landmark network, checked against its parts, with its card."""

    checkpoint: Path
    """checkpoint.pt of `mien train read-out`."""
    encoders: tuple[Path, ...]
    """The encoders' files, as for `mien train encode-crops`."""
    out: Path
    """ONNX file to write; the card is named after it."""
    look_scales: tuple[float, ...] = ()
    """How regions are to be shown to the network: sides of the crops over the region's, left out as it was
    trained. The points of several looks are averaged."""
    mirrored_looks: bool = False
    """Show every crop mirrored as well."""
    sigma_scale: float = 1.0
    """By how much the network's σ is multiplied to be honest; `mien benchmark synthetic` tells."""


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportReadOutConfig, arguments, prog="mien train export-read-out")
    if config.out.suffix != ".onnx":
        raise UsageError("--out: the name must end in .onnx", source=config.out)
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

    checkpoint = read_checkpoint(config.checkpoint)
    check = export_read_out(checkpoint, config.encoders, config.out)
    halved = halve_weights(config.out, crops=checking_crops())
    scales = config.look_scales or (float(checkpoint.plain["encoded"]["crop_scale"]),)
    sides = (False, True) if config.mirrored_looks else (False,)
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
    print(
        f"{config.out}: {halved.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread, at most "
        f"{check.largest_difference:.1e} from its parts; card beside it\n"
        f"try it: mien landmarks photo.jpg --model {config.out}"
    )
    return 0
