"""`mien synth people`: people with expressions and their texture maps, for morphable fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_written, progress_bar
from mien.files import OutputFile
from mien.synthetic.expressive_people.config import ExpressivePeopleConfig


@dataclass(frozen=True)
class SynthPeopleConfig:
    """Photograph synthetic people who make the 20 basic expressions, with their texture maps.

    Heads are shaved and face +z at the origin of the world. People and skins that are measured on are others
    than those that are learned from.
    """

    assets: Path
    """Folder that holds ict_facekit/ and makehuman/."""
    drawn: Flat[ExpressivePeopleConfig] = ExpressivePeopleConfig()
    out: OutputFile = Path("people.npz")
    """File to write."""


def run(arguments: list[str]) -> int:
    """Photograph and write."""
    config = parse(SynthPeopleConfig, arguments, prog="mien synth people")
    from mien.synthetic.expressive_people.capture import ExpressivePeopleStudio
    from mien.synthetic.expressive_people.pictures import save_people

    with progress_bar("studio") as report:
        studio = ExpressivePeopleStudio(config.assets, config.drawn)
        people = studio.photograph(report=report)
    path = save_people(people, config.out)
    print(f"{len(people)} pictures of {len(people.identity)} people")
    print_written([path], next_step=f"mien train morphable-field --people {path}")
    return 0
