"""Backgrounds repeat and differ; accessories are sound meshes where they belong; light is finite."""

from __future__ import annotations

import numpy as np
import pytest

from mien.synthetic.scenes.accessories import Accessory, join, microphone, random_glasses, tube
from mien.synthetic.scenes.backgrounds import cloud, random_background
from mien.synthetic.scenes.lighting import random_light

EYES_M = np.array([[0.031, 0.036, 0.080], [-0.031, 0.036, 0.080]])
BRIDGE_M = np.array([0.0, 0.037, 0.108])
EARS_M = np.array([[0.08, 0.04, -0.015], [-0.08, 0.04, -0.015]])


def test_backgrounds_repeat_and_differ():
    made = [random_background(np.random.default_rng(seed), 48) for seed in range(12)]
    for seed, picture in enumerate(made):
        assert picture.shape == (48, 48, 3)
        assert picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, random_background(np.random.default_rng(seed), 48))
    assert len({p.tobytes() for p in made}) == len(made)
    assert np.std([p.mean() for p in made]) > 10


def test_cloud_fills_its_range():
    noise = cloud(np.random.default_rng(0), 64)
    assert noise.min() == 0
    assert noise.max() == pytest.approx(1, abs=1e-4)
    # smooth: neighbours are alike
    assert np.abs(np.diff(noise, axis=0)).mean() < 0.1


def check(mesh: Accessory) -> None:
    assert np.isfinite(mesh.vertices_m).all()
    assert mesh.triangles.min() >= 0
    assert mesh.triangles.max() < len(mesh.vertices_m)


def test_tube_keeps_its_distance():
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    path = 0.03 * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    ring = tube(path, 0.002, closed=True)
    check(ring)
    distance = np.linalg.norm(ring.vertices_m.reshape(40, 5, 3) - path[:, None], axis=2)
    np.testing.assert_allclose(distance, 0.002, rtol=1e-6)
    edges = np.sort(np.concatenate([ring.triangles[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].tolist() == [2] * (len(edges) // 2)  # closed
    assert len(tube(path, 0.002, closed=False).triangles) == 39 * 5 * 2


def test_joined_meshes_keep_their_triangles():
    piece = tube(np.array([[0, 0, 0], [0, 0.01, 0], [0, 0.02, 0.0]]), 0.001, closed=False)
    both = join([piece, Accessory(piece.vertices_m + 1, piece.triangles)])
    check(both)
    second = both.vertices_m[both.triangles[len(piece.triangles) :]]
    np.testing.assert_allclose(second, piece.vertices_m[piece.triangles] + 1)


@pytest.mark.parametrize("seed", range(8))
def test_glasses_sit_before_the_eyes(seed: int):
    frame, lenses = random_glasses(EYES_M, BRIDGE_M, EARS_M, np.random.default_rng(seed))
    check(frame)
    check(lenses)
    assert lenses.vertices_m[:, 2].min() > EYES_M[:, 2].max() + 0.008
    for eye in EYES_M:  # each eye has a lens before it
        assert np.linalg.norm(lenses.vertices_m[:, :2] - eye[:2], axis=1).min() < 0.012
    assert np.abs(frame.vertices_m[:, 0]).max() < 0.11
    for ear in EARS_M:
        assert np.linalg.norm(frame.vertices_m - ear, axis=1).min() < 0.012


@pytest.mark.parametrize("seed", range(4))
def test_microphone_is_before_the_mouth(seed: int):
    mouth_m = np.array([0.0, -0.035, 0.11])
    mesh = microphone(mouth_m, np.random.default_rng(seed))
    check(mesh)
    assert np.linalg.norm(mesh.vertices_m - mouth_m, axis=1).min() < 0.15
    assert mesh.vertices_m[:, 2].max() > mouth_m[2]


def test_light_is_finite_and_repeats():
    for seed in range(50):
        light = random_light(np.random.default_rng(seed), skin_level=0.3)
        for values in (light.key_color, light.rim_color, light.ambient, light.balance):
            assert np.isfinite(values).all()
        assert np.linalg.norm(light.key_direction) == pytest.approx(1)
        assert np.linalg.norm(light.rim_direction) == pytest.approx(1)
        assert light.exposure > 0
        assert (light.key_color >= 0).all()
        assert light.exposure == random_light(np.random.default_rng(seed), skin_level=0.3).exposure


def test_dark_skin_is_exposed_longer():
    dark, bright = (random_light(np.random.default_rng(1), skin_level=level) for level in (0.1, 0.4))
    assert dark.exposure > bright.exposure
