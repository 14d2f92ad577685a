"""Expressions against known ones, with exact landmarks and with invented openings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.evaluation.fitting.known_expressions import EYES, LIPS, openings, study_expressions
from mien.evaluation.fitting.pictured_people import fit_pictures
from mien.synthetic.held_out_people.crowd import Photographer

PICTURES = 80


def faces(lips: np.ndarray, lids: np.ndarray) -> np.ndarray:
    """(F, 68, 2) points with those gaps of the lips (F,) and of both eyes' lids (F, 2)."""
    points = np.zeros((len(lips), 68, 2))
    points[:, LIPS[1], 1] = lips
    for eye, (outer, inner, pairs) in enumerate(EYES):
        points[:, outer], points[:, inner] = (60.0 * eye, 0), (60.0 * eye + 30, 0)
        for upper, lower in pairs:
            points[:, lower, 1] = points[:, upper, 1] + lids[:, eye]
    return points


@pytest.fixture
def truth():
    """Gaps of lips and lids, a third of the eyes shut; and who is in the pictures."""
    rng = np.random.default_rng(5)
    shut = rng.random((PICTURES, 2)) < 0.33
    lids = np.where(shut, 0.5, rng.uniform(8, 12, shut.shape))
    return rng.uniform(1, 40, PICTURES), lids, shut, np.arange(PICTURES) // 2


def test_halved_openings(truth):
    lips, lids, shut, people = truth
    figures = openings(
        faces(0.5 * lips, 0.5 * lids), faces(lips, lids), shut=shut, open_=~shut, people=people
    )
    assert figures.lips_error == pytest.approx(0.5)
    assert figures.lips_ratio == pytest.approx(0.5)
    assert figures.lids_told_apart == 1  # half as far, and still told
    assert (figures.shut, figures.open) == (shut.sum(), (~shut).sum())


def test_the_same_lids_everywhere_tell_nothing(truth):
    lips, lids, shut, people = truth
    same = faces(lips, np.full_like(lids, 6.0))
    figures = openings(same, faces(lips, lids), shut=shut, open_=~shut, people=people)
    assert figures.lips_error == pytest.approx(0)
    assert figures.lids_told_apart == pytest.approx(0.5)
    none = openings(same, faces(lips, lids), shut=np.zeros_like(shut), open_=~shut, people=people)
    assert np.isnan(none.lids_told_apart)


def test_exact_landmarks_give_the_expressions_back(photographer: Photographer):
    crowd = photographer.crowd
    pictures = fit_pictures(photographer, None, Path("nowhere"))
    result = study_expressions(photographer, pictures)
    assert (result.pictures, result.fitted) == (len(pictures), len(pictures))
    assert set(result.openings) == {"landmarks", "head"}
    assert result.openings["landmarks"].lips_error == pytest.approx(0, abs=0.3)
    assert set(result.gaze) == {"yaw", "pitch"}
    assert len(pictures) == len(crowd) * crowd.shot_count
