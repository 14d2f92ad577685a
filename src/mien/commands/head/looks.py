"""`mien head looks`: learn the albedo model anew."""

from __future__ import annotations

from mien.commands.arguments import parse
from mien.commands.display import print_written
from mien.head_building.config import AlbedoConfig


def run(arguments: list[str]) -> int:
    """Build the albedo model of a head and write it."""
    config = parse(AlbedoConfig, arguments, prog="mien head looks")

    from mien.head_building.albedo import build_albedo_model, places_on_skins
    from mien.head_building.card_pictures import hair_cards
    from mien.head_building.makehuman import MakeHuman
    from mien.heads.library import load_head
    from mien.looks.albedo_model import save_albedo_model

    head, makehuman = load_head(config.head), MakeHuman(config.assets / "makehuman")
    model = build_albedo_model(
        head,
        makehuman.folder / "skins",
        makehuman_uv=places_on_skins(head, makehuman),
        cards=hair_cards() if "brows" in head.part_names else None,
    )
    save_albedo_model(model, config.out)
    print_written(
        [f"{config.out} ({config.out.stat().st_size / 1e6:.1f} MB)"], next_step="mien fit photo.jpg"
    )
    return 0
