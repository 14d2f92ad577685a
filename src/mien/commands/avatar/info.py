"""`mien avatar info`: what an avatar holds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.arguments import Flat, parse
from mien.commands.options import AvatarOption, JsonOption
from mien.files import OutputFile

if TYPE_CHECKING:
    from mien.avatars.avatar import Avatar


@dataclass(frozen=True)
class AvatarInfoConfig:
    """Show what an avatar is made of, what it learned from, and what it is worth on frames held out."""

    driven: Flat[AvatarOption]
    inspect: OutputFile | None = None
    """Its local fields: centres, radii, and which weights each sees. A picture, or a page to point around in
    (.html). Avatars of fields only."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Print the avatar's facts."""
    config = parse(AvatarInfoConfig, arguments, prog="mien avatar info")
    from mien.avatars.files import load_avatar
    from mien.commands.display import print_json, print_table, print_written

    avatar = load_avatar(config.driven.avatar)
    if config.inspect is not None:
        _inspect(avatar, config.inspect)
    facts = dataclasses.asdict(avatar.facts)
    figures = facts.pop("figures")
    document = {
        "kind": avatar.kind,
        **facts,
        "numbers": sum(value.numel() for value in avatar.tensors().values()),
        **{f"held out {name}": round(value, 4) for name, value in figures.items()},
    }
    if config.output.json:
        return print_json(document)
    print_table(["", ""], [[name, str(value)] for name, value in document.items()])
    if config.inspect is not None:
        print_written([config.inspect], next_step=f"open {config.inspect}")
    return 0


def _inspect(avatar: Avatar, path: Path) -> None:
    from mien.avatars.field_avatar import FieldAvatar
    from mien.avatars.field_inspector import draw_fields, write_fields_page
    from mien.errors import InputError
    from mien.images.writing import write_image

    if not isinstance(avatar, FieldAvatar):
        raise InputError(f"is a {avatar.kind} and has no local fields; --kind fields has", source="--inspect")
    if path.suffix.lower() == ".html":
        write_fields_page(avatar, path)
    else:
        write_image(path, draw_fields(avatar))
