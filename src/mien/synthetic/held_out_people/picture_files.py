"""Where the rendered pictures and videos of a crowd lie."""

from __future__ import annotations

from pathlib import Path

PEOPLE_FILE = "people.npz"


def picture_path(folder: Path, person: int, shot: int) -> Path:
    """The picture of one shot."""
    return folder / "pictures" / f"{person:03d}_{shot}.png"


def blinks_path(folder: Path, person: int) -> Path:
    """The video of somebody who blinks."""
    return folder / "blinks" / f"{person:03d}.mp4"
