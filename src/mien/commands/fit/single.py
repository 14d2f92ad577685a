"""`mien fit`: every face of a picture for itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.batch import Done
from mien.commands.faces import no_face
from mien.commands.fit.options import FitPicturesConfig, stated_camera
from mien.commands.fit.results import facts_of, look_of, row_of, write_fit
from mien.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.lifted_start import LiftedStart
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.heads.model import Head
    from mien.images.photo import Photo
    from mien.landmarks.landmarker import Landmarker


def fit_picture(
    path: Path,
    stem: str,
    *,
    landmarker: Landmarker,
    head: Head,
    config: FitPicturesConfig,
    identity: np.ndarray | None,
    rest: NeutralBaseline | None = None,
) -> Done:
    """Fit, write and sum up all faces of one picture.

    Raises:
        InputError: it cannot be read, or shows no face.
    """
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_photo
    from mien.images.photo import read_photo

    photo = read_photo(path)
    fits = fit_photo(
        photo.image,
        camera=_camera(photo, config),
        max_faces=config.inputs.max_faces if identity is None and rest is None else 1,
        identity=identity,
        context=Context(
            head=head,
            landmarker=landmarker,
            config=config.collisions.fit_config(),
            start=_start(config),
        ),
    )
    if not fits:
        raise no_face(path, photo.image, landmarker)
    files: list[Path] = []
    for number, fit in enumerate(fits, start=1):
        name = stem if len(fits) == 1 else f"{stem}-{number}"
        if fit.status.usable:
            person = look_of([fit], [photo], head, config)
            files += write_fit(fit, photo, head, config, name, person=person, rest=rest)
    bad = [
        f"the fit{f' of face {number}' if len(fits) > 1 else ''} {fit.outcome}"
        for number, fit in enumerate(fits, start=1)
        if not fit.status.usable
    ]
    problem = f"{path}: {'; '.join(bad)}" if bad else None
    shown = [rest.taken_off(fit) if rest is not None and fit.status.usable else fit for fit in fits]
    return Done(files=tuple(files), row=row_of(fits), facts=facts_of(shown, head), problem=problem)


def _start(config: FitPicturesConfig) -> LiftedStart | None:
    if config.start == "mean":
        return None
    from mien.fitting.lifted_start import LiftedStart
    from mien.lifting.lifter import Lifter

    return LiftedStart(Lifter())


def _camera(photo: Photo, config: FitPicturesConfig) -> CameraPrior:
    """The camera that the user states; otherwise fitting estimates it, starting from the EXIF data."""
    from mien.fitting.camera_prior import CameraPrior

    stated = stated_camera(photo, config)
    return CameraPrior.of_photo(photo) if stated is None else CameraPrior.known(stated.camera)


def read_identity(path: Path, head: Head) -> np.ndarray:
    """Who it is, from the file of an earlier fit or track.

    Raises:
        InputError: the file is neither, or belongs to another head.
    """
    from mien.exporters.saved import read_fit, read_track

    try:
        saved, identity = (fit := read_fit(path)), fit.parameters.identity
    except InputError as error:
        try:
            saved, identity = (track := read_track(path)), track.identity
        except InputError:
            raise error from None
    if (saved.head_name, len(identity)) != (head.name, head.identity_count):
        raise InputError(
            f"is of the head {saved.head_name} {saved.head_version}, not of {head.name} {head.version}; "
            "fit that person again",
            source=path,
        )
    return identity
