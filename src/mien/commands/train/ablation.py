"""`mien train ablation`: what each choice in a landmark network brings, as one command."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mien.commands.options_file import parse_with_file
from mien.commands.train.display import Display, need_training
from mien.commands.train.landmarks import TrainLandmarksConfig, training_parts
from mien.errors import InputError


@dataclass(frozen=True)
class AblationConfig(TrainLandmarksConfig):
    """Train variants of a landmark network with the same small budget; write a table and JSON.

    OUT gets a folder per variant. Run again, it goes on where it was stopped.
    """

    study: Literal["losses", "pictures", "augmentation", "resolution", "backbone", "decoder"] = "losses"
    """What is varied."""
    variants: Path | None = None
    """JSON file with variants of your own instead: {"name": {"loss": "l2", "size": 96}, …}."""
    results: Path | None = None
    """Folder for ablation-STUDY.md and ablation-STUDY.json; OUT if left out."""
    ytf68: Path | None = None
    """Folder of YTF-68 (translate.csv, val.csv, images/), to measure every variant on real pictures too."""
    max_steps: int | None = 2000
    """Steps of every variant; none for minutes instead."""


def run(arguments: list[str]) -> int:
    """Train the variants; returns the exit code."""
    config = parse_with_file(AblationConfig, arguments, prog="mien train ablation")
    need_training()
    from mien.datasets.crops.feeder import FeederConfig
    from mien.training.landmarks.ablation import STUDIES, Training, run_ablation

    study, variants = config.study, STUDIES[config.study]
    if config.variants is not None:
        study, variants = config.variants.stem, _own_variants(config.variants)
    results = config.results or config.out
    with Display() as display:
        run_ablation(
            Training(*training_parts(config)),
            variants,
            study=study,
            out=config.out,
            results=results,
            real=config.ytf68,
            feeder=FeederConfig(threads=config.loader_threads),
            report=lambda name, progress: display.report(replace(progress, figures={}), title=f"{name}: "),
        )
    for path in sorted(results.glob(f"ablation-{study}.*")):
        print(path)
    return 0


def _own_variants(path: Path) -> dict[str, dict]:
    try:
        variants = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as JSON: {error}", source=path) from error
    if not isinstance(variants, dict) or not all(isinstance(value, dict) for value in variants.values()):
        raise InputError('should hold variants: {"name": {"loss": "l2"}, …}', source=path)
    return variants
