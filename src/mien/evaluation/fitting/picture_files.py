"""Where the rendered pictures of a crowd lie."""

from __future__ import annotations

from pathlib import Path

PEOPLE_FILE = "people.npz"


def picture_path(folder: Path, person: int, shot: int) -> Path:
    """The picture of one shot."""
    return folder / "pictures" / f"{person:03d}_{shot}.png"
