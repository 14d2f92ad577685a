"""Study: how near do fits to exact landmarks come to people that the head was not learned from?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.evaluation.fitting.shape_error import ShapeErrors, ShapeJudge
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.views import fit_landmark_views
from mien.heads.model import Head
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.held_out_people.crowd import Photographer

MEAN_HEAD = "mean head"
REPRODUCTION = "best reproduction"
ONE_NEUTRAL = "one picture, neutral"
ONE_KNOWN_FOCAL = "one picture, neutral, focal length known"
ONE_EXPRESSIVE = "one picture, with expression"
SEVERAL = "all pictures"


@dataclass(frozen=True, eq=False)
class ExactLandmarksResult:
    """Errors of everybody's fitted neutral shape.

    Attributes:
        errors: way of fitting → one entry per person.
        groups: (P,) kind of each person.
        neutral_m: (P, V, 3) the shapes fitted to one neutral picture.
        set_name: the landmark set.
    """

    errors: dict[str, list[ShapeErrors]]
    groups: tuple[str, ...]
    neutral_m: Float[np.ndarray, "people vertices 3"]
    set_name: str


def study_exact_landmarks(
    photographer: Photographer,
    *,
    set_name: str = "dense703",
    config: FitConfig = FitConfig(),
    report: ProgressReport = silent,
) -> ExactLandmarksResult:
    """Fit everybody from exact landmarks and measure the fitted neutral shape.

    Next to the fits stand the mean head, which ignores the picture, and the head's best reproduction of the
    true shape (least squares over all vertices), which no fit with this head can be expected to pass by much.
    """
    crowd, head = photographer.crowd, photographer.head
    reproduce = Reproduction.of(head)
    errors: dict[str, list[ShapeErrors]] = {}
    neutral_m = np.empty((len(crowd), head.vertex_count, 3))
    for person in reported(range(len(crowd)), report, label="fitting"):
        judge = ShapeJudge.of(head, photographer.neutral_m(person))
        shapes = {
            MEAN_HEAD: head.mean_m,
            REPRODUCTION: reproduce(crowd.displacements_m[person]),
            ONE_NEUTRAL: _one(photographer, person, 0, set_name, config),
            ONE_KNOWN_FOCAL: _one(photographer, person, 0, set_name, config, known_focal=True),
        }
        if crowd.shot_count > 1:
            shapes[ONE_EXPRESSIVE] = _one(photographer, person, 1, set_name, config)
            shapes[f"{SEVERAL} ({crowd.shot_count})"] = _several(photographer, person, set_name, config)
        neutral_m[person] = shapes[ONE_NEUTRAL]
        for name, vertices_m in shapes.items():
            errors.setdefault(name, []).append(judge(vertices_m))
    return ExactLandmarksResult(errors, crowd.groups, neutral_m, set_name)


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The nearest shape that a head's identities can make.

    Attributes:
        head: the head.
        directions: (3V, I) an orthonormal basis of what its identities span.
    """

    head: Head
    directions: Float[np.ndarray, "coordinates identity"]

    @staticmethod
    def of(head: Head) -> Reproduction:
        """For all vertices alike."""
        return Reproduction(head, np.linalg.qr(head.identity_basis_m.reshape(head.identity_count, -1).T)[0])

    def __call__(self, displacement_m: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "vertices 3"]:
        """Vertices at rest, for a displacement from the mean head."""
        flat = self.directions @ (displacement_m.reshape(-1) @ self.directions)
        return self.head.mean_m + flat.reshape(-1, 3)


def rest_shape(head: Head, identity: Float[np.ndarray, " identity"]) -> Float[np.ndarray, "vertices 3"]:
    """An identity without expression."""
    return head.rest_vertices_m(identity, np.zeros(head.expression_count))


def _one(
    photographer: Photographer,
    person: int,
    shot: int,
    set_name: str,
    config: FitConfig,
    *,
    known_focal: bool = False,
) -> np.ndarray:
    crowd, size_px = photographer.crowd, photographer.crowd.size_px
    focal_px = float(crowd.focal_px[person, shot])
    fit = fit_landmarks(
        photographer.landmarks(person, shot, set_name),
        CameraPrior.near(focal_px, width_px=size_px, height_px=size_px)
        if known_focal
        else CameraPrior.free(width_px=size_px, height_px=size_px),
        context=Context(head=photographer.head, config=config),
        throw=True,
    )
    return rest_shape(photographer.head, fit.parameters.identity)


def _several(photographer: Photographer, person: int, set_name: str, config: FitConfig) -> np.ndarray:
    crowd = photographer.crowd
    shots: Sequence[int] = range(crowd.shot_count)
    fit = fit_landmark_views(
        [photographer.landmarks(person, shot, set_name) for shot in shots],
        [CameraPrior.free(width_px=crowd.size_px, height_px=crowd.size_px)] * len(shots),
        context=Context(head=photographer.head, config=config),
        throw=True,
    )
    return rest_shape(photographer.head, fit.identity)
