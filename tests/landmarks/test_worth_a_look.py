"""The largest size of a picture is searched only where the next smaller one hints at a face."""

from __future__ import annotations

import numpy as np
import pytest

from mien.landmarks.candidates import Candidate
from mien.landmarks.pyramid import Level, PyramidConfig, levels
from mien.landmarks.region import Region
from mien.landmarks.worth_a_look import Window, windows_worth_a_look


@pytest.fixture
def two_sizes() -> tuple[Level, Level]:
    finest, coarser, *_ = levels(np.zeros((800, 1200, 3), np.uint8), PyramidConfig())
    return finest, coarser


def hints_at(level: Level, points_px: list[tuple[float, float]]) -> np.ndarray:
    """Scores of a level that hints at points of the picture and nowhere else."""
    rows, columns = level.cells
    logits = np.full((rows, columns), -9.0)
    for point in points_px:
        column, row = ((np.array(point) * level.scale + level.margin_px) / 8).astype(int)
        logits[row, column] = -1.0
    return logits


def test_places_that_hint_are_looked_at_with_their_surroundings(two_sizes):
    finest, coarser = two_sizes
    points_px = [(150.0, 200.0), (900.0, 600.0)]
    windows = windows_worth_a_look(finest, coarser, hints_at(coarser, points_px), [])
    assert len(windows) == 2
    for point in points_px:
        column, row = ((np.array(point) * finest.scale + finest.margin_px) / 8).astype(int)
        inside = [w for w in windows if w.inner[0] <= row < w.inner[2] and w.inner[1] <= column < w.inner[3]]
        assert len(inside) == 1
        shown = inside[0].cut(finest.image)
        assert shown.shape[0] % 8 == shown.shape[1] % 8 == 0
        assert shown.shape[0] * shown.shape[1] < 0.1 * finest.image.shape[0] * finest.image.shape[1]
        assert inside[0].to_level(Region(np.zeros(2), 5.0, 0.0)).center_px == pytest.approx(
            [8 * inside[0].left, 8 * inside[0].top]
        )


def test_within_a_face_that_was_found_nothing_is_looked_at(two_sizes):
    finest, coarser = two_sizes
    logits = hints_at(coarser, [(600.0, 400.0)])
    face = Region(np.array([620.0, 390.0]), 200.0, 0.0)
    assert windows_worth_a_look(finest, coarser, logits, [Candidate(face, 0.9)]) == []
    assert len(windows_worth_a_look(finest, coarser, logits, [Candidate(face, 0.4)])) == 1


def test_without_hints_nothing_and_with_many_everything(two_sizes):
    finest, coarser = two_sizes
    assert windows_worth_a_look(finest, coarser, hints_at(coarser, []), []) == []
    windows = windows_worth_a_look(finest, coarser, np.zeros(coarser.cells), [])
    assert windows == [Window.whole(finest)]
