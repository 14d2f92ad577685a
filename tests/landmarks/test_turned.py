"""Faces are found at any roll, and their points are those of the upright picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mien
from mien.landmarks.candidates import Candidate
from mien.landmarks.region import Region
from mien.landmarks.turned import turned_candidates

ASTRONAUT = Path(__file__).parents[2] / "examples/astronaut.jpg"


def turned(image: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture on a larger square, and the matrix that took its points there."""
    import cv2

    height, width = image.shape[:2]
    side = int(np.hypot(width, height))
    there = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    there[:, 2] += [(side - width) / 2, (side - height) / 2]
    shown = cv2.warpAffine(image, there, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shown), np.asarray(there)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(mien.read_image(ASTRONAUT)[:260, 80:380])


@pytest.mark.parametrize("degrees", [75, 90, 180, 225, 270])
def test_a_face_is_found_at_any_roll(photo: np.ndarray, degrees: float):
    landmarker = mien.Landmarker()
    (upright,) = landmarker(photo)
    shown, there = turned(photo, degrees)
    (found,) = landmarker(shown)
    wanted_px = upright.points_px @ there[:, :2].T + there[:, 2]
    assert np.linalg.norm(found.points_px - wanted_px, axis=1).mean() < 0.6


def test_the_person_is_the_same_upside_down(photo: np.ndarray):
    (upright,), (turned_fit,) = (mien.fit_photo(each) for each in (photo, turned(photo, 180)[0]))
    difference = turned_fit.parameters.identity - upright.parameters.identity
    assert np.abs(difference).max() < 0.15
    assert turned_fit.status is mien.Status.CONVERGED


def test_only_upright_faces_where_that_is_asked(photo: np.ndarray):
    assert mien.Landmarker(turned=False)(np.ascontiguousarray(np.rot90(photo))) == []


def test_regions_are_those_of_the_picture_as_it_stands():
    """A finder that says where the one bright pixel lies, with a roll of its own."""
    image = np.zeros((40, 60, 3), np.uint8)
    image[12, 47] = 255

    def finder(picture: np.ndarray) -> list[Candidate]:
        row, column = np.argwhere(picture[..., 0] > 0)[0]
        score = {(60, 40): 0.8, (40, 60): 0.6}[picture.shape[:2]]
        return [Candidate(Region(np.array([column, row], float), 10.0, 0.1), score)]

    (best,) = turned_candidates(finder, image)
    np.testing.assert_allclose(best.region.center_px, [47, 12])
    assert best.region.side_px == 10
    # up in the picture turned counter-clockwise was to the right
    np.testing.assert_allclose(best.region.roll_rad, 0.1 + np.pi / 2)
