"""What the commands about faces share: what to say when there is none, and checks of their options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.usage import UsageError
from mien.errors import InputError

if TYPE_CHECKING:
    import numpy as np

SMALLEST_FACE_PX = 40


def no_face(path: Path, image: np.ndarray) -> InputError:
    """The error for a picture without a face: it says what to try."""
    height_px, width_px = image.shape[:2]
    if min(height_px, width_px) < SMALLEST_FACE_PX:
        advice = (
            f"the picture is only {width_px} × {height_px} pixels, and a face must be "
            f"{SMALLEST_FACE_PX} pixels or larger; use a larger picture"
        )
    else:
        advice = (
            f"faces must be {SMALLEST_FACE_PX} pixels or larger and not upside down; try a larger, "
            "better lit or upright picture, or crop it around the face"
        )
    return InputError(f"no face was found: {advice}", source=path)


def check_formats(formats: tuple[str, ...], *, known: tuple[str, ...]) -> None:
    """Complain about a file format that the command cannot write, before any work is done.

    Raises:
        InputError: see above.
    """
    for name in formats:
        if name not in known:
            raise UsageError(f"--formats: unknown {name!r}; choose from {' '.join(known)}")


def check_positive(option: str, value: float | None) -> None:
    """Complain about a number that must be above zero.

    Raises:
        InputError: it is not.
    """
    if value is not None and not value > 0:
        raise UsageError(f"{option}: must be above 0, not {value}")
