"""Light from spherical harmonics."""

from __future__ import annotations

import numpy as np
import pytest

from mien.looks.illumination import BRIGHTEST, DARKEST, Illumination, solve_illumination


@pytest.fixture
def normals():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(600, 3)) + [0, 0, 1.5]
    vectors[:, 2] = np.abs(vectors[:, 2])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def light():
    coefficients = np.zeros((9, 3))
    coefficients[0] = [0.8, 0.7, 0.6]
    coefficients[1:4] = np.array([[0.25], [0.15], [0.2]]) * [1.0, 0.9, 0.8]
    return Illumination(coefficients, np.array([0.95, 0.83, 0.72]))


def test_light_is_found_from_what_it_lights(normals, light):
    albedo = np.random.default_rng(1).uniform(0.2, 0.6, (len(normals), 3))
    found = solve_illumination(albedo * light.shade(normals), albedo, normals, np.ones(len(normals)))
    error = found.shade(normals) / light.shade(normals) - 1
    assert np.sqrt((error**2).mean()) < 0.05


def test_a_tenth_of_wrong_colours_hardly_moves_the_light(normals, light):
    albedo = np.full((len(normals), 3), 0.4)
    colors = albedo * light.shade(normals)
    colors[::10] *= 0.1
    found = solve_illumination(colors, albedo, normals, np.ones(len(normals)))
    assert np.abs(found.shade(normals) / light.shade(normals) - 1).mean() < 0.05


def test_light_stays_within_its_limits(normals):
    coefficients = np.zeros((9, 3))
    coefficients[0], coefficients[1] = 1.0, 8.0
    shade = Illumination(coefficients, np.ones(3)).shade(normals)
    assert shade.min() >= DARKEST
    assert shade.max() <= BRIGHTEST
    order = np.argsort(normals[:, 0])
    assert (np.diff(shade[order, 0]) >= -1e-12).all()


def test_moderate_light_is_not_bent(normals, light):
    plain = np.tile(normals @ light.coefficients[1:4] + light.coefficients[0], 1)
    within = (plain / light.mean > 0.6) & (plain / light.mean < 1.9)
    np.testing.assert_allclose(light.shade(normals)[within], plain[within])
