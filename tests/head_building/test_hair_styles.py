"""Hair carried onto our head: drawn to the middle, shortened, kept out of the skull, without its colour."""

from __future__ import annotations

import numpy as np

from mien.head_building.hair_styles import (
    CLEAR_OF_SKIN_M,
    _on_mean_head,
    _outside,
    _parted_in_the_middle,
    _picture,
    _shortened,
)
from mien.looks.colors import linear_from_srgb


def sphere(radius_m: float, count: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A closed mesh of a sphere about the origin."""
    from scipy.spatial import ConvexHull

    rng = np.random.default_rng(0)
    points = rng.normal(size=(count * 20, 3))
    points_m = radius_m * points / np.linalg.norm(points, axis=1, keepdims=True)
    triangles = ConvexHull(points_m).simplices
    corners = points_m[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inwards = np.einsum("tc,tc->t", normals, corners.mean(axis=1)) < 0
    return points_m, np.where(inwards[:, None], triangles[:, ::-1], triangles)


def test_hair_within_the_skull_comes_out():
    skin_m, triangles = sphere(0.08)
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points_m = directions * rng.uniform(0.06, 0.12, (200, 1))
    moved_m = _outside(points_m, skin_m, triangles)
    assert np.linalg.norm(moved_m, axis=1).min() > 0.078  # the hull of the sphere's points lies within it
    far = np.linalg.norm(points_m, axis=1) > 0.08 + CLEAR_OF_SKIN_M
    np.testing.assert_array_equal(moved_m[far], points_m[far])


def test_hair_goes_where_the_skin_goes():
    skin, _ = sphere(1.0)
    target_m = 0.1 * skin + [0.0, 0.02, 0.01]
    places = 1.1 * skin[::7]
    np.testing.assert_allclose(
        _on_mean_head(places, skin, target_m), 0.1 * places + [0.0, 0.02, 0.01], atol=1e-6
    )


def test_only_what_hangs_is_shortened():
    y_m = np.array([0.1, -0.05, -0.12, -0.3, -0.5])
    short_m = _shortened(y_m, 0.45)
    np.testing.assert_array_equal(short_m[:2], y_m[:2])
    assert (np.diff(short_m) < 0).all()
    assert short_m[-1] > -0.35
    np.testing.assert_array_equal(_shortened(y_m, 1.0), y_m)


def test_a_parting_comes_to_the_middle_and_both_sides_are_alike():
    angle = np.linspace(-1.5, 1.5, 31)
    z_m = np.linspace(-0.05, 0.04, 6)
    grid = np.stack(np.meshgrid(angle, z_m, indexing="ij"), axis=-1).reshape(-1, 2)
    points_m = np.column_stack([0.09 * np.sin(grid[:, 0]), 0.055 + 0.09 * np.cos(grid[:, 0]), grid[:, 1]])
    index = np.arange(len(points_m)).reshape(31, 6)
    faces = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    moved_m, new_faces, new_uv = _parted_in_the_middle(points_m, faces, faces, 0.036)
    used = np.unique(new_faces)
    own, image = moved_m[used[used < len(points_m)]], moved_m[used[used >= len(points_m)]]
    np.testing.assert_allclose(image, own * [-1, 1, 1])
    assert 0 <= own[:, 0].min() < 0.005
    np.testing.assert_allclose(np.hypot(own[:, 0], own[:, 1] - 0.055), 0.09)
    half = len(new_faces) // 2
    np.testing.assert_array_equal(np.sort(new_uv[half:], axis=1), np.sort(new_uv[:half], axis=1))


def test_pictures_lose_their_colour_and_what_no_card_shows():
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[:, 32:] = (90, 60, 40, 255)
    picture[:32, 32:, :3] = (140, 95, 60)
    uv = np.array([[0.5, 0.0], [1.0, 1.0]])
    layers, places = _picture(picture, uv)
    np.testing.assert_allclose(places, [[0, 0], [1, 1]])
    assert layers.shape[1] == 512
    assert layers[..., 1].min() == 255
    light = linear_from_srgb(np.array([[140, 95, 60], [90, 60, 40]], np.uint8)[None])[0].sum(axis=1)
    assert layers[10, 100, 0] > 128 > layers[-10, 100, 0]
    assert layers[10, 100, 0] / layers[-10, 100, 0] < light[0] / light[1]  # highlights are toned down
