"""`mien head convert`: somebody else's head with the built-in head's landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Positional, parse
from mien.commands.display import print_written
from mien.files import OutputFile


@dataclass(frozen=True)
class HeadConvertConfig:
    """Give somebody else's head the landmark sets of the built-in one."""

    file: Positional[Path]
    """FLAME (.pkl, .npz), a folder of ICT-FaceKit OBJ files, BFM (.h5), FaceScape (.npz)."""
    out: OutputFile
    """The head file (.npz) to write."""
    ibug68: Path | None = None
    """A text or JSON file with the model's 68 vertices of the iBUG landmarks, which guide the alignment.
    Without it, and without such a list in the model, the tips of the noses do."""


def run(arguments: list[str]) -> int:
    """Lay the built-in head over another one, carry its landmarks over, save."""
    config = parse(HeadConvertConfig, arguments, prog="mien head convert")
    import json

    import numpy as np

    from mien.heads.correspondence import with_landmark_sets
    from mien.heads.formats.vertex_list import vertex_list
    from mien.heads.library import load_head, save_head

    target = load_head(config.file)
    ibug68 = None if config.ibug68 is None else vertex_list(config.ibug68, target.vertex_count)
    found = with_landmark_sets(target, load_head(), target_ibug68=ibug68)
    figures = {
        f"{name}: distance from the surface": (
            f"median {np.median(mm):.2f} mm, 95 % {np.percentile(mm, 95):.2f} mm"
        )
        for name, mm in found.distances_mm.items()
    }
    save_head(
        found.head,
        config.out,
        head_metadata=json.dumps({"figures": figures, "config": {"file": config.file.name}}),
    )
    for name, value in figures.items():
        print(f"{name:48} {value}")
    missing = len(found.head.landmark_set("dense703").missing)
    if missing:
        print(
            f"{missing} of dense703 have no place on this head, and fits leave them out (parts that it "
            "lacks, such as teeth or eyes that turn; if there are hundreds, a poor alignment: give --ibug68)"
        )
    print_written([config.out], next_step=f"mien fit photo.jpg --head {config.out}")
    return 0
