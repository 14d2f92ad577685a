"""`mien head hair`: make the built-in head's hair styles anew."""

from __future__ import annotations

from mien.commands.arguments import parse
from mien.commands.display import print_written
from mien.head_building.config import HairStylesConfig


def run(arguments: list[str]) -> int:
    """Build the hair styles and write them, with their card."""
    config = parse(HairStylesConfig, arguments, prog="mien head hair")

    from mien.files import write_text
    from mien.head_building.hair_styles import build_hair_styles, styles_card
    from mien.head_building.makehuman import MakeHuman
    from mien.heads.library import load_head
    from mien.looks.hair_styles import save_hair_styles

    head = load_head()
    styles = build_hair_styles(head, MakeHuman(config.assets / "makehuman"))
    save_hair_styles(styles, config.out)
    card = config.out.with_suffix(".card.json")
    write_text(card, styles_card(styles, head))
    print_written(
        [f"{config.out} ({config.out.stat().st_size / 1e6:.1f} MB)", str(card)],
        next_step="mien fit photo.jpg --hair short",
    )
    return 0
