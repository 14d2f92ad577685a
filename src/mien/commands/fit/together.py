"""`mien fit --together`: one person in several pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.commands.batch import BatchOutcome, Done, result_stems
from mien.commands.display import progress_bar
from mien.commands.faces import no_face
from mien.commands.fit.options import FitPicturesConfig, stated_camera
from mien.commands.fit.results import facts_of, look_of, row_of, write_fit
from mien.errors import InputError, MienError
from mien.progress import reported

if TYPE_CHECKING:
    from mien.camera_files.posed_picture import PosedPicture
    from mien.cameras import Camera
    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.results import HeadFit
    from mien.fitting.views import ViewsFit
    from mien.heads.model import Head
    from mien.images.photo import Photo
    from mien.landmarks.landmarker import Landmarker
    from mien.landmarks.types import Landmarks2D

_SAME_MOMENT = {"auto": None, "yes": True, "no": False}


def fit_together(config: FitPicturesConfig, *, landmarker: Landmarker, head: Head) -> BatchOutcome:
    """Fit one head to the best face of each picture; pictures without one are reported as failed.

    Raises:
        InputError: a picture has no camera in --cameras, or one for another size.
    """
    from mien.fitting.context import Context
    from mien.fitting.views import fit_landmark_views

    known = None if config.cameras is None else _cameras(config)
    photos: dict[Path, Photo] = {}
    faces: dict[Path, Landmarks2D] = {}
    failed: list[tuple[Path, str]] = []
    pictures = list(dict.fromkeys(config.inputs.pictures))
    with progress_bar("pictures", quiet=config.output.json) as report:
        for path in reported(pictures, report):
            try:
                photos[path], faces[path] = _look(path, landmarker)
            except MienError as error:
                failed.append((path, " ".join(str(error).split())))
    if known is not None:
        for path, photo in photos.items():
            known[path] = photo.upright_camera(known[path])
            _check_size(path, photo, known[path])
    seen = list(faces)
    if not seen:
        return BatchOutcome((), tuple(failed))

    views = fit_landmark_views(
        [faces[path] for path in seen],
        [_camera(photos[path], config) if known is None else known[path] for path in seen],
        same_moment=_SAME_MOMENT[config.same_moment],
        same_camera=config.same_camera,
        context=Context(head=head, config=config.collisions.fit_config()),
    )
    done: list[tuple[Path, Done]] = []
    stems = dict(zip(pictures, result_stems(pictures), strict=True))
    fitted = {
        path: fit
        for path, fit in zip(seen, views.fits, strict=True)
        if fit is not None and fit.status.usable and views.status.usable
    }
    person = (
        look_of(list(fitted.values()), [photos[path] for path in fitted], head, config) if fitted else None
    )
    for path, fit in zip(seen, views.fits, strict=True):
        if fit is None or not (fit.status.usable and views.status.usable):
            failed.append((path, f"{path}: {_why_none(fit, views)}"))
            continue
        number = list(fitted).index(path)
        files = write_fit(fit, photos[path], head, config, stems[path], person=person, picture=number)
        done.append((path, Done(files=tuple(files), row=row_of([fit]), facts=facts_of([fit], head))))
    return BatchOutcome(tuple(done), tuple(failed))


def _why_none(fit: HeadFit | None, views: ViewsFit) -> str:
    reason = views.reason if fit is None else fit.reason
    if reason:
        return f"the fit is implausible: {reason}"
    return "no head fits this face; is it the same person, and the right camera?"


def _look(path: Path, landmarker: Landmarker) -> tuple[Photo, Landmarks2D]:
    from mien.images.photo import read_photo

    photo = read_photo(path)
    found = landmarker(photo.image)
    if not found:
        raise no_face(path, photo.image, landmarker)
    return photo, found[0]


def _camera(photo: Photo, config: FitPicturesConfig) -> CameraPrior:
    """About the focal length that the user states, or else the file."""
    from mien.fitting.camera_prior import CameraPrior

    return stated_camera(photo, config) or CameraPrior.of_photo(photo)


def _cameras(config: FitPicturesConfig) -> dict[Path, Camera]:
    """The camera of every picture, found by its path, its name, or its name without suffix."""
    from mien.camera_files.reading import read_cameras

    assert config.cameras is not None
    posed = read_cameras(config.cameras, metres_per_unit=config.units.metres_per_unit)
    cameras = {}
    for path in config.inputs.pictures:
        matches = next(filter(None, (_matching(posed, path, how) for how in range(3))), [])
        if len(matches) != 1:
            known = ", ".join(each.name for each in posed[:5]) + (", …" if len(posed) > 5 else "")
            how_many = "no camera" if not matches else f"{len(matches)} cameras"
            raise InputError(f"has {how_many} for {path.name}; it knows {known}", source=config.cameras)
        cameras[path] = matches[0].camera
    return cameras


def _matching(posed: list[PosedPicture], path: Path, how: int) -> list[PosedPicture]:
    if how == 0:
        return [each for each in posed if each.path is not None and each.path.resolve() == path.resolve()]
    if how == 1:
        return [each for each in posed if path.name in (Path(each.name).name, each.path and each.path.name)]
    return [each for each in posed if path.stem in (Path(each.name).stem, each.path and each.path.stem)]


def _check_size(path: Path, photo: Photo, camera: Camera) -> None:
    height_px, width_px = photo.image.shape[:2]
    if (width_px, height_px) != (camera.width_px, camera.height_px):
        raise InputError(
            f"has {width_px} × {height_px} pixels, its camera {camera.width_px} × {camera.height_px}; "
            "give the pictures in the size that the cameras were calibrated for",
            source=path,
        )
