"""`mien train likeness`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mien import __version__
from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.held_out_people import photographer_of, render_pictures
from mien.commands.display import print_written, progress_bar
from mien.commands.options import HeldOutPeopleOptions, NetworksOption
from mien.commands.usage import UsageError
from mien.evaluation.fitting.learned_likeness import LikenessConfig
from mien.files import OutputFile, write_text


@dataclass(frozen=True)
class TrainLikenessConfig:
    """Learn what tells people apart in fitted heads: what `mien.likeness` compares them by.

    Random people whom the built-in head was not learned from are drawn in several pictures each, and a
    head is fitted to every picture alone. What differs between fits of one person counts less than what
    differs between people.
    """

    drawn: Flat[HeldOutPeopleOptions] = HeldOutPeopleOptions(
        cache=Path("out/likeness-people"), people=200, seed=7002
    )
    networks: Flat[NetworksOption] = NetworksOption(("offline",))
    likeness: Flat[LikenessConfig] = LikenessConfig()
    out: OutputFile = Path("likeness.npz")
    """File to write; its card is named after it."""


def run(arguments: list[str]) -> int:
    """Draw, fit, learn, write; returns the exit code."""
    config = parse(TrainLikenessConfig, arguments, prog="mien train likeness")
    if config.out.suffix != ".npz":
        raise UsageError("--out: the name must end in .npz", source=config.out)
    config.drawn.check()
    from mien.evaluation.fitting.learned_likeness import fitted_identities, learn_likeness

    photographer = photographer_of(config.drawn, count=config.drawn.people, quiet=False)
    render_pictures(config.drawn, photographer, quiet=False)
    with progress_bar("finding and fitting") as report:
        identities = fitted_identities(
            photographer, config.networks.models, config.drawn.cache, report=report
        )
    space = learn_likeness(photographer, identities, config.likeness)
    space.save(config.out)
    drawn, models = config.drawn, " ".join(config.networks.models)
    card = {
        "format_version": 1,
        "name": config.out.stem,
        "mien_version": __version__,
        "head_name": space.head_name,
        "head_version": space.head_version,
        "training_data": "heads fitted to drawn people, MakeHuman's kind and wider; no photographs of people",
        "people": drawn.people,
        "pictures_of_each": drawn.shots,
        "seed": drawn.seed,
        "networks": list(config.networks.models),
        "settings": asdict(config.likeness),
        "command": f"mien train likeness --assets FOLDER --people {drawn.people} --shots {drawn.shots} "
        f"--seed {drawn.seed} --models {models} --kept {config.likeness.kept} "
        f"--ridge {config.likeness.ridge:g}",
        "licence": "Apache-2.0, as mien; MakeHuman's assets are CC0 1.0, ICT-FaceKit's MIT",
    }
    path = config.out.with_suffix(".card.json")
    write_text(path, json.dumps(card, indent=2) + "\n")
    print_written([config.out, path], next_step="measure it: mien benchmark identity --assets FOLDER")
    return 0
