"""`mien avatar page`: a web page that plays an avatar of splats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import AvatarDriverOption, AvatarOption, JsonOption
from mien.files import OutputFile


@dataclass(frozen=True)
class AvatarPageConfig:
    """Write one HTML file with an avatar in it, which any browser with WebGL 2 plays without a network.

    The head turns with the mouse and follows 52 sliders; with --by it plays a recording. Avatars of splats
    only.
    """

    played: Flat[AvatarOption]
    followed: Flat[AvatarDriverOption] = AvatarDriverOption()
    out: OutputFile | None = None
    """The page; NAME.html in the present folder when left out."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Write the page."""
    config = parse(AvatarPageConfig, arguments, prog="mien avatar page")
    from mien.avatars.driving import read_drive
    from mien.avatars.files import load_avatar
    from mien.avatars.splats.player_page import write_player_page
    from mien.avatars.splats.splat_avatar import SplatAvatar
    from mien.commands.display import print_json, print_written
    from mien.errors import InputError

    avatar = load_avatar(config.played.avatar)
    if not isinstance(avatar, SplatAvatar):
        raise InputError(
            "is no avatar of splats, and no other plays in a browser; train one with --kind splats",
            source=config.played.avatar,
        )
    out = config.out or Path(f"{config.played.avatar.resolve().stem}.html")
    drive = (
        None
        if config.followed.by is None
        else read_drive(config.followed.by, avatar.rig, relative=config.followed.relative)
    )
    written = write_player_page(
        avatar,
        out,
        sequence=[] if drive is None else drive.controls,
        frames_per_second=25.0 if drive is None else drive.frames_per_second,
    )
    if config.output.json:
        return print_json({"files": [str(written)]})
    print_written([written], next_step=f"open {written} in a browser")
    return 0
