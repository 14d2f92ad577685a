"""`mien avatar train`: an avatar of a video or of prepared frames."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.avatars.config import AvatarConfig
from mien.avatars.dataset import AvatarData
from mien.avatars.preparation import AvatarDataConfig
from mien.commands.arguments import Flat, Positional, option_value, parse
from mien.commands.options import DeviceOption, JsonOption, ResumeOption, TrainingTimeOptions
from mien.commands.train.display import training_bar
from mien.files import OutputFolder

VARIANTS = Literal[
    "ours", "five", "global", "no-mask", "quantile-mask", "no-local-loss", "centroids", "paper", "rignerf",
    "nerface", "static",
]  # fmt: skip


@dataclass(frozen=True)
class AvatarTrainConfig:
    """Make an avatar of one person that weights drive.

    splats, the default, are Gaussians that ride on the fitted head: minutes to learn, tens of frames a
    second, and a web page plays them (mien avatar page). surface draws the fitted head with a learned
    texture through a small network. fields is the radiance field with local deformation fields: it can be
    seen from further around and keeps one eye's motion to that eye, and takes a second a picture.
    """

    source: Positional[Path]
    """A video, the folder of mien avatar prepare, or one that NeRFace, INSTA, IMavatar or VHAP made of a
    video."""
    kind: Literal["splats", "surface", "fields"] = "splats"
    """What the avatar is made of."""
    settings: Flat[AvatarConfig] = AvatarConfig()
    """Of fields."""
    variant: VARIANTS = "ours"
    """Of fields: the paper's ablations and rivals, in the same code."""
    out: OutputFolder | None = None
    """Folder of the avatar; NAME.avatar in the present folder when left out. Until it is done, checkpoint,
    log and preview lie beside it in OUT.training."""
    time: Flat[TrainingTimeOptions] = TrainingTimeOptions(max_minutes=20.0, checkpoint_minutes=3.0)
    progress: Flat[ResumeOption] = ResumeOption()
    place: Flat[DeviceOption] = DeviceOption()
    frames: Flat[AvatarDataConfig] = AvatarDataConfig()
    """Of a video."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Train and save."""
    variant = option_value(arguments, "--variant") or "ours"
    config = parse(
        AvatarTrainConfig, arguments, prog="mien avatar train", settings=AvatarConfig.variant(variant)
    )
    from mien.avatars.files import save_avatar
    from mien.avatars.train import train_avatar
    from mien.avatars.training_session import PREVIEW_NAME
    from mien.commands.display import print_json, print_written

    out = config.out or Path(f"{config.source.resolve().stem}.avatar")
    folder = out.with_name(f"{out.name}.training")
    data = _frames(config, folder)
    with training_bar("train", out=folder, quiet=config.output.json) as report:
        common = {
            "max_minutes": config.time.max_minutes,
            "out": folder,
            "resume": config.progress.resume,
            "checkpoint_minutes": config.time.checkpoint_minutes,
            "report": report,
        }
        if config.kind == "fields":
            avatar = train_avatar(data, config.settings, device=config.place.device, **common)
        elif config.kind == "splats":
            from mien.avatars.splats.training import train_splat_avatar

            avatar = train_splat_avatar(data, **common)
        else:
            from mien.avatars.surface_training import train_surface_avatar

            avatar = train_surface_avatar(data, **common)
    save_avatar(avatar, out)
    facts = dataclasses.asdict(avatar.facts)
    if config.output.json:
        return print_json({"avatar": str(out), **facts})
    figures = facts["figures"]
    print(f"{facts['steps']} steps on {facts['frames']} frames in {facts['seconds']:.0f} s")
    if figures:
        print(
            f"on frames held out: {figures['psnr_db']:.1f} dB inside the silhouette, "
            f"{figures['mouth_db']:.1f} at the mouth, {figures['eyes_db']:.1f} at the eyes"
        )
    print_written(
        [out, folder / PREVIEW_NAME],
        next_step=f"look at {folder / PREVIEW_NAME}, then: mien avatar drive {out} --by VIDEO",
    )
    return 0


def _frames(config: AvatarTrainConfig, folder: Path) -> AvatarData:
    """Prepared frames; those of a video are kept beside the training, so that resuming finds them."""
    from mien.avatars.data_sheet import data_sheet
    from mien.avatars.dataset_files import is_avatar_data, load_avatar_data, save_avatar_data
    from mien.avatars.preparation import prepare_avatar_data
    from mien.avatars.prepared_folders import is_prepared_folder
    from mien.commands.display import note, progress_bar
    from mien.images.writing import write_image

    if config.source.is_dir() and not is_prepared_folder(config.source):
        return load_avatar_data(config.source)
    kept = folder.with_name(f"{folder.name}.frames")
    if config.progress.resume and is_avatar_data(kept):
        return load_avatar_data(kept)
    with progress_bar("frames", quiet=config.output.json) as report:
        data = prepare_avatar_data(config.source, config.frames, report=report)
    save_avatar_data(data, kept)
    sheet = write_image(kept / "sheet.png", data_sheet(data))
    if not config.output.json:
        note(f"look at {sheet}: what is wrong there is wrong in the avatar")
    return data
