"""How much of a synthetic person landmarks show in the picture, by band of the head's identity modes.

What a person's landmarks are displaced from those of the mean head in the same pose, with the same expression
and before the same camera, is split into orthogonal directions of the picture: a similarity, then each mode's
own share, which no lower mode can take. In these directions true and predicted displacements are compared, so
an average face has slope 0 in every band, and a face that is seen at half its size 0.5.

known = KnownPerson.of(head, vertices, parameters, camera, points_px)
figures = band_figures([known, …], [predicted_px, …])      # by name of the band
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from mien.cameras import Camera
from mien.errors import InputError, ShapeError
from mien.geometry.alignment import align_similarity
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters

BANDS: tuple[tuple[str, int, int | None], ...] = (
    ("1-2", 0, 2),
    ("3-8", 2, 8),
    ("9-30", 8, 30),
    ("rest", 30, None),
)
"""Name, first mode and one past the last, counted from 0; the brow's modes are in the last band."""

FRONTAL_BELOW_DEG, TURNED_BELOW_DEG = 20.0, 60.0
"""Yaws below the first are frontal, up to the second turned; beyond them half the face is hidden."""

_SIMILARITY = 4
_SMALLEST = 1e-4
"""Length of a mode's own direction, over the landmarks' size, below which the picture does not show it."""


@dataclass(frozen=True)
class BandFigures:
    """How much of a band is shown, over many people: with t and p the true and the predicted displacements,

    Attributes:
        slope: Σ t·p / Σ t·t.
        explained: 1 − Σ |t − p|² / Σ |t|² (R²); 0 for the mean head, negative when it is nearer than that.
        share: of all that tells people apart in the picture.
    """

    slope: float
    explained: float
    share: float


@dataclass(frozen=True, eq=False)
class KnownPerson:
    """A person in a picture of whom everything is known.

    Attributes:
        axes: (2 L, M) orthonormal directions of the modes in the picture; 0 where it does not show one.
        mean_px: (L, 2) the landmarks of the mean head in that pose.
        true_px: (L, 2) the person's own.
    """

    axes: Float[np.ndarray, "coordinates modes"]
    mean_px: Float[np.ndarray, "landmarks 2"]
    true_px: Float[np.ndarray, "landmarks 2"]

    @staticmethod
    def of(
        head: Head,
        vertices: Int[np.ndarray, " landmarks"],
        parameters: HeadParameters,
        camera: Camera,
        true_px: Float[np.ndarray, "landmarks 2"],
    ) -> KnownPerson:
        """What is known of a drawn person.

        Args:
            head: the one that was drawn.
            vertices: the landmarks' vertices.
            parameters: that it was drawn with.
            camera: that it was drawn with.
            true_px: the landmarks in the picture, pixels.

        Raises:
            InputError: the parameters are of another head.
        """
        if len(parameters.identity) != head.identity_count:
            raise InputError(
                f"the picture was drawn with {len(parameters.identity)} identity modes, this head has "
                f"{head.identity_count}; draw pictures anew with mien synth"
            )
        points = head.subset(vertices)
        nobody = np.zeros(head.identity_count)

        def seen(identity: np.ndarray) -> np.ndarray:
            return camera.project(points.vertices_m(replace(parameters, identity=identity)))

        mean_px = seen(nobody)
        modes = [seen(one) - mean_px for one in np.eye(head.identity_count)]
        centred = mean_px - mean_px.mean(axis=0)
        similarity = [np.ones_like(mean_px) * [1, 0], np.ones_like(mean_px) * [0, 1]]
        similarity += [centred, centred[:, ::-1] * [-1, 1]]
        directions = np.stack([*similarity, *modes]).reshape(_SIMILARITY + len(modes), -1).T
        axes, triangle = np.linalg.qr(directions)
        axes *= np.where(np.diag(triangle) < 0, -1.0, 1.0)  # more of a mode is more along its axis
        hidden = np.abs(np.diag(triangle)) < _SMALLEST * np.linalg.norm(centred)
        axes[:, hidden] = 0
        return KnownPerson(
            axes=np.asarray(axes[:, _SIMILARITY:], np.float32),
            mean_px=mean_px,
            true_px=np.asarray(true_px, float),
        )

    def displacement(self, points_px: Float[np.ndarray, "landmarks 2"]) -> Float[np.ndarray, " modes"]:
        """Displacement from the mean head, after a similarity, along each mode's direction; over the size of
        the landmarks (root mean square distance from their centre)."""
        there = align_similarity(points_px, self.mean_px).apply(points_px)
        size = np.sqrt(((self.mean_px - self.mean_px.mean(axis=0)) ** 2).sum(axis=1).mean())
        return (there - self.mean_px).reshape(-1) @ self.axes / size


def band_figures(
    people: Sequence[KnownPerson], predicted_px: Sequence[Float[np.ndarray, "landmarks 2"]]
) -> dict[str, BandFigures]:
    """Figures by name of the band (`BANDS`) and for "all" modes.

    Args:
        people: what is known of each.
        predicted_px: their landmarks as predicted, in the picture or in any frame that is a similarity of it.

    Raises:
        InputError: there is nobody.
        ShapeError: not one prediction for each person.
    """
    if not people:
        raise InputError("identity bands need at least one person")
    if len(people) != len(predicted_px):
        raise ShapeError(
            "predictions", expected=f"one for each of {len(people)}", actual=(len(predicted_px),)
        )
    true = np.stack([person.displacement(person.true_px) for person in people])
    shown = np.stack(
        [person.displacement(points_px) for person, points_px in zip(people, predicted_px, strict=True)]
    )
    total = float((true**2).sum())

    def of(first: int, last: int | None) -> BandFigures:
        t, p = true[:, first:last], shown[:, first:last]
        size = float((t**2).sum())
        if not size:
            return BandFigures(float("nan"), float("nan"), 0.0)
        return BandFigures(
            slope=float((t * p).sum()) / size,
            explained=1 - float(((t - p) ** 2).sum()) / size,
            share=size / total,
        )

    return {"all": of(0, None), **{name: of(first, last) for name, first, last in BANDS}}


def views(yaws_rad: Sequence[float]) -> dict[str, list[int]]:
    """Which of some pictures are frontal and which are turned."""
    degrees = np.abs(np.degrees(np.asarray(yaws_rad, float)))
    return {
        "frontal": np.flatnonzero(degrees < FRONTAL_BELOW_DEG).tolist(),
        "turned": np.flatnonzero((degrees >= FRONTAL_BELOW_DEG) & (degrees < TURNED_BELOW_DEG)).tolist(),
    }
