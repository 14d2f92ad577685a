"""Fits to landmarks as a network would find them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.fitting.predicted_landmarks import Way, study_predicted_landmarks
from mien.evaluation.fitting.tables import predicted_landmarks_table, summary
from mien.images.writing import write_image
from mien.landmarks.types import Landmarks2D
from mien.synthetic.held_out_people.crowd import Photographer
from mien.synthetic.held_out_people.picture_files import picture_path


class _Fake:
    """Knows the exact landmarks, adds noise of a known σ, and finds no face in white pictures."""

    set_name = "dense320"

    def __init__(self, photographer: Photographer) -> None:
        self.photographer = photographer

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        person, shot = int(image[0, 0, 0]), int(image[0, 0, 1])
        if person == 255:
            return []
        exact = self.photographer.landmarks(person, shot, self.set_name)
        rng = np.random.default_rng([person, shot])
        sigma_px = np.where(rng.random(len(exact)) < 0.4, 25.0, 0.7)
        noisy_px = exact.points_px + sigma_px[:, None] * rng.normal(size=(len(exact), 2))
        elsewhere = replace(exact, points_px=exact.points_px + 900)
        return [elsewhere, Landmarks2D(noisy_px, sigma_px, self.set_name)]


def _write_pictures(
    folder: Path, photographer: Photographer, *, unseen: tuple[int, int] | None = None
) -> None:
    for person in range(len(photographer.crowd)):
        for shot in range(photographer.crowd.shot_count):
            color = (255, 255, 255) if (person, shot) == unseen else (person, shot, 0)
            picture = np.full((16, 16, 3), color, np.uint8)
            write_image(picture_path(folder, person, shot), picture)


def test_sigma_and_several_pictures_help(photographer: Photographer, tmp_path: Path):
    photographer = replace(photographer, crowd=photographer.crowd.first(1))
    _write_pictures(tmp_path, photographer, unseen=(0, 2))
    result = study_predicted_landmarks(photographer, _Fake(photographer), tmp_path, network="fake")
    assert (result.pictures, result.found) == (3, 2)
    assert {way.set_name for way in result.errors} == {"ibug68", "dense320"}
    median = {way: summary(errors)["median_mm"] for way, errors in result.errors.items()}
    assert median[Way("dense320")] < 0.85 * median[Way("dense320", sigma=False)]
    assert median[Way("dense320", several=True)] < median[Way("dense320")]
    assert len(result.errors[Way("dense320")]) == 2
    assert len(result.errors[Way("dense320", several=True)]) == 1
    table = predicted_landmarks_table(result)
    assert [row[0] for row in table.rows] == [
        "mean head",
        *["68"] * 2,
        *["320"] * 2,
        *["68"] * 2,
        *["320"] * 2,
    ]
    assert table.data["found"] == 2
    more, without_sigma = (table.data["differences"][index] for index in (0, 1))
    assert (more["of"]["landmarks"], more["over"]["landmarks"]) == ("dense320", "ibug68")
    assert not without_sigma["of"]["sigma"]
    assert without_sigma["mm"] > 0


def test_a_missing_picture_is_told(photographer: Photographer, tmp_path: Path):
    with pytest.raises(InputError, match="--assets"):
        study_predicted_landmarks(photographer, _Fake(photographer), tmp_path, network="fake")
