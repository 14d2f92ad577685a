"""Figures of portraits, on invented people of whom a known share is shown."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.landmarks.portrait_points import (
    FACE_MESH_INDICES,
    IBUG68_INDICES,
    OUTER_EYE_CORNERS,
    PARTS,
    PORTRAIT_POINTS,
    TEMPLATE_INDICES,
    members,
)
from mien.evaluation.landmarks.portraits import offset_free_errors, portrait_figures

PEOPLE = 400


def made_up(people: int = PEOPLE, *, spread: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """A mean face of 26 points with level eyes one unit apart, and people's displacements from it.

    Displacements hold no similarity, so that nothing of them is aligned away.
    """
    rng = np.random.default_rng(4)
    mean = rng.uniform(-0.8, 0.8, (26, 2))
    right, left = OUTER_EYE_CORNERS
    mean[right], mean[left] = (-0.5, 0.0), (0.5, 0.0)
    moved = rng.normal(0, spread, (people, 52))
    centred = mean - mean.mean(axis=0)
    turned = centred @ np.array([[0.0, 1], [-1, 0]])
    shifts = np.tile(np.eye(2), (26, 1)).T
    basis, _ = np.linalg.qr(np.stack([*shifts, centred.ravel(), turned.ravel()]).T)
    return mean, (moved - moved @ basis @ basis.T).reshape(people, 26, 2)


def placed(faces: np.ndarray) -> np.ndarray:
    """Each at its own place, size and roll."""
    rng = np.random.default_rng(5)
    factor = rng.uniform(40, 200, len(faces)) * np.exp(1j * rng.uniform(-0.6, 0.6, len(faces)))
    there = (faces[..., 0] + 1j * faces[..., 1]) * factor[:, None]
    there += rng.uniform(0, 300, (len(faces), 1)) + 1j * rng.uniform(0, 300, (len(faces), 1))
    return np.stack([there.real, there.imag], axis=-1)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 1.5])
def test_the_share_that_is_shown_is_the_slope(share):
    mean, moved = made_up()
    figures = portrait_figures(placed(mean + share * moved), placed(mean + moved))
    assert figures.person.slope == pytest.approx(share, abs=0.02)
    assert figures.person.explained == pytest.approx(1 - (1 - share) ** 2, abs=0.02)
    for part in PARTS:
        assert figures.person_parts[part].slope == pytest.approx(share, abs=0.03)
    assert sum(figures.variance_parts.values()) == pytest.approx(1)


def test_noise_lowers_what_is_explained_and_not_the_slope():
    mean, moved = made_up()
    noise = made_up()[1][::-1]
    figures = portrait_figures(placed(mean + moved + noise), placed(mean + moved))
    assert figures.person.slope == pytest.approx(1, abs=0.05)
    assert figures.person.explained == pytest.approx(0, abs=0.06)


def test_another_definition_of_the_points_does_not_count():
    mean, moved = made_up()
    elsewhere = np.random.default_rng(6).normal(0, 0.05, (26, 2))
    figures = portrait_figures(placed(mean + moved + elsewhere), placed(mean + moved))
    # Offsets are taken out along the eyes, which turn and stretch a little from person to person.
    assert figures.nme < 0.1 * np.linalg.norm(elsewhere, axis=1).mean()
    assert figures.person.slope == pytest.approx(1, abs=0.05)


def test_an_average_face_errs_by_how_much_people_differ():
    mean, moved = made_up()
    figures = portrait_figures(placed(np.broadcast_to(mean, moved.shape)), placed(mean + moved))
    assert figures.nme == pytest.approx(np.linalg.norm(moved, axis=2).mean(), rel=0.1)
    assert figures.nme_mean_face == pytest.approx(figures.nme, rel=0.1)
    assert figures.person.slope == pytest.approx(0, abs=0.02)


def test_one_part_and_one_group_alone():
    mean, moved = made_up()
    shown = np.zeros_like(moved)
    shown[:, members("brows")] = moved[:, members("brows")]
    shown[1::3] = 0
    names = ["nobody" if person % 3 == 1 else "seen" for person in range(PEOPLE)]
    figures = portrait_figures(placed(mean + shown), placed(mean + moved), groups=names)
    seen = figures.groups["seen"]
    assert seen.person_parts["brows"].slope > 0.75
    assert abs(seen.person_parts["mouth"].slope) < 0.2
    assert figures.groups["nobody"].person_parts["brows"].slope == pytest.approx(0, abs=0.05)
    assert seen.people + figures.groups["nobody"].people == figures.people == PEOPLE


def test_people_not_found_are_left_out():
    mean, moved = made_up(12)
    points = placed(mean + moved)
    lost = points.copy()
    lost[[2, 5]] = np.nan
    assert portrait_figures(lost, points).people == 10
    lost[1::2] = np.nan  # a whole half
    assert portrait_figures(lost, points).nme == pytest.approx(0, abs=1e-12)
    with pytest.raises(InputError, match="only 3 of 12"):
        portrait_figures(np.where(np.arange(12)[:, None, None] < 3, points, np.nan), points)


def test_points_beside_the_measured_ones():
    mean, moved = made_up(40)
    faces = placed(mean + moved)
    right, left = (faces[:, corner] for corner in OUTER_EYE_CORNERS)
    eyes = (left - right) * [1, 1]
    across = np.stack([-eyes[:, 1], eyes[:, 0]], axis=1)
    pupils = np.stack([right + 0.2 * eyes, left - 0.2 * eyes], axis=1)
    # All of them lie 0.1 of the eyes' distance below the true ones: no error, only a definition.
    errors = offset_free_errors(pupils + 0.1 * across[:, None], pupils, right, left)
    assert np.allclose(errors, 0, atol=1e-12)
    wrong = pupils.copy()
    wrong[0] += 0.05 * across[0]
    wrong[3] = np.nan
    errors = offset_free_errors(wrong, pupils, right, left)
    assert errors[0] == pytest.approx(0.05, rel=0.1)
    assert np.isnan(errors[3]).all()


def test_the_points_are_the_documented_ones():
    for indices, most in ((TEMPLATE_INDICES, 189), (IBUG68_INDICES, 68), (FACE_MESH_INDICES, 468)):
        assert len(set(indices)) == len(PORTRAIT_POINTS) == 26
        assert max(indices) < most
    assert sorted(index for part in PARTS for index in members(part)) == list(range(26))
    assert [PORTRAIT_POINTS[corner].ibug68 for corner in OUTER_EYE_CORNERS] == [36, 45]
