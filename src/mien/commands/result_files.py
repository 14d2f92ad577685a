"""The files that commands write of a fit or a track."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.options import MeshFileOptions, TextureOptions

if TYPE_CHECKING:
    import numpy as np

    from mien.fitting.context import Context
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.fitting.results import HeadFit
    from mien.heads.look import HeadLook
    from mien.heads.model import Head
    from mien.landmarks.landmarker import Landmarker
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
    result: HeadFit | SavedTrack,
    folder: Path,
    name: str,
    *,
    formats: tuple[str, ...],
    mesh: MeshFileOptions,
    head: Head,
    look: HeadLook | None = None,
    rest: NeutralBaseline | None = None,
) -> list[Path]:
    """Write `name` in every format, and the neutral head where it is asked for; returns all files.

    Args:
        rest: the person's weights at rest, taken off in every format but .npz.
    """
    from mien.files.temporary import Temporary

    if rest is None:
        return _write_files(result, folder, name, formats=formats, mesh=mesh, head=head, look=look)
    with Temporary.folder_beside(folder / name) as scratch:
        files: list[Path] = []
        less, at_rest = _less(result, rest, scratch), rest.head_at_rest(head, result_identity(result))
        for suffix in formats:
            fitted = suffix == "npz"
            files += _write_files(
                result if fitted else less,
                folder,
                name,
                formats=(suffix,),
                mesh=mesh,
                head=head if fitted else at_rest,
                look=look,
            )
        return files


def result_identity(result: HeadFit | SavedTrack) -> np.ndarray:
    """Who it is."""
    from mien.fitting.results import HeadFit

    return result.parameters.identity if isinstance(result, HeadFit) else result.identity


def rest_of_photo(
    path: Path, *, landmarker: Landmarker, context: Context, identity: np.ndarray | None = None
) -> NeutralBaseline:
    """The weights of a picture's best face.

    Args:
        identity: of the person, where it is known.

    Raises:
        InputError: it cannot be read, or shows no face.
        FitError: no head fits it.
    """
    from mien.commands.faces import no_face
    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.fitting.photo import fit_photo
    from mien.images.photo import read_photo

    photo = read_photo(path)
    fits = fit_photo(
        photo.image, camera=CameraPrior.of_photo(photo), max_faces=1, identity=identity, context=context
    )
    if not fits:
        raise no_face(path, photo.image, landmarker)
    return NeutralBaseline.of_fits(fits, head=context.loaded_head)


def _less(result: HeadFit | SavedTrack, rest: NeutralBaseline, scratch: Path) -> HeadFit | SavedTrack:
    """The result with the weights at rest taken off; a track by way of another file."""
    from mien.fitting.results import HeadFit
    from mien.tracking.track_file import open_track, write_track

    if isinstance(result, HeadFit):
        return rest.taken_off(result)
    path = scratch / "less.npz"
    parts = (rest.taken_off(part) for part in result.parts())
    write_track(parts, path, expression_names=rest.expression_names, folder=scratch)
    return open_track(path)


def _write_files(
    result: HeadFit | SavedTrack,
    folder: Path,
    name: str,
    *,
    formats: tuple[str, ...],
    mesh: MeshFileOptions,
    head: Head,
    look: HeadLook | None,
) -> list[Path]:
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
