"""`mien avatar prepare`: frames of a video made ready for an avatar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.avatars.preparation import AvatarDataConfig
from mien.commands.arguments import Flat, Positional, parse
from mien.commands.options import OutputOptions
from mien.files import OutputFolder

SHEET_NAME = "sheet.png"


@dataclass(frozen=True)
class AvatarPrepareConfig:
    """Track the one person in a video, cut the head out of its frames, and hold the last ones out.

    Writes avatar_data.json and frames.npz (docs/avatar.md says what they hold), and sheet.png: frames, mattes
    and the fitted head over them. Look at it: what is wrong there is wrong in the avatar.
    """

    video: Positional[Path]
    """Video of one person, or a folder that NeRFace, INSTA, IMavatar or VHAP made of one: its pictures are
    tracked anew, and what it holds out is held out."""
    track: Path | None = None
    """A saved track of this video (.npz, .json of mien track), instead of tracking it."""
    vhap: OutputFolder | None = None
    """Also write the frames in VHAP's layout into this folder, for others' avatar trainers: pictures, masks,
    cameras, and the fitted head of each moment as OBJ instead of FLAME's parameters."""
    settings: Flat[AvatarDataConfig] = AvatarDataConfig()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Prepare and write."""
    config = parse(AvatarPrepareConfig, arguments, prog="mien avatar prepare")
    from mien.avatars.data_sheet import data_sheet
    from mien.avatars.dataset_files import save_avatar_data
    from mien.avatars.preparation import prepare_avatar_data
    from mien.avatars.vhap_files import write_vhap
    from mien.commands.batch import check_folder
    from mien.commands.display import print_json, print_written, progress_bar
    from mien.exporters.saved import read_track
    from mien.images.writing import write_image

    check_folder(config.output.out)
    track = None if config.track is None else read_track(config.track)
    with progress_bar("frames", quiet=config.output.json) as report:
        data = prepare_avatar_data(config.video, config.settings, track=track, report=report)
    folder = save_avatar_data(data, config.output.out)
    sheet = write_image(folder / SHEET_NAME, data_sheet(data))
    if config.vhap is not None:
        write_vhap(data, config.vhap)
    held_out = int(data.test.sum())
    if config.output.json:
        return print_json(
            {"folder": str(folder), "frames": len(data), "held_out": held_out, "sheet": str(sheet)}
        )
    print(f"{len(data)} frames of {data.size_px}², {held_out} of them held out")
    print_written([folder], next_step=f"look at {sheet}, then: mien avatar train {folder}")
    return 0
