"""What is known of a camera: where fits start, and how far the focal length may go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.errors import InputError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.images.photo import Photo
from tests.fitting.scenes import exact_landmarks, some_parameters

SIZE = {"width_px": 640, "height_px": 480}
WEIGHTS = FitConfig(log_focal_std=0.4, log_focal_std_known=0.02)


def test_a_known_camera_is_kept(camera):
    prior = CameraPrior.known(camera)
    assert prior.camera is camera
    assert not prior.focal_unknown
    assert prior.focal_term(WEIGHTS) is None
    assert CameraPrior.of(camera) == prior
    assert CameraPrior.of(prior) is prior


def test_a_focal_length_that_is_nearly_known(camera):
    prior = CameraPrior.near(900.0, **SIZE)
    term = prior.focal_term(WEIGHTS)
    assert prior.focal_unknown
    assert term is not None
    assert (term.focal_px, term.deviation) == (900.0, 0.02)
    np.testing.assert_array_equal(prior.camera.camera_from_world, PICTURE_CAMERA_FROM_WORLD)
    np.testing.assert_array_equal(prior.camera.intrinsics[:2, 2], [319.5, 239.5])


def test_nothing_known_but_the_size():
    term = CameraPrior.free(**SIZE).focal_term(WEIGHTS)
    assert term is not None
    assert (term.focal_px, term.deviation) == (800.0, 0.4)


def test_a_photo_says_what_its_file_says():
    image = np.zeros((480, 640, 3), np.uint8)
    told, silent = (CameraPrior.of_photo(Photo(image, focal_px, Path("a.jpg"))) for focal_px in (700.0, None))
    assert (told.focal, told.camera.focal_px) == ("near", 700.0)
    assert (silent.focal, silent.camera.focal_px) == ("free", 800.0)
    assert (told.camera.width_px, told.camera.height_px) == (640, 480)


@pytest.mark.parametrize("focal_px", [0.0, -5.0, np.nan, np.inf])
def test_impossible_focal_lengths_are_named(focal_px):
    with pytest.raises(InputError, match="positive"):
        CameraPrior.near(focal_px, **SIZE)
    with pytest.raises(InputError, match="positive"):
        CameraPrior.known(Camera.from_focal(focal_px, **SIZE))


@pytest.mark.parametrize(
    ("prior", "focal_px", "cost", "distance_m"),
    [
        (None, 800.0, 5.190897, 0.617190),
        (CameraPrior.near(900.0, **SIZE), 868.1554, 7.815737, 0.668818),
        (CameraPrior.free(**SIZE), 806.6697, 7.511192, 0.621283),
    ],
    ids=["known", "near", "free"],
)
def test_fits_with_each_kind_of_knowledge(head, camera, prior, focal_px, cost, distance_m):
    """The numbers are those of this class as it is, so that nobody changes them by accident."""
    landmarks = exact_landmarks(head, some_parameters(head, seed=4), camera, sigma_px=3.0)
    fit = fit_landmarks(landmarks, camera if prior is None else prior, context=Context(head=head))
    assert fit.camera.focal_px == pytest.approx(focal_px, rel=1e-3)
    assert fit.cost_history[-1] == pytest.approx(cost, rel=1e-3)
    assert -fit.parameters.root_translation_m[2] == pytest.approx(distance_m, rel=1e-3)
