"""The chain of a sequence: exact derivatives, and the same problem as one dense matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.shared_problem import Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.sequence_problem import SequenceProblem
from mien.fitting.terms.priors import prior_terms
from mien.fitting.terms.rig_landmarks import RigLandmarksTerm
from mien.least_squares.problem import Problem
from tests.fitting.test_sequence import WEIGHTS, recorded


def frames_of(head) -> tuple[HeadProblem, ...]:
    """Three frames, started off their truths; the second was not seen."""
    truths, landmarks, cameras = recorded(head, frames=3, noise_px=1.0)
    model = FitModel.of(head, "toy")
    unknowns = Unknowns(
        identity_count=head.identity_count, expression_count=head.expression_count, joints=model.free_joints
    )
    parts = []
    for frame, truth in enumerate(truths):
        start = replace(
            truth,
            root_translation_m=truth.root_translation_m + 0.002 * frame,
            identity=truths[0].identity + 0.1,
        )
        terms = prior_terms(head, unknowns, WEIGHTS, identity=frame == 0)
        if frame != 1:
            terms.append(RigLandmarksTerm.of(landmarks[frame], cameras, WEIGHTS))
        parts.append(HeadProblem(HeadScene(model, unknowns, start, cameras[0]), tuple(terms)))
    return tuple(parts)


@pytest.mark.parametrize(("still_vertices_std_m", "held"), [(0.0, False), (0.004, False), (0.0, True)])
def test_gradient(head, still_vertices_std_m, held):
    parts = frames_of(head)
    precision = np.arange(parts[0].scene.unknowns.frame_size) % 4.0 if held else None
    problem = SequenceProblem(parts, still_vertices_std_m, precision)
    assert isinstance(problem, Problem)
    x = problem.start()
    chain = problem.linearize(x)
    assert chain.cost == pytest.approx(problem.cost(x))
    gradient = chain.gradient
    for index in np.random.default_rng(0).choice(problem.size, 25, replace=False):
        shift = np.zeros_like(x)
        shift[index] = 1e-6
        slope = (problem.cost(x + shift) - problem.cost(x - shift)) / 2e-6
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-6 * np.abs(gradient).max())


def test_frames_without_links_are_views_that_share_identity(head):
    parts = frames_of(head)
    chain, views = SequenceProblem(parts), Sharing().problem(parts)
    x = chain.start()
    np.testing.assert_array_equal(x, views.start())
    for frame, columns in enumerate(views.columns):
        np.testing.assert_array_equal(chain.frame_x(x, frame), x[columns])
    ours, theirs = chain.linearize(x), views.linearize(x)
    assert ours.cost == pytest.approx(theirs.cost)
    top = np.abs(theirs.hessian).max()
    np.testing.assert_allclose(ours.gradient, theirs.gradient, atol=1e-12 * top)
    np.testing.assert_allclose(ours.hessian, theirs.hessian, atol=1e-12 * top)
    step, expected = ours.step(0.1), theirs.step(0.1)
    assert step is not None
    assert expected is not None
    np.testing.assert_allclose(step.change, expected.change, rtol=1e-6, atol=1e-9)
    assert step.expected_decrease == pytest.approx(expected.expected_decrease)


def test_a_link_costs_what_the_vertices_moved(head):
    parts = frames_of(head)
    x = SequenceProblem(parts).start()
    still, free = SequenceProblem(parts, 0.004), SequenceProblem(parts)
    places_m = [part.state(free.frame_x(x, frame)).vertices_m for frame, part in enumerate(parts)]
    moved = np.diff(places_m, axis=0) / 0.004
    assert still.cost(x) - free.cost(x) == pytest.approx(0.5 * (moved**2).sum())
    links = still.linearize(x).lower_blocks
    assert links.shape == (2, still.frame_size, still.frame_size)
    assert (np.abs(links).max(axis=(1, 2)) > 0).all()
    assert not free.linearize(x).lower_blocks.any()
