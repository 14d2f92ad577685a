"""Likeness of fitted people: what it learns from invented fits, and what it says of real ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mien
from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.likeness import LikenessSpace, likeness, shipped_likeness
from mien.fitting.results import HeadFit
from mien.heads.library import load_head
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status

COUNT = 12


def invented_fits(people: int, shots: int, seed: int) -> np.ndarray:
    """Fits of which the first four weights tell people apart, and the last four only pictures."""
    rng = np.random.default_rng(seed)
    spread = np.r_[np.full(4, 1.0), np.full(4, 0.3), np.full(4, 0.05)]
    noise = np.r_[np.full(4, 0.1), np.full(4, 0.3), np.full(4, 2.0)]
    persons = 0.5 + spread * rng.normal(size=(people, 1, COUNT))
    return persons + noise * rng.normal(size=(people, shots, COUNT))


def learned(fits: np.ndarray) -> LikenessSpace:
    return LikenessSpace.learned(fits, kept=6, ridge=0.01, head_name="a", head_version="1")


@pytest.fixture
def fit() -> HeadFit:
    head = load_head()
    person = np.random.default_rng(4).normal(size=head.identity_count)
    count = len(head.landmark_set("ibug68").vertices)
    return HeadFit(
        parameters=replace(head.neutral(), identity=person),
        camera=Camera.from_focal(500.0, width_px=512, height_px=512),
        landmarks=Landmarks2D(np.zeros((count, 2)), np.ones(count), "ibug68"),
        residuals_px=np.zeros((count, 2)),
        status=Status.CONVERGED,
        iterations=1,
        cost_history=(0.0,),
        head_name=head.name,
        head_version=head.version,
    )


def test_what_differs_between_fits_of_one_person_hardly_counts():
    space = learned(invented_fits(200, 3, 0))
    told = np.linalg.norm(space.directions, axis=1)
    assert told[:4].min() > 5 * told[8:].max()
    others = invented_fits(40, 2, 1)
    known, shown = space.placed(others[:, 0]), space.placed(others[:, 1])
    assert ((shown @ known.T).argmax(axis=1) == np.arange(40)).mean() > 0.8
    centred = others - 0.5
    apart = np.linalg.norm(centred[:, 1, None] - centred[None, :, 0], axis=2)
    assert (apart.argmin(axis=1) == np.arange(40)).mean() < 0.5, "distances alone do not tell them"


def test_people_who_were_not_fitted_everywhere_are_left_out():
    fits = invented_fits(50, 3, 2)
    lost = np.concatenate([fits, np.full((1, 3, COUNT), np.nan)])
    assert np.allclose(learned(lost).mean, learned(fits).mean)
    with pytest.raises(InputError, match="two pictures"):
        learned(fits[:, :1])


def test_a_saved_space_is_the_same(tmp_path):
    space = learned(invented_fits(50, 3, 3))
    space.save(tmp_path / "space.npz")
    with np.load(tmp_path / "space.npz") as file:
        assert np.allclose(file["directions"], space.directions, atol=1e-5)
        assert str(file["head_name"]) == "a"


def test_the_shipped_space_is_of_the_built_in_head():
    space, head = shipped_likeness(), load_head()
    assert (space.head_name, space.head_version) == (head.name, head.version)
    assert len(space.mean) == len(space.directions) == head.identity_count


def test_the_same_fit_is_alike_and_a_mirrored_identity_is_not(fit):
    assert mien.likeness(fit, fit) == pytest.approx(1)
    space = shipped_likeness()
    turned = 2 * space.mean - fit.parameters.identity
    other = replace(fit, parameters=replace(fit.parameters, identity=turned))
    assert likeness(fit, other) == pytest.approx(-1)


def test_other_heads_and_failed_fits_cannot_be_compared(fit):
    with pytest.raises(InputError, match="built-in head"):
        likeness(fit, replace(fit, head_version="0.1"))
    with pytest.raises(InputError, match="nobody can be compared"):
        likeness(fit, replace(fit, status=Status.IMPLAUSIBLE))
