"""Portraits with hand-placed points, and what a network finds in them.

The folder holds `points189.csv` (image, x0, y0, …, x188, y188; pixels, (0, 0) the centre of the top-left
pixel), `people.csv` (face_id, face_age, face_gender) and `images/`; in `distance/` may lie pictures of one
person from several distances, named by them (`15cm.jpg`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.evaluation.landmarks.portrait_points import (
    FACE_MESH_INDICES,
    FACE_MESH_PUPILS,
    IBUG68_INDICES,
    OUTER_EYE_CORNERS,
    PUPILS,
    TEMPLATE_INDICES,
)
from mien.evaluation.landmarks.portraits import PortraitFigures, offset_free_errors, portrait_figures
from mien.heads.landmark_sets import landmark_groups, landmark_set
from mien.heads.library import load_head
from mien.landmarks.protocols import LandmarkFinder
from mien.landmarks.types import Landmarks2D
from mien.progress import ProgressReport, reported, silent
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz
from mien.reading.tables import read_rows

_Face = tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]
"""All landmarks of a face, the measured ones, the pupils; None where there are none."""

_TEMPLATE = 189
_FACE_MESH = 468
_IBUG = 68


@dataclass(frozen=True, eq=False)
class Portraits:
    """Pictures of one person each.

    Attributes:
        pictures: their files.
        genders: of the people, as `people.csv` has them; "" of those whom it lacks.
        points_px: (N, 26, 2) the hand-placed points, in the order of `PORTRAIT_POINTS`.
        pupils_px: (N, 2, 2) the pupils' centres, the subject's right one first.
    """

    pictures: tuple[Path, ...]
    genders: tuple[str, ...]
    points_px: Float[np.ndarray, "people 26 2"]
    pupils_px: Float[np.ndarray, "people 2 2"]


@dataclass(frozen=True, eq=False)
class FoundPoints:
    """What was found in the portraits; NaN where there is nothing.

    Attributes:
        all_px: (N, L, 2) every landmark, to choose others from.
        points_px: (N, 26, 2) in the order of `PORTRAIT_POINTS`.
        pupils_px: (N, 2, 2).
    """

    all_px: Float[np.ndarray, "people landmarks 2"]
    points_px: Float[np.ndarray, "people 26 2"]
    pupils_px: Float[np.ndarray, "people 2 2"]


@dataclass(frozen=True)
class PortraitResult:
    """Figures of one network, or of one file of points.

    Attributes:
        figures: of the points that stand for the measured ones.
        figures_chosen: of those of its landmarks that show the other half of the people best; None where
            there are no others to choose from.
        iris_error: mean distance of the pupils, as `PortraitFigures.nme`; NaN without pupils.
        not_found: portraits in which no face was found.
    """

    figures: PortraitFigures
    figures_chosen: PortraitFigures | None
    iris_error: float
    not_found: int


def read_portraits(folder: str | Path) -> Portraits:
    """The portraits of a folder.

    Raises:
        InputError: a file is missing or broken.
    """
    folder = Path(folder)
    table = folder / "points189.csv"
    rows = _rows(table)
    points_px = []
    for number, row in enumerate(rows, 2):
        try:
            points_px.append(np.array([float(value) for value in row[1:]]).reshape(_TEMPLATE, 2))
        except ValueError as error:
            raise InputError(
                f"line {number} is not a name and {2 * _TEMPLATE} numbers", source=table
            ) from error
    genders = {row[0]: row[2] for row in _rows(folder / "people.csv") if len(row) > 2}
    names = [row[0] for row in rows]
    everything = np.array(points_px)
    if not np.isfinite(everything).all():
        raise InputError("holds numbers that are not finite", source=table)
    return Portraits(
        pictures=tuple(folder / "images" / name for name in names),
        genders=tuple(genders.get(Path(name).stem, "") for name in names),
        points_px=everything[:, TEMPLATE_INDICES],
        pupils_px=everything[:, PUPILS],
    )


def find_points(
    portraits: Portraits, landmarker: LandmarkFinder, *, report: ProgressReport = silent
) -> FoundPoints:
    """Search every portrait and take its best face.

    Raises:
        LandmarkSetError: the network's set cannot tell the 68 points.
    """
    from mien.images.photo import read_image

    found: list[_Face] = []
    for path in reported(portraits.pictures, report):
        faces = landmarker(read_image(path))
        found.append(measured_points(faces[0]) if faces else (None, None, None))
    return _together(found)


def read_points(portraits: Portraits, path: str | Path) -> FoundPoints:
    """Points that something else found: an .npz with an array by the name of each picture.

    Arrays are (68, 2) in iBUG's order or (468, 2) or (478, 2) of MediaPipe's mesh, pixels; pictures without
    one count as not found.

    Raises:
        InputError: the file is missing or holds something else.
    """
    missing = "no such file; it must be an .npz with points by picture"
    with open_npz(path, what="is no .npz of plain arrays", missing=missing) as file:
        values = FileValues(file, source=path, remedy="write the points anew")
        arrays = {name: values.array(name, f"points_{name} 2", low=-1e6, high=1e6, nan=True) for name in file}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or next(iter(shapes)) not in {(68, 2), (_FACE_MESH, 2), (_FACE_MESH + 10, 2)}:
        raise InputError(
            f"expected arrays of (68, 2), (468, 2) or (478, 2), all alike, got {sorted(shapes)}", source=path
        )
    return found_points(portraits, arrays)


def found_points(portraits: Portraits, arrays: Mapping[str, np.ndarray]) -> FoundPoints:
    """Points of something else, by the name of the picture's file with or without its ending."""
    count = len(next(iter(arrays.values())))
    found: list[_Face] = []
    for path in portraits.pictures:
        points_px = arrays.get(path.name, arrays.get(path.stem))
        if points_px is None:
            found.append((None, None, None))
        elif count == _IBUG:
            found.append((points_px, points_px[list(IBUG68_INDICES)], None))
        else:
            pupils_px = points_px[list(FACE_MESH_PUPILS)] if count > _FACE_MESH else None
            found.append((points_px, points_px[list(FACE_MESH_INDICES)], pupils_px))
    return _together(found)


def measured_points(
    face: Landmarks2D,
) -> tuple[Float[np.ndarray, "landmarks 2"], Float[np.ndarray, "26 2"], Float[np.ndarray, "2 2"] | None]:
    """All of a face's landmarks, those that stand for the measured points, and pupils if the set has them.

    Raises:
        LandmarkSetError: the set cannot tell the 68 points.
    """
    points_px = np.asarray(face.points_px, float)
    pupils = pupil_indices(face.set_name)
    return (
        points_px,
        np.asarray(face.to("ibug68").points_px, float)[list(IBUG68_INDICES)],
        None if pupils is None else points_px[list(pupils)],
    )


def pupil_indices(set_name: str) -> tuple[int, int] | None:
    """Landmarks in the middle of the subject's right and left pupil; None when a set has none."""
    head = load_head()
    vertices = landmark_set(set_name).vertices
    irises = landmark_groups(set_name)["iris"]
    found = []
    for part in ("right_eye", "left_eye"):
        inside = [i for i in irises.tolist() if head.part_names[head.vertex_parts[vertices[i]]] == part]
        if not inside:
            return None
        places_m = head.mean_m[vertices[inside], :2]
        found.append(inside[int(np.linalg.norm(places_m - places_m.mean(axis=0), axis=1).argmin())])
    return found[0], found[1]


def measure(portraits: Portraits, found: FoundPoints) -> PortraitResult:
    """All figures of what was found.

    Raises:
        InputError: fewer than four people were found.
    """
    from mien.evaluation.landmarks.portrait_choice import figures_of_choice

    genders = portraits.genders if all(portraits.genders) else None
    true_px = portraits.points_px
    right, left = OUTER_EYE_CORNERS
    irises = offset_free_errors(found.pupils_px, portraits.pupils_px, true_px[:, right], true_px[:, left])
    chosen = None
    if found.all_px.shape[1] > _IBUG:
        chosen = figures_of_choice(found.all_px, found.points_px, true_px, groups=genders)
    return PortraitResult(
        figures=portrait_figures(found.points_px, true_px, groups=genders),
        figures_chosen=chosen,
        iris_error=float(np.nanmean(irises)) if np.isfinite(irises).any() else float("nan"),
        not_found=int(np.isnan(found.points_px).any(axis=(1, 2)).sum()),
    )


def _together(found: Iterable[_Face]) -> FoundPoints:
    all_px, points_px, pupils_px = zip(*found, strict=True)

    def stacked(faces: Iterable[np.ndarray | None], count: int) -> np.ndarray:
        return np.stack([np.full((count, 2), np.nan) if each is None else each for each in faces])

    count = max((len(each) for each in all_px if each is not None), default=0)
    return FoundPoints(
        stacked(all_px, count), stacked(points_px, len(TEMPLATE_INDICES)), stacked(pupils_px, 2)
    )


def _rows(table: Path) -> list[list[str]]:
    if not table.is_file():
        raise InputError(
            "no such file; --data must be the folder with points189.csv, people.csv and images/", source=table
        )
    rows = [row for row in read_rows(table)[1:] if row]
    if not rows:
        raise InputError("holds no rows", source=table)
    return rows
