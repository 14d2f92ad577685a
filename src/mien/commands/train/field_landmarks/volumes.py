"""`mien train field-landmarks volumes` and `… trained-volumes`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import progress_bar
from mien.commands.train.display import need_training
from mien.commands.train.field_landmarks import PROG
from mien.files import OutputFolder


@dataclass(frozen=True)
class VolumeStoreConfig:
    """Which volumes are made."""

    assets: Path
    """Folder that holds ict_facekit/ and makehuman/."""
    out: OutputFolder
    """Folder for the volumes; those already there are kept."""
    first_seed: int = 0
    """The first person's seed."""
    count: int = 1000
    """How many volumes."""


@dataclass(frozen=True)
class VolumesConfig:
    """Fill dressed synthetic heads: volumes of colour and occupancy with exact landmarks, 2 s each.

    Run again, it goes on where it was stopped.
    """

    store: Flat[VolumeStoreConfig]
    """Which volumes are made."""


@dataclass(frozen=True)
class TrainedVolumesConfig:
    """Photograph dressed synthetic heads, train a radiance field of each and sample it, 6 s each.

    Run again, it goes on where it was stopped.
    """

    store: Flat[VolumeStoreConfig]
    """Which volumes are made."""
    takes: int = 4
    """Expressions of each person."""
    people: Literal["head", "makehuman"] = "head"
    """People of the built-in head, or drawn from MakeHuman anew."""
    threads: int = 1
    """Torch's CPU threads."""


def run(arguments: list[str]) -> int:
    """Make analytic volumes; returns the exit code."""
    store = parse(VolumesConfig, arguments, prog=f"{PROG} volumes").store
    need_training("torch", "safetensors")
    from mien.synthetic.volumes.volume_store import make_volume_store

    with progress_bar("volumes") as report:
        written = make_volume_store(
            store.assets, store.out, first_seed=store.first_seed, count=store.count, report=report
        )
    return _written(written, store.out)


def run_trained(arguments: list[str]) -> int:
    """Make volumes of trained fields; returns the exit code."""
    config = parse(TrainedVolumesConfig, arguments, prog=f"{PROG} trained-volumes")
    need_training("torch", "safetensors")
    import torch

    from mien.synthetic.volumes.trained_volumes import make_trained_volumes

    store = config.store
    torch.set_num_threads(config.threads)
    with progress_bar("volumes") as report:
        written = make_trained_volumes(
            store.assets,
            store.out,
            first_seed=store.first_seed,
            count=store.count,
            takes=config.takes,
            people=config.people,
            report=report,
        )
    return _written(written, store.out)


def _written(count: int, folder: Path) -> int:
    print(f"{count} new volumes in {folder}")
    print(f"train with: {PROG} coarse --volumes {folder} --out coarse")
    return 0
