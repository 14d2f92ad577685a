"""`mien train field-landmarks opinions`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import progress_bar
from mien.commands.options import FieldNetworksOption
from mien.commands.train.display import need_training
from mien.commands.train.field_landmarks import PROG
from mien.files import OutputFile
from mien.progress import reported


@dataclass(frozen=True)
class OpinionsConfig:
    """Learn how the networks' landmarks and those in pictures of the field are weighed."""

    fields: Path
    """Folder of trained fields with known landmarks: mien benchmark field-landmarks --make --cast tuning."""
    out: OutputFile
    """The .json file to write."""
    opinion: Literal["pictures", "photographs"] = "pictures"
    """Whose opinion is weighed against the networks': pictures taken of the field, or the photographs that it
    was trained on."""
    asked: Flat[FieldNetworksOption] = FieldNetworksOption()


def run(arguments: list[str]) -> int:
    """Learn and write; returns the exit code."""
    config = parse(OpinionsConfig, arguments, prog=f"{PROG} opinions")
    need_training("torch", "safetensors")
    from mien.evaluation.fields.held_out_fields import read_test_fields
    from mien.landmarks_in_fields.network_files import read_networks
    from mien.training.landmarks_in_fields.opinion_weights import (
        known_opinions,
        learned_weights,
        write_weights,
    )

    networks = None if config.asked.networks is None else read_networks(config.asked.networks)
    fields = list(read_test_fields(config.fields))
    with progress_bar("fields") as report:
        known = known_opinions(reported(fields, report), config.opinion, networks)
    write_weights(config.out, learned_weights(known), fields=len(known), kind=config.opinion)
    print(f"{config.out}: learned from {len(known)} of {len(fields)} fields")
    return 0
