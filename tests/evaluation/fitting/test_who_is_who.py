"""Recognising people by their shape, with shapes that are invented and pictures of a small crowd."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.fitting.pictured_people import fit_pictures
from mien.evaluation.fitting.who_is_who import recognition, study_who_is_who
from mien.synthetic.held_out_people.crowd import Photographer


def test_the_same_person_is_nearest():
    known = np.random.default_rng(0).normal(size=(30, 40))
    noise = np.random.default_rng(1).normal(size=known.shape)
    clear = recognition(known, known + 0.1 * noise, np.eye(30))
    assert (clear.people, clear.shown) == (30, 30)
    assert clear.rank_1 == clear.rank_5 == clear.rank_1_by_angle == clear.rank_1_by_likeness == 1
    hidden = recognition(known, noise, np.roll(np.eye(30), 1, axis=1))
    assert hidden.rank_1 < 0.25
    assert hidden.rank_1_by_likeness == 0
    assert hidden.chance == pytest.approx(1 / 30)


def test_a_small_person_is_recognised_by_the_angle():
    known = np.random.default_rng(2).normal(size=(30, 40))
    known[0] *= 0.1
    shrunk = recognition(known, 0.2 * known, np.eye(30))
    assert shrunk.rank_1 < 0.5
    assert shrunk.rank_1_by_angle == 1


def test_an_average_face_recognises_nobody():
    known = np.random.default_rng(3).normal(size=(20, 40))
    assert recognition(known, np.zeros_like(known), np.eye(20)).rank_1 <= 0.05
    same = np.broadcast_to(known[:1], known.shape)
    assert recognition(same, same, np.ones((20, 20))).rank_1 == 0  # everybody is as near as the right one


def test_people_without_a_fit_are_not_recognised():
    known = np.random.default_rng(4).normal(size=(10, 8))
    shown = known.copy()
    shown[:3] = np.nan
    lost = known.copy()
    lost[9] = np.nan
    figures = recognition(lost, shown, np.eye(10))
    assert figures.rank_1 == figures.rank_5 == pytest.approx(0.6)
    with pytest.raises(InputError, match="two people"):
        recognition(known[:1], known[:1], np.eye(1))


def test_exact_landmarks_tell_who_is_who(photographer: Photographer):
    pictures = fit_pictures(photographer, None, Path("nowhere"))
    assert len(pictures) == len(photographer.crowd) * photographer.crowd.shot_count
    assert all(picture.fit is not None for picture in pictures)
    figures = study_who_is_who(photographer.head, pictures)
    assert set(figures) == set(range(1, photographer.crowd.shot_count))
    assert figures[1].rank_1 == 1
    with pytest.raises(InputError, match="two pictures"):
        study_who_is_who(photographer.head, [picture for picture in pictures if picture.shot == 0])


def test_a_missing_picture_is_told(photographer: Photographer, tmp_path: Path):
    class Anything:
        set_name = "dense320"

        def __call__(self, image):
            return []

    with pytest.raises(InputError, match="--assets"):
        fit_pictures(photographer, Anything(), tmp_path)
