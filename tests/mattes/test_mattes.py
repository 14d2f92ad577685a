"""Mattes of a picture whose head and ground have colours of their own."""

from __future__ import annotations

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.mattes.soft_matte import soft_matte
from mien.mattes.trimap import head_trimap
from mien.mattes.types import Trimap


def disc(radius: float) -> np.ndarray:
    y, x = np.mgrid[:120, :120]
    return (y - 60) ** 2 + (x - 60) ** 2 < radius**2


def test_what_a_trimap_leaves_open_is_told_by_colour():
    rng = np.random.default_rng(0)
    truth = disc(32)
    image = np.where(truth[..., None], [60, 40, 30], [150, 180, 140]) + rng.integers(-8, 9, (120, 120, 3))
    body = np.zeros_like(truth)
    body[100:] = True
    matte = soft_matte(image.astype(np.uint8), Trimap(disc(15), ~disc(50) & ~body, body), edge_px=1.0)
    clear = disc(29) | ~disc(35)
    assert (np.abs(matte.alpha - truth)[clear & ~body] < 0.1).mean() > 0.99
    assert matte.known[clear & ~body].mean() > 0.9
    assert (matte.known[body] == 0).all()


def test_a_picture_full_of_the_head_keeps_the_wall_beside_the_neck():
    """Only corners are surely no head there, and the wall is darker beside the neck than in the corners."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:120, :120]
    truth = ((y - 55) / 50) ** 2 + ((x - 60) / 38) ** 2 < 1
    truth |= (abs(x - 60) < 22) & (y > 60)
    wall = np.stack([235 - y / 2, 230 - y / 2, 205 - y / 2], axis=2)
    face = np.where((y < 95)[..., None], [150, 100, 80], [140, 90, 70])
    hair = disc(25)
    image = np.where(truth[..., None], np.where(hair[..., None], face, [60, 42, 30]), wall)
    image = np.clip(image + rng.integers(-6, 7, image.shape), 0, 255).astype(np.uint8)
    outside = (y < 12) & (abs(x - 60) > 48)
    body = (y > 88) & ~truth | (y > 100)
    matte = soft_matte(image, Trimap(disc(28), outside & ~body, body), edge_px=2.5)
    beside = ~truth & (y > 60) & (y < 85) & (abs(x - 60) > 45)
    assert matte.alpha[beside].mean() < 0.05
    assert matte.alpha[truth & (y < 85)].mean() > 0.9


def test_same_colours_are_not_known():
    image = np.full((120, 120, 3), 90, np.uint8) + np.random.default_rng(1).integers(
        0, 9, (120, 120, 3), np.uint8
    )
    nothing = np.zeros((120, 120), bool)
    matte = soft_matte(image, Trimap(disc(15), ~disc(50), nothing))
    assert matte.known[disc(45) & ~disc(20)].mean() < 0.3


def test_a_fitted_head_is_inside_and_far_pixels_are_outside():
    head = load_head()
    camera = Camera.from_focal(
        300.0, width_px=200, height_px=200, camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    neutral = HeadParameters.neutral(head.identity_count, head.expression_count)
    parameters = HeadParameters(
        neutral.identity, neutral.expression, neutral.joint_rotations, np.zeros(3), np.array([0.0, 0, -0.8])
    )
    trimap = head_trimap(parameters, camera, head)
    middle = camera.project(head.vertices_m(parameters)).mean(axis=0).round().astype(int)
    assert trimap.inside[middle[1] - 10, middle[0]]
    assert trimap.outside[0].all()
    assert not (trimap.inside & trimap.outside).any()
    assert not (trimap.inside & trimap.body).any()
    assert trimap.body[-1, 100]
