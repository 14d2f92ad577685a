"""`mien avatar drive`: an avatar that follows a video, a track, a recording or weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mien.commands.arguments import Flat, parse
from mien.commands.options import AvatarDriverOption, AvatarOption, EveryOption, OutputOptions
from mien.commands.usage import UsageError
from mien.progress import reported


@dataclass(frozen=True)
class AvatarDriveConfig:
    """Let an avatar follow somebody, or set its weights by hand.

    Writes driven.mp4, or driven.png where there is one moment. --by takes a video, a track (.npz, .json of
    mien track), a Live Link Face CSV, or a JSON of ARKit weights: {"jawOpen": 0.5}, or a list of such.
    """

    driven: Flat[AvatarOption]
    followed: Flat[AvatarDriverOption] = AvatarDriverOption()
    set: tuple[str, ...] = ()
    """ARKit weights: jawOpen=0.6 mouthSmile=0.8; a name without a side sets both. They stay."""
    inject: tuple[str, ...] = ()
    """Weights that only the fields --into see: eyeBlinkLeft=1 lets one eye wink."""
    into: Literal["left_eye", "right_eye", "mouth", "brows"] = "left_eye"
    """The fields of --inject."""
    pose: Literal["driver", "still"] = "driver"
    """The head turns as the driver's, or stands still."""
    view_azimuth: float = 0.0
    """Seen from so many degrees further towards its left."""
    size: int | None = None
    """Side of the pictures, pixels; that of its training when left out."""
    shown_frames: Flat[EveryOption] = EveryOption()
    frames: bool = False
    """Write single pictures too."""
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Drive and write."""
    config = parse(AvatarDriveConfig, arguments, prog="mien avatar drive")
    import numpy as np

    from mien.avatars.avatar import shown
    from mien.avatars.driving import (
        injection_into,
        read_drive,
        seen_from,
        turned_camera,
        with_weights,
    )
    from mien.avatars.files import load_avatar
    from mien.commands.batch import check_folder
    from mien.commands.display import print_json, print_written, progress_bar
    from mien.images.video import VideoWriter
    from mien.images.writing import write_image

    avatar = load_avatar(config.driven.avatar)
    check_folder(config.output.out)
    weights = dict(_weight(text, "--set") for text in config.set)
    drive = read_drive(config.followed.by, avatar.rig, relative=config.followed.relative)
    injected = dict(_weight(text, "--inject") for text in config.inject)
    camera = seen_from(avatar.camera, float(np.radians(config.view_azimuth)))
    if config.size is not None:
        camera = camera.resized(width_px=config.size, height_px=config.size)
    moments = list(range(0, len(drive.controls), max(1, config.shown_frames.every)))
    pictures = []
    with progress_bar("frames", quiet=config.output.json) as report:
        for index in reported(moments, report):
            controls = with_weights(avatar.rig, drive.controls[index], weights)
            injection = injection_into(avatar.rig, controls, config.into, injected) if injected else None
            turn = drive.turns[index] if config.pose == "driver" else np.eye(3)
            rgba = avatar.picture(controls, turned_camera(camera, turn), injection=injection)
            pictures.append(shown(rgba))
    written = []
    if len(pictures) == 1:
        written.append(write_image(config.output.out / "driven.png", pictures[0]))
    else:
        path = config.output.out / "driven.mp4"
        with VideoWriter(
            path, frames_per_second=drive.frames_per_second / max(1, config.shown_frames.every)
        ) as video:
            for picture in pictures:
                video.write(np.ascontiguousarray(picture))
        written.append(path)
        if config.frames:
            for number, picture in enumerate(pictures):
                written.append(write_image(config.output.out / "frames" / f"{number:05d}.png", picture))
    if config.output.json:
        return print_json({"files": [str(path) for path in written]})
    print_written(written[:1], next_step=f"look at {written[0]}")
    return 0


def _weight(text: str, option: str) -> tuple[str, float]:
    name, given, value = text.partition("=")
    try:
        return name, float(value if given else "?")
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: write name=weight, as jawOpen=0.6") from error
