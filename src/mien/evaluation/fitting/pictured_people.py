"""Heads fitted to each picture of people who are known exactly: what several studies start from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.errors import InputError
from mien.evaluation.fitting.predicted_landmarks import FaceFinder, found_face
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.results import HeadFit
from mien.landmarks.types import Landmarks2D
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.held_out_people.crowd import Photographer
from mien.synthetic.held_out_people.picture_files import picture_path


@dataclass(frozen=True, eq=False)
class FittedPicture:
    """One picture of a known person.

    Attributes:
        person, shot: which picture of the crowd it is.
        exact: the true landmarks, of the set that was looked for.
        found: what was seen; None where no face was found there.
        fit: the head fitted to these, its focal length unknown beforehand; None without landmarks, or where
            the fit failed.
    """

    person: int
    shot: int
    exact: Landmarks2D
    found: Landmarks2D | None
    fit: HeadFit | None


def fit_pictures(
    photographer: Photographer,
    landmarker: FaceFinder | None,
    folder: Path,
    *,
    config: FitConfig = FitConfig(),
    report: ProgressReport = silent,
) -> list[FittedPicture]:
    """Look at every picture of everybody and fit it alone.

    Args:
        landmarker: finds faces; None for the exact landmarks, without any picture.
        folder: where the rendered pictures lie.

    Raises:
        InputError: a picture is missing.
    """
    from mien.images.photo import read_image

    crowd = photographer.crowd
    camera = CameraPrior.free(width_px=crowd.size_px, height_px=crowd.size_px)
    context = Context(head=photographer.head, config=config)
    places = [(person, shot) for person in range(len(crowd)) for shot in range(crowd.shot_count)]
    pictures = []
    for person, shot in reported(places, report, label="finding and fitting"):
        if landmarker is None:
            found = exact = photographer.landmarks(person, shot, "dense703")
        else:
            path = picture_path(folder, person, shot)
            if not path.exists():
                raise InputError("this picture is missing; render the pictures with --assets", source=path)
            exact = photographer.landmarks(person, shot, landmarker.set_name)
            found = found_face(landmarker, read_image(path), exact)
        fit = None if found is None else fit_landmarks(found, camera, context=context)
        pictures.append(
            FittedPicture(person, shot, exact, found, fit if fit is not None and fit.status.usable else None)
        )
    return pictures
