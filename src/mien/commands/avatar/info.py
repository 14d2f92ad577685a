"""`mien avatar info`: what an avatar holds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import AvatarOption, JsonOption


@dataclass(frozen=True)
class AvatarInfoConfig:
    """Show what an avatar is made of, what it learned from, and what it is worth on frames held out."""

    driven: Flat[AvatarOption]
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Print the avatar's facts."""
    config = parse(AvatarInfoConfig, arguments, prog="mien avatar info")
    from mien.avatars.files import load_avatar
    from mien.commands.display import print_json, print_table

    avatar = load_avatar(config.driven.avatar)
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
    return 0
