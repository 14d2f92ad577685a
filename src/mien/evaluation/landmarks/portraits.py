"""How much of a person landmarks show: measured on portraits with hand-placed points.

An average face laid over a portrait is only 2.4 % of the eyes' distance off, so the mean error hides whether
landmarks follow the person. Here a similarity and the mean face are taken out of truth and prediction, and
what is left of both, the person, is compared.

figures = portrait_figures(points_px, true_px)     # (people, 26, 2) each, in the order of PORTRAIT_POINTS
figures.nme, figures.person.slope, figures.person.explained
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from mien.errors import InputError, ShapeError
from mien.evaluation.landmarks.portrait_points import OUTER_EYE_CORNERS, PARTS, members

_FEWEST_PEOPLE = 4
_ALIGNMENT_ROUNDS = 3


@dataclass(frozen=True)
class PersonShown:
    """How much of what tells people apart is shown.

    With t and p the true and the predicted displacement of each point from the mean face:

    Attributes:
        slope: Σ t·p / Σ t·t; 1 when people are shown at full size, 0 when everybody gets the same face.
        explained: 1 − Σ |t − p|² / Σ |t|², share of the variance; 0 for the mean face, below when what is
            shown is further from the person than that.
    """

    slope: float
    explained: float

    @staticmethod
    def of(true: Float[np.ndarray, "*n 2"], shown: Float[np.ndarray, "*n 2"]) -> PersonShown:
        """Of displacements; NaN where the true ones are all zero."""
        size = float((true**2).sum())
        if not size:
            return PersonShown(float("nan"), float("nan"))
        return PersonShown(float((true * shown).sum()) / size, 1 - float(((true - shown) ** 2).sum()) / size)


@dataclass(frozen=True)
class PortraitFigures:
    """Accuracy over portraits; errors are shares of the distance of the true outer eye corners.

    Attributes:
        people: how many people count, those whose points are finite.
        nme: mean distance of the points once the mean offset of each point, taken over the other half of the
            people, is subtracted.
        nme_mean_face: the same of the mean face of the other half, laid onto the truth by a similarity.
        person: how much of the person is shown, over all points.
        nme_parts, person_parts, variance_parts: by part of the face (`PARTS`): error, what is shown, and the
            part's share of all that tells people apart.
        groups: the same for some of the people, by the group's name; without groups of their own.
    """

    people: int
    nme: float
    nme_mean_face: float
    person: PersonShown
    nme_parts: dict[str, float]
    person_parts: dict[str, PersonShown]
    variance_parts: dict[str, float]
    groups: dict[str, PortraitFigures] = field(default_factory=dict)


def portrait_figures(
    points_px: Float[np.ndarray, "people 26 2"],
    true_px: Float[np.ndarray, "people 26 2"],
    *,
    groups: Sequence[str] | None = None,
) -> PortraitFigures:
    """Compare points with hand-placed ones, people against the mean face of others.

    Offsets and mean faces are taken in two folds: for every second person over the others.

    Args:
        points_px: what was predicted, in the order of `PORTRAIT_POINTS`; people that were not found are NaN
            and left out.
        true_px: the hand-placed points.
        groups: a name per person, for figures of parts of the people.

    Raises:
        ShapeError: the two differ in shape.
        InputError: fewer than four people are left.
    """
    if points_px.shape != true_px.shape:
        raise ShapeError("predicted points", expected=str(true_px.shape), actual=points_px.shape)
    known = known_people(points_px)
    if known.sum() < _FEWEST_PEOPLE:
        raise InputError(
            f"only {known.sum()} of {len(known)} people have points; {_FEWEST_PEOPLE} are needed to tell a "
            "person from the mean face"
        )
    compared = Compared.of(complex_points(points_px[known]), complex_points(true_px[known]), two_folds(known))
    return compared.all_figures(None if groups is None else np.array(groups)[known].tolist())


def offset_free_errors(
    points_px: Float[np.ndarray, "people n 2"],
    true_px: Float[np.ndarray, "people n 2"],
    right_px: Float[np.ndarray, "people 2"],
    left_px: Float[np.ndarray, "people 2"],
) -> Float[np.ndarray, "people n"]:
    """Distances to true points over that of the outer eye corners, mean offsets taken out in two folds.

    For points beside the measured ones, as the pupils. People whose points are not finite are NaN.

    Args:
        right_px, left_px: the true outer eye corners, which tell size and roll.
    """
    known = known_people(points_px)
    errors = np.full(points_px.shape[:2], np.nan)
    if known.sum() < 2:
        return errors
    eyes = (complex_points(left_px) - complex_points(right_px))[known]
    moved = (complex_points(points_px) - complex_points(true_px))[known] / eyes[:, None]
    errors[known] = np.abs(moved - _mean_of_others(moved, two_folds(known)))
    return errors


@dataclass(frozen=True, eq=False)
class Compared:
    """What figures are sums over, complex numbers for points of the plane.

    Attributes:
        errors: (people, 26) distances over the eyes', offsets taken out.
        mean_face_errors: (people, 26) of the mean face.
        true, shown: (people, 26, 2) displacements from the mean faces.
    """

    errors: Float[np.ndarray, "people points"]
    mean_face_errors: Float[np.ndarray, "people points"]
    true: Float[np.ndarray, "people points 2"]
    shown: Float[np.ndarray, "people points 2"]

    @staticmethod
    def of(
        points: Complex[np.ndarray, "people points"],
        true: Complex[np.ndarray, "people points"],
        folds: Int[np.ndarray, " people"],
    ) -> Compared:
        right, left = OUTER_EYE_CORNERS
        eyes = (true[:, left] - true[:, right])[:, None]
        # Divided by the vector between the eyes, so that offsets are level whatever the roll.
        moved = (points - true) / eyes
        frame = mean_shape(true)
        true_there, points_there = laid_onto(frame, true), laid_onto(frame, points)
        mean_face = _mean_of_others(true_there, folds)
        placed = np.stack([laid_onto(one, face[None])[0] for one, face in zip(true, mean_face, strict=True)])
        return Compared(
            errors=np.abs(moved - _mean_of_others(moved, folds)),
            mean_face_errors=np.abs(placed - true) / np.abs(eyes),
            true=real_points(true_there - mean_face),
            shown=real_points(points_there - _mean_of_others(points_there, folds)),
        )

    @staticmethod
    def by_fold(zeroth: Compared, first: Compared, folds: Int[np.ndarray, " people"]) -> Compared:
        """People of fold 0 from the one, of fold 1 from the other."""

        def merged(name: str) -> np.ndarray:
            both = np.stack([getattr(zeroth, name), getattr(first, name)])
            return both[folds, np.arange(len(folds))]

        return Compared(merged("errors"), merged("mean_face_errors"), merged("true"), merged("shown"))

    def all_figures(self, groups: Sequence[str] | None = None) -> PortraitFigures:
        """Of everybody, and of each group."""
        names = np.array([] if groups is None else groups)
        return self.figures(
            np.ones(len(self.true), bool),
            {name: self.figures(names == name, {}) for name in dict.fromkeys(names.tolist())},
        )

    def figures(
        self, people: Bool[np.ndarray, " people"], groups: dict[str, PortraitFigures]
    ) -> PortraitFigures:
        """Of some of the people."""
        true, shown, errors = self.true[people], self.shown[people], self.errors[people]
        parts = {part: members(part) for part in PARTS}
        variance = float((true**2).sum())
        return PortraitFigures(
            people=len(true),
            nme=float(errors.mean()),
            nme_mean_face=float(self.mean_face_errors[people].mean()),
            person=PersonShown.of(true, shown),
            nme_parts={part: float(errors[:, chosen].mean()) for part, chosen in parts.items()},
            person_parts={
                part: PersonShown.of(true[:, chosen], shown[:, chosen]) for part, chosen in parts.items()
            },
            variance_parts={
                part: float((true[:, chosen] ** 2).sum()) / variance if variance else float("nan")
                for part, chosen in parts.items()
            },
            groups=groups,
        )


def known_people(points_px: Float[np.ndarray, "people n 2"]) -> Bool[np.ndarray, " people"]:
    """Who was found: those without NaN."""
    return np.asarray(np.isfinite(points_px).all(axis=(1, 2)))


def two_folds(known: Bool[np.ndarray, " all"]) -> Int[np.ndarray, " people"]:
    """0 and 1 by turns, for the people that are known: the same fold whoever else is found."""
    folds = np.flatnonzero(known) % 2
    if not 0 < folds.sum() < len(folds):  # all in one fold
        folds = np.arange(len(folds)) % 2
    return folds


def complex_points(points: Float[np.ndarray, "*n 2"]) -> Complex[np.ndarray, "*n"]:
    """Points of the plane as complex numbers."""
    points = np.asarray(points, float)
    return points[..., 0] + 1j * points[..., 1]


def real_points(points: Complex[np.ndarray, "*n"]) -> Float[np.ndarray, "*n 2"]:
    """The reverse of `complex_points`."""
    return np.stack([np.real(points), np.imag(points)], axis=-1)


def _mean_of_others(
    values: Complex[np.ndarray, "people points"], folds: Int[np.ndarray, " people"]
) -> Complex[np.ndarray, "people points"]:
    """For each person the mean over the people of the other fold."""
    means = np.stack([values[folds == 1].mean(axis=0), values[folds == 0].mean(axis=0)])
    return means[folds]


def laid_onto(
    target: Complex[np.ndarray, " points"], shapes: Complex[np.ndarray, "people points"]
) -> Complex[np.ndarray, "people points"]:
    """Each shape moved, turned and scaled until its points are nearest to the target's (least squares).

    A similarity of the plane is a complex factor and a shift, so the solution is a regression of one number.
    """
    centred = shapes - shapes.mean(axis=1, keepdims=True)
    factor = (centred.conj() @ (target - target.mean())) / (np.abs(centred) ** 2).sum(axis=1)
    return factor[:, None] * centred + target.mean()


def mean_shape(shapes: Complex[np.ndarray, "people points"]) -> Complex[np.ndarray, " points"]:
    """Mean over all people after similarities (generalised Procrustes), as large as the first."""
    mean = shapes[0]
    for _ in range(_ALIGNMENT_ROUNDS):
        following = laid_onto(mean, shapes).mean(axis=0)
        mean = laid_onto(mean, following[None])[0]
    return mean
