"""The YTF-68 benchmark: 68 hand-checked points on frames of internet videos (`mien benchmark ytf68`).

The folder holds `translate.csv` (to fit the label translation), `val.csv` (to measure) and `images/`; the
columns are image, x0, y0, …, x67, y67 in pixels. Whether their pixel (0, 0) is a centre or a corner does not
matter: the translation absorbs a constant shift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from mien.errors import InputError, LandmarkSetError
from mien.evaluation.landmarks.label_translation import LabelTranslation
from mien.evaluation.landmarks.metrics import area_under_curve, failure_rate, normalised_mean_errors
from mien.evaluation.landmarks.point_offsets import BROWS, EYES, PointOffsets, measure_offsets
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D
from mien.progress import ProgressReport, reported, silent
from mien.reading.tables import read_rows

FAILURE_THRESHOLD = 0.1
"""Errors above a tenth of the inter-ocular distance are failures."""

_LABELS = 68


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with one labelled face.

    Attributes:
        path: the picture.
        points_px: (68, 2) iBUG points.
    """

    path: Path
    points_px: Float[np.ndarray, "68 2"]

    @property
    def person(self) -> str:
        """Who it is: the file's name without the frame's number."""
        return self.path.stem.rpartition("_")[0]


@dataclass(frozen=True)
class Ytf68Result:
    """What the benchmark found.

    Attributes:
        pictures: the measured pictures, those of `val.csv`.
        found: landmarks of the labelled face of each, None where it was not found.
        translated_px: (N, 68, 2) their translation into the dataset's labels, NaN where not found.
        errors: (N,) inter-ocular normalised mean error (a share, not percent), NaN where not found.
        untranslated_errors: (N,) the same for the network's own 68 points.
        unshifted_errors: (N,) the same once `label_shift_px` is taken out of the labels.
        label_shift_px: (2,) what the data set counts its pixels from beside us: the median of labelled minus
            own points of the eyes in `translate.csv`.
        offsets: where these lie beside the labels, by part.
        translation: the label translation.
        translation_faces: how many faces it was fitted on.
        translation_undetected: how many of `translate.csv` were not found.
    """

    pictures: list[LabelledPicture]
    found: list[Landmarks2D | None]
    translated_px: Float[np.ndarray, "faces 68 2"]
    errors: Float[np.ndarray, " faces"]
    untranslated_errors: Float[np.ndarray, " faces"]
    unshifted_errors: Float[np.ndarray, " faces"]
    label_shift_px: Float[np.ndarray, " 2"]
    offsets: PointOffsets
    translation: LabelTranslation
    translation_faces: int
    translation_undetected: int

    @property
    def undetected(self) -> int:
        """How many labelled faces were not found."""
        return int(np.isnan(self.errors).sum())

    def figures(self) -> dict[str, Any]:
        """The figures to report: errors and offsets are shares of the inter-ocular distance, over the faces
        found; the failure rate and the area under the curve count faces that were not found as failures."""
        found = self.errors[np.isfinite(self.errors)]
        untranslated, unshifted = (
            each[np.isfinite(each)] for each in (self.untranslated_errors, self.unshifted_errors)
        )
        return {
            "pictures": len(self.pictures),
            "undetected": self.undetected,
            "nme": float(found.mean()) if len(found) else float("nan"),
            "nme_median": float(np.median(found)) if len(found) else float("nan"),
            "nme_undetected_as_1": float(np.where(np.isfinite(self.errors), self.errors, 1.0).mean()),
            "failure_rate_10": failure_rate(self.errors, threshold=FAILURE_THRESHOLD),
            "auc_10": area_under_curve(self.errors, threshold=FAILURE_THRESHOLD),
            "nme_untranslated": float(untranslated.mean()) if len(untranslated) else float("nan"),
            "nme_untranslated_without_shift": float(unshifted.mean()) if len(unshifted) else float("nan"),
            "label_shift_px": self.label_shift_px.tolist(),
            "nme_untranslated_parts": self.offsets.part_errors,
            "offsets_parts": {part: offset.tolist() for part, offset in self.offsets.part_offsets.items()},
            "offsets_brow_points": {
                str(point): self.offsets.point_offsets[point].tolist() for point in BROWS
            },
            "translation_faces": self.translation_faces,
            "translation_undetected": self.translation_undetected,
            "translation_penalty": self.translation.penalty,
        }


def read_labels(table: str | Path, images: str | Path) -> list[LabelledPicture]:
    """The rows of `translate.csv` or `val.csv`.

    Raises:
        InputError: the file is missing or a row is not a name and 136 numbers.
    """
    table, images = Path(table), Path(images)
    if not table.is_file():
        raise InputError("no such file; --data must be the folder with translate.csv, val.csv and images/",
                         source=table)  # fmt: skip
    pictures = []
    for number, row in enumerate(read_rows(table)[1:], 2):
        try:
            points_px = np.array([float(value) for value in row[1:]]).reshape(_LABELS, 2)
        except ValueError as error:
            raise InputError(f"line {number} is not a name and 136 numbers", source=table) from error
        if not np.isfinite(points_px).all():
            raise InputError(f"line {number} holds numbers that are not finite", source=table)
        pictures.append(LabelledPicture(images / row[0], points_px))
    if not pictures:
        raise InputError("holds no rows", source=table)
    return pictures


def labelled_face(
    landmarker: Landmarker, image: np.ndarray, labels_px: Float[np.ndarray, "68 2"]
) -> Landmarks2D | None:
    """Of the faces found in a picture the one nearest to the labelled face; None when there is none there."""
    center_px = labels_px.mean(axis=0)
    reach_px = float(np.sqrt(((labels_px - center_px) ** 2).sum(axis=1).mean()))
    best, min_px = None, reach_px
    for face in landmarker(image):
        region = region_from_points(face.points_px, face.set_name)
        distance_px = float(np.linalg.norm(region.center_px - center_px))
        if distance_px < min_px:
            best, min_px = face, distance_px
    return best


def face_where_labelled(
    landmarker: Landmarker, image: np.ndarray, labels_px: Float[np.ndarray, "68 2"]
) -> Landmarks2D:
    """The landmarks when the search is spared: started from the labels' region, refined twice.

    Not the benchmark: it tells the landmark network's part of the error from the search's.
    """
    region = region_from_points(labels_px, "ibug68")
    for _ in range(2):
        landmarks = landmarker.predictor(image, region)
        region = region_from_points(landmarks.points_px, landmarks.set_name)
    return landmarker.predictor(image, region)


Finder = Callable[[Landmarker, np.ndarray, np.ndarray], Landmarks2D | None]


def evaluate(
    data: str | Path,
    landmarker: Landmarker,
    *,
    find: Finder = labelled_face,
    report: ProgressReport = silent,
) -> Ytf68Result:
    """Run the benchmark.

    Args:
        data: folder with translate.csv, val.csv and images/.
        landmarker: what is measured.
        find: how the labelled face is found.
        report: told how far each part ("translate", "val") is.

    Raises:
        InputError: a file is missing or broken, or too few faces of translate.csv are found.
    """
    folder = Path(data)
    parts = {name: read_labels(folder / f"{name}.csv", folder / "images") for name in ("translate", "val")}
    found = {name: _find_all(reported(parts[name], report, label=name), landmarker, find) for name in parts}
    known = [(p, face) for p, face in zip(parts["translate"], found["translate"], strict=True) if face]
    if len(known) < 10:
        raise InputError(f"only {len(known)} faces of translate.csv were found, too few to fit the "
                         "translation; is the network trained?", source=folder)  # fmt: skip
    translation = LabelTranslation.fit(
        np.stack([face.points_px for _, face in known]),
        np.stack([picture.points_px for picture, _ in known]),
        groups=[picture.person for picture, _ in known],
    )
    true_px = np.stack([picture.points_px for picture in parts["val"]])
    translated_px, untranslated_px = np.full_like(true_px, np.nan), np.full_like(true_px, np.nan)
    for index, face in enumerate(found["val"]):
        if face is not None:
            translated_px[index] = translation(face.points_px[None])[0]
            untranslated_px[index] = _own_68_px(face)
    label_shift_px = _label_shift_px(known)
    return Ytf68Result(
        pictures=parts["val"],
        found=found["val"],
        translated_px=translated_px,
        errors=normalised_mean_errors(translated_px, true_px),
        untranslated_errors=normalised_mean_errors(untranslated_px, true_px),
        unshifted_errors=normalised_mean_errors(untranslated_px, true_px - label_shift_px),
        label_shift_px=label_shift_px,
        offsets=measure_offsets(untranslated_px, true_px),
        translation=translation,
        translation_faces=len(known),
        translation_undetected=len(parts["translate"]) - len(known),
    )


def _find_all(
    pictures: Iterable[LabelledPicture], landmarker: Landmarker, find: Finder
) -> list[Landmarks2D | None]:
    from mien.images.photo import read_image

    return [find(landmarker, read_image(picture.path), picture.points_px) for picture in pictures]


def _label_shift_px(known: list[tuple[LabelledPicture, Landmarks2D]]) -> Float[np.ndarray, " 2"]:
    """Median of labelled minus own points of the eyes; NaN for a set without them."""
    own = np.stack([np.broadcast_to(_own_68_px(face), (_LABELS, 2)) for _, face in known])
    labelled = np.stack([picture.points_px for picture, _ in known])
    return np.median((labelled - own)[:, EYES].reshape(-1, 2), axis=0)


def _own_68_px(face: Landmarks2D) -> np.ndarray | float:
    try:
        return face.to("ibug68").points_px
    except LandmarkSetError:  # a set without the 68 points
        return np.nan
