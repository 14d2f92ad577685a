"""`mien head people`: make the people who are drawn in synthetic pictures anew."""

from __future__ import annotations

from mien.commands.arguments import parse
from mien.commands.display import print_written, progress_bar
from mien.head_building.config import PeopleConfig


def run(arguments: list[str]) -> int:
    """Draw people of MakeHuman and write their identities."""
    config = parse(PeopleConfig, arguments, prog="mien head people")

    from mien.heads.library import load_head
    from mien.synthetic.makehuman_people import draw_known_people
    from mien.synthetic.people import save_known_people

    with progress_bar("drawing people") as bar:
        people = draw_known_people(config, load_head(), report=bar)
    save_known_people(people, config.out)
    print_written([config.out], next_step="mien synth draws them where it is the file that comes with mien")
    return 0
