"""All frames of a recorded clip at once: one person, one focal length (Wood et al. 2022, §3.3, offline)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.checked_calls import checked_call
from mien.errors import FitError, InputError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.results import HeadTrack
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.sequence import SEQUENCE_SOLVER
from mien.fitting.sequence_problem import SequenceProblem
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.priors import prior_terms
from mien.landmarks.types import Landmarks2D
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.progress import ProgressReport, silent

INDEPENDENT_FRAMES = 8
"""As many frames' worth of evidence on the person do all frames count together: a network draws the same
person wrongly in the same way on every frame, so that hundreds of frames know hardly more than a few."""

MOST_FRAMES = 3000
"""What is solved at once; a frame takes one to two megabytes."""

_OF_WHAT_IS_SHARED = (
    "identity_std", "log_focal_std", "log_focal_std_known", "shortest_focal_std", "log_distance_std",
)  # fmt: skip
"""Deviations of the priors on person and camera."""


@checked_call
@one_blas_thread
def solve_whole(
    track: HeadTrack,
    *,
    camera: CameraPrior | None = None,
    context: Context | None = None,
    report: ProgressReport = silent,
) -> HeadTrack:
    """A finished track solved again, every frame together with all others: person, focal length, poses and
    expressions are free at once, from where they are.

    Weights and joints are held near those of the frames before and after as `FitConfig.frame_expression_std`
    and `frame_joint_std_rad` say; `still_vertices_std_m`, when on, holds the head's points too.

    Args:
        track: of `track_video` or `track_people`, with its landmarks.
        camera: what was known of the camera; None: nothing, and the focal length is free.
        context: head and settings, as of the track.
        report: told of the steps.

    Returns:
        The track with other parameters and camera; frames that were lost repeat the last good one.

    Raises:
        FitError: the solve failed, or no frame shows the face.
        InputError: the track is of another head, has no landmarks, or is longer than `MOST_FRAMES`.
    """
    context = context or Context()
    head, config = context.loaded_head, context.config
    if track.head_name != head.name:
        raise InputError(
            f"the track is of the head {track.head_name!r}, not of {head.name!r}; pass context=…"
        )
    rows = np.flatnonzero(track.tracked)
    if not len(rows):
        raise FitError("the track shows no face on any frame")
    if len(rows) > MOST_FRAMES:
        raise InputError(
            f"{len(rows)} frames are too many to be solved at once; at most {MOST_FRAMES}: track a part of "
            "the video with max_frames=…"
        )
    known = camera or CameraPrior.free(width_px=track.camera.width_px, height_px=track.camera.height_px)
    model = FitModel.of(head, track.set_name)
    unknowns = Unknowns(
        identity_count=head.identity_count,
        expression_count=head.expression_count,
        joints=model.free_joints,
        focal=known.focal_unknown,
        dolly=known.focal_unknown,
    )
    # Evidence on what all frames share grows with the frames as if they erred independently.
    shared = float(np.sqrt(min(1.0, INDEPENDENT_FRAMES / len(rows))))
    stiffer = replace(config, **{name: shared * getattr(config, name) for name in _OF_WHAT_IS_SHARED})
    parts = []
    for number, row in enumerate(rows.tolist()):
        landmarks = Landmarks2D(track.points_px[row], track.sigma_px[row], track.set_name)
        terms: list[Term] = [LandmarkTerm.of(landmarks, config, present=model.present)]
        terms += prior_terms(head, unknowns, stiffer, identity=number == 0)
        if number == 0:
            terms += known.terms(stiffer)
        parts.append(
            HeadProblem(HeadScene(model, unknowns, track.parameters(row), track.camera), tuple(terms))
        )
    problem = SequenceProblem(tuple(parts), config.still_vertices_std_m, _change_precision(unknowns, config))
    solution = SEQUENCE_SOLVER.solve(
        problem,
        problem.start(),
        report=lambda progress: report(replace(progress, label="all frames together")),
    )
    if not solution.status.usable:
        raise FitError(f"the frames could not be solved together: {solution.status.value}")
    return _solved(track, rows, problem, solution.x)


def _change_precision(unknowns: Unknowns, config: FitConfig) -> np.ndarray:
    """(n,) how firmly weights and joints are held near those of the frame before, as the tracker does."""
    precision = np.zeros(unknowns.frame_size)
    precision[unknowns.expression] = 1 / config.frame_expression_std
    precision[unknowns.all_joints] = 1 / config.frame_joint_std_rad
    return precision


def _solved(track: HeadTrack, rows: np.ndarray, problem: SequenceProblem, x: np.ndarray) -> HeadTrack:
    found = [part.parameters(problem.frame_x(x, k)) for k, part in enumerate(problem.parts)]
    # Lost frames repeat the last good one, those at the beginning the first.
    last = np.clip(np.searchsorted(rows, np.arange(len(track)), side="right") - 1, 0, None)
    every = [found[index] for index in last.tolist()]
    return replace(
        track,
        identity=found[0].identity,
        expression=np.stack([each.expression for each in every]),
        joint_rotations=np.stack([each.joint_rotations for each in every]),
        root_rotation=np.stack([each.root_rotation for each in every]),
        root_translation_m=np.stack([each.root_translation_m for each in every]),
        camera=problem.parts[0].camera(problem.frame_x(x, 0)),
    )
