"""`mien synth subject`: a synthetic person in a video, as an avatar's frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_written, progress_bar
from mien.commands.options import OutFolder
from mien.synthetic.avatar_subjects import AvatarSubjectConfig


@dataclass(frozen=True)
class SynthSubjectConfig:
    """Film a synthetic person who talks, smiles and never winks, as `mien avatar prepare` would prepare it.

    What a tracker says may be wrong by noise; truth.npz holds the true weights and cameras.
    """

    assets: Path
    """Folder that holds ict_facekit/ and makehuman/."""
    subject: Flat[AvatarSubjectConfig] = AvatarSubjectConfig()
    folder: Flat[OutFolder] = OutFolder(Path("subject"))


def run(arguments: list[str]) -> int:
    """Film and write."""
    config = parse(SynthSubjectConfig, arguments, prog="mien synth subject")
    import numpy as np

    from mien.avatars.data_sheet import data_sheet
    from mien.avatars.dataset_files import save_avatar_data
    from mien.files import atomic_path
    from mien.images.writing import write_image
    from mien.synthetic.avatar_subjects import AvatarSubjectStudio

    with progress_bar("studio") as report:
        subject = AvatarSubjectStudio(config.assets, config.subject).film(report=report)
    out = save_avatar_data(subject.data, config.folder.out)
    with atomic_path(out / "truth.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, expression=subject.expression, camera_from_skull=subject.camera_from_skull)
    sheet = write_image(out / "sheet.png", data_sheet(subject.data))
    print_written([out, sheet], next_step=f"mien benchmark avatar {out}")
    return 0
