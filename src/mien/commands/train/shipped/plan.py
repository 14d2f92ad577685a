"""The commands of the chain, in order, with the seeds and steps of the shipped networks."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mien.training.shipped.config import ShippedConfig

FIRST_SEED, SEED_STEP = 50_000_000, 1_000_000
"""Seeds of the parts' pictures; none is drawn twice, as pictures of a part have consecutive ones."""
UNSEEN_SEED = 20_000_000
"""Of the pictures that σ is calibrated on, which no training sees."""
AUGMENTATION_SEED = 1000

TFLITE = {"face_mesh": "face_landmark.tflite", "face_mesh_attention": "face_landmark_with_attention.tflite"}
"""Encoders by name, and their authors' files."""


class ReadOutRecipe(NamedTuple):
    """How one of the landmark networks is trained and shown faces.

    Attributes:
        set_name: landmark set.
        encoders: that it reads out.
        training: options of `mien train read-out`.
        steps: of its training.
        shown: options of `mien train export-read-out`.
    """

    set_name: str
    encoders: tuple[str, ...]
    training: tuple[str, ...]
    steps: int
    shown: tuple[str, ...] = ()


READ_OUTS = {
    "realtime": ReadOutRecipe(
        "dense320",
        ("face_mesh",),
        ("--linear", "112", "--hidden", "208", "--place", "6", "--dropout", "0.2"),
        steps=9177,
    ),
    "offline": ReadOutRecipe(
        "dense703",
        ("face_mesh", "face_mesh_attention"),
        ("--linear", "192", "--hidden", "384", "--place", "6", "--dropout", "0.4"),
        steps=7975,
        shown=("--look-scales", "0.9", "1.0", "1.1", "--mirrored-looks", "--found-evidence", "8.0"),
    ),
}
READ_OUT_BATCH, SEARCH_BATCH, SEARCH_STEPS = 1024, 24, 12_120


class ChainStep(NamedTuple):
    """One command of the chain.

    Attributes:
        name: for people, unique in the chain.
        arguments: of `mien`.
        checkpoint: where it is, the command goes on from it with --resume.
        card: of the network that it writes, in which the chain is named.
    """

    name: str
    arguments: tuple[str, ...]
    checkpoint: Path | None = None
    card: Path | None = None

    @property
    def command(self) -> str:
        """As it is typed."""
        import shlex

        return shlex.join(["mien", *self.arguments])


def chain_steps(config: ShippedConfig) -> list[ChainStep]:
    """All commands, in order.

    Raises:
        InputError: see `ShippedConfig.check`.
    """
    config.check()
    names = [name for name in READ_OUTS if name in config.networks]
    steps: list[ChainStep] = []
    if names:
        encoders = _encoders(names)
        steps += [
            _step(f"encoder {name}", "train", "face-mesh", "--tflite", config.face_mesh / TFLITE[name],
                  "--out", config.out / "encoders")
            for name in encoders
        ]  # fmt: skip
        for part in range(config.parts):
            steps += _part_steps(config, part, encoders)
        steps += [_read_out_step(config, name) for name in names]
        steps.append(_drawing(config, "unseen", count=config.unseen, seed=UNSEEN_SEED, size=256))
        steps += [_export_step(config, name) for name in names]
    if "search" in config.networks:
        steps += _search_steps(config)
    return steps


def _encoders(names: list[str]) -> list[str]:
    wanted = {encoder for name in names for encoder in READ_OUTS[name].encoders}
    return [encoder for encoder in TFLITE if encoder in wanted]


def _part_steps(config: ShippedConfig, part: int, encoders: list[str]) -> list[ChainStep]:
    """Pictures drawn and shown to the encoders."""
    drawn = f"drawn-{part:02d}"
    seed = FIRST_SEED + part * SEED_STEP
    return [
        _drawing(config, drawn, count=config.pictures, seed=seed, size=256),
        _step(
            f"encode {drawn}", "train", "encode-crops", "--data", config.out / drawn,
            "--encoders", *(_encoder_file(config, name) for name in encoders),
            "--count", config.crops, "--seed", AUGMENTATION_SEED + part, "--workers", config.workers,
            "--out", config.out / f"encoded-{part:02d}",
        ),
    ]  # fmt: skip


def _read_out_step(config: ShippedConfig, name: str) -> ChainStep:
    recipe, folder = READ_OUTS[name], config.out / name
    return _step(
        f"train {name}", "train", "read-out",
        "--data", *(config.out / f"encoded-{part:02d}" for part in range(config.parts)),
        "--set", recipe.set_name, "--encoders", *recipe.encoders, *recipe.training,
        "--max-steps", config.steps or recipe.steps, "--batch", config.batch or READ_OUT_BATCH,
        "--learning-rate", "0.001", "--seed", 0, "--device", config.device, "--out", folder,
        checkpoint=folder / "checkpoint.pt",
    )  # fmt: skip


def _export_step(config: ShippedConfig, name: str) -> ChainStep:
    recipe, network = READ_OUTS[name], config.out / "networks" / f"{name}.onnx"
    return _step(
        f"export {name}", "train", "export-read-out", "--checkpoint", config.out / name / "checkpoint.pt",
        "--encoders", *(_encoder_file(config, encoder) for encoder in recipe.encoders),
        *recipe.shown, "--calibrate-on", config.out / "unseen", "--out", network,
        card=network.with_suffix(".card.json"),
    )  # fmt: skip


def _search_steps(config: ShippedConfig) -> list[ChainStep]:
    drawn, folder = "drawn-search", config.out / "search"
    network = config.out / "networks" / "search.onnx"
    return [
        _drawing(config, drawn, count=config.search_pictures, seed=0, size=192),
        _step(
            "train search", "train", "search", "--data", config.out / drawn,
            "--max-steps", config.steps or SEARCH_STEPS, "--batch", config.batch or SEARCH_BATCH,
            "--seed", 0, "--device", config.device, "--out", folder,
            checkpoint=folder / "checkpoint.pt",
        ),
        _step(
            "export search", "train", "export-search", "--checkpoint", folder / "checkpoint.pt",
            "--data", config.out / drawn, "--eight-bits", "--out", network,
            card=network.with_suffix(".card.json"),
        ),
    ]  # fmt: skip


def _drawing(config: ShippedConfig, folder: str, *, count: int, seed: int, size: int) -> ChainStep:
    return _step(
        f"draw {folder}", "synth", "--assets", config.assets, "--count", count, "--size", size,
        "--seed", seed, "--workers", config.workers, "--out", config.out / folder,
    )  # fmt: skip


def _encoder_file(config: ShippedConfig, name: str) -> Path:
    return config.out / "encoders" / f"{name}.onnx"


def _step(
    name: str, *arguments: object, checkpoint: Path | None = None, card: Path | None = None
) -> ChainStep:
    return ChainStep(name, tuple(str(each) for each in arguments), checkpoint, card)
