"""`mien train ablation`: what each choice in a landmark network brings, as one command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat
from mien.commands.options import LoaderOption, OptionsFileOption
from mien.commands.options_file import parse_with_file
from mien.commands.train.display import need_training, training_bar
from mien.errors import InputError
from mien.files import OutputFolder
from mien.training.landmarks.config import VariantTrainingConfig


@dataclass(frozen=True)
class AblationConfig:
    """Train variants of a landmark network with the same small budget; write a table and JSON.

    OUT gets a folder per variant. Run again, it goes on where it was stopped.
    """

    base: Flat[VariantTrainingConfig]
    """What the variants have in common."""
    study: Literal["losses", "pictures", "augmentation", "resolution", "backbone", "decoder"] = "losses"
    """What is varied."""
    variants: Path | None = None
    """JSON file with variants of your own instead: {"name": {"loss": "l2", "size": 96}, …}."""
    out: OutputFolder = Path("run")
    """Folder for a folder of each variant."""
    results: OutputFolder | None = None
    """Folder for ablation-STUDY.md and ablation-STUDY.json; OUT if left out."""
    ytf68: Path | None = None
    """Folder of YTF-68 (translate.csv, val.csv, images/), to measure every variant on real pictures too."""
    file: Flat[OptionsFileOption] = OptionsFileOption()
    loader: Flat[LoaderOption] = LoaderOption()


def run(arguments: list[str]) -> int:
    """Train the variants; returns the exit code."""
    config = parse_with_file(AblationConfig, arguments, prog="mien train ablation")
    need_training()
    from mien.commands.train.loader import loader_feeder
    from mien.training.landmarks.ablation import STUDIES, run_ablation

    study, variants = config.study, STUDIES[config.study]
    if config.variants is not None:
        study, variants = config.variants.stem, _own_variants(config.variants)
    results = config.results or config.out
    with training_bar("reading the first shards") as report:
        run_ablation(
            config.base,
            variants,
            study=study,
            out=config.out,
            results=results,
            real=config.ytf68,
            feeder=loader_feeder(config.loader),
            report=report,
        )
    for path in sorted(results.glob(f"ablation-{study}.*")):
        print(path)
    return 0


def _own_variants(path: Path) -> dict[str, dict]:
    from mien.reading.json_files import read_json

    variants = read_json(path, what="cannot be read as JSON")
    if not isinstance(variants, dict) or not all(isinstance(value, dict) for value in variants.values()):
        raise InputError('should hold variants: {"name": {"loss": "l2"}, …}', source=path)
    return variants
