"""The files that commands write of a fit or a track."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.options import MeshFileOptions, TextureOptions

if TYPE_CHECKING:
    from mien.fitting.results import HeadFit, HeadTrack
    from mien.heads.look import HeadLook
    from mien.heads.model import Head
    from mien.looks.head_look import PersonLook
    from mien.tracking.track_file import SavedTrack

_NEUTRAL_FORMATS = ("glb", "obj")


def check_mesh_files(mesh: MeshFileOptions, formats: tuple[str, ...]) -> None:
    """Complain about mesh options without a format that they are about, before any work is done.

    Raises:
        InputError: see above.
    """
    from mien.commands.usage import UsageError

    if mesh.neutral and not set(formats) & set(_NEUTRAL_FORMATS):
        raise UsageError(f"--neutral needs glb or obj among --formats, which are {' '.join(formats)}")


def check_hair(looks: TextureOptions, head: Head) -> None:
    """Complain about hair on somebody else's head, before any work is done.

    Raises:
        InputError: see above.
    """
    if looks.hair != "none":
        from mien.looks.worn_hair import check_wears_hair

        check_wears_hair(head)


def dressed(head: Head, person: PersonLook | None, looks: TextureOptions) -> tuple[Head, HeadLook | None]:
    """The head and its look as files show them: with hair, if it is asked for and somebody would see it."""
    if person is None:
        return head, None
    if looks.hair == "none":
        return head, person.look
    from mien.looks.worn_hair import with_hair_style

    worn = with_hair_style(head, person, style=looks.hair)
    return worn.head, worn.look


def write_result_files(
    result: HeadFit | HeadTrack | SavedTrack,
    folder: Path,
    name: str,
    *,
    formats: tuple[str, ...],
    mesh: MeshFileOptions,
    head: Head,
    look: HeadLook | None = None,
) -> list[Path]:
    """Write `name` in every format, and the neutral head where it is asked for; returns all files."""
    from mien.exporters.files import export_files

    files: list[Path] = []
    for suffix in formats:
        for neutral in (False, True):
            if neutral and not (mesh.neutral and suffix in _NEUTRAL_FORMATS):
                continue
            files += export_files(
                result,
                folder / f"{name}{'-neutral' if neutral else ''}.{suffix}",
                head=head,
                look=look,
                origin=mesh.origin,
                camera=not mesh.no_camera,
                neutral=neutral,
            )
    return files
