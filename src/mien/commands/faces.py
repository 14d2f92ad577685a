"""What the commands about faces share: what to say when there is none, and checks of their options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.usage import UsageError
from mien.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from mien.landmarks.no_face import Finder


def no_face(path: Path, image: np.ndarray, finder: Finder | None = None) -> InputError:
    """The error for a picture without a face: it says what can be seen of the reason, and what to try.

    Args:
        finder: what looked for faces.
    """
    from mien.images.photo import is_transparent
    from mien.landmarks.no_face import why_no_face

    reason = why_no_face(image, finder)
    if is_transparent(path):
        reason = "all of the picture is transparent; save it without transparency"
    return InputError(f"no face was found: {reason}", source=path)


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
