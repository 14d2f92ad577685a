"""Pictures of sitters: pixels are means, and hair's depth is where hair is, though it is drawn nearer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import InputError
from mien.heads.library import load_head
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clip_space import clip_from_camera
from mien.synthetic.scenes.dressing import Looks
from mien.synthetic.scenes.posed_scene import (
    PosedStudio,
    Sitter,
    averaged,
    central,
    not_nearer,
    studio_light,
)
from mien.synthetic.scenes.renderer import DrawItem, Renderer, StaticMesh

SIZE_PX = 16
NEARER_M = 0.004
CAMERA = Camera.from_focal(
    40.0, width_px=SIZE_PX, height_px=SIZE_PX, camera_from_world=np.diag([1.0, -1, -1, 1])
)


def wall(key: str, material: int, depth_m: float) -> DrawItem:
    corners_m = depth_m * np.array([[-1.0, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1]])
    settings = (20.0, 0.5, NEARER_M, 0.0) if material == shaders.HAIR else (0.0, 0.0, 0.0, 0.0)
    return DrawItem(key, corners_m, np.tile([0, 0, 1.0], (4, 1)), material, settings=settings)


class FlatRenderer:
    """Knows no more of its items than how far away the first corner is, and that hair is drawn nearer."""

    def __init__(self, size_px: int) -> None:
        self.size_px, self.clips = size_px, []

    def draw(self, items: list[DrawItem], light: Any, clip_from_world: np.ndarray, **_: Any) -> np.ndarray:
        self.clips.append(clip_from_world)
        self._first = self._window(items, clip_from_world)
        return np.full((self.size_px, self.size_px, 4), 255, np.uint8)

    def drawn_depth(self) -> np.ndarray:
        return self._first

    def draw_depth(self, items: list[DrawItem], clip_from_world: np.ndarray) -> np.ndarray:
        return self._window(items, clip_from_world)

    def _window(self, items: list[DrawItem], clip_from_world: np.ndarray) -> np.ndarray:
        nearest = min(-item.position_m[0, 2] - item.settings[2] for item in items)
        clip = clip_from_world @ [0, 0, -nearest, 1]
        return np.full((self.size_px, self.size_px), (clip[2] / clip[3] + 1) / 2)


def shot(*items: DrawItem, supersampling: int = 1) -> tuple[np.ndarray, FlatRenderer]:
    """Depth of a picture, and the renderer that was asked."""
    studio = object.__new__(PosedStudio)
    renderer = FlatRenderer(SIZE_PX * supersampling)
    parts = cast(Any, studio)
    parts.size_px, parts._finer, parts._renderer = SIZE_PX, supersampling, renderer
    neutral = replace(load_head().neutral(), root_translation_m=np.array([0, 0, -1.0]))
    looks = Looks(skin="", hair=None, covering=None, beard=0.0, accessories=(), outfit="bare", skin_level=0.3)
    view = studio.shoot(Sitter(list(items), neutral, looks), CAMERA, studio_light())
    assert view.picture.shape == (SIZE_PX, SIZE_PX, 4)
    return view.depth_m, renderer


def test_depth_of_hair_is_where_it_is():
    skin, hair = wall("skin", shaders.SOLID, 1.0), wall("hair", shaders.HAIR, 0.98)
    np.testing.assert_allclose(shot(skin, hair)[0], 0.98, atol=2e-5)
    sunk = wall("hair", shaders.HAIR, 1.002)  # it is seen all the same, where the skin is
    np.testing.assert_allclose(shot(skin, sunk)[0], 1.0, atol=2e-5)
    np.testing.assert_allclose(shot(skin)[0], 1.0, atol=2e-5)


def test_finer_drawn_pixels_are_parts_of_the_pictures():
    depth_m, renderer = shot(wall("skin", shaders.SOLID, 1.0), supersampling=3)
    assert depth_m.shape == (SIZE_PX, SIZE_PX)
    np.testing.assert_allclose(depth_m, 1.0, atol=2e-5)
    once = shot(wall("skin", shaders.SOLID, 1.0))[1]
    np.testing.assert_allclose(renderer.clips[0], once.clips[0], atol=1e-12)  # the same field of view
    with pytest.raises(InputError, match="supersampling"):
        PosedStudio(Path(), size_px=SIZE_PX, supersampling=0)


def test_pixels_are_means_and_depths_are_not():
    finer = np.zeros((4, 6, 4), np.uint8)
    finer[:2, :2] = [[[100, 0, 0, 255], [0, 0, 0, 0]], [[50, 0, 0, 255], [0, 0, 0, 0]]]
    mean = averaged(finer, 2)
    assert mean.shape == (2, 3, 4)
    np.testing.assert_array_equal(mean[0, 0], [38, 0, 0, 128])
    assert not mean[1:].any()
    depth_m = np.arange(36.0).reshape(6, 6)
    np.testing.assert_array_equal(central(depth_m, 3), [[7, 10], [25, 28]])
    np.testing.assert_array_equal(central(depth_m, 1), depth_m)
    row, column = np.mgrid[:4, :4]
    steep_m = 0.9 + 0.002 * row + 0.001 * column
    np.testing.assert_allclose(central(steep_m, 2), [[0.9015, 0.9035], [0.9055, 0.9075]])
    steep_m[0, 0], steep_m[2, 0] = 0.8, 0.0  # an edge, and nothing beside the outline
    np.testing.assert_allclose(central(steep_m, 2)[:, 0], [0.903, 0.907])


def test_hair_sunk_into_the_skin_is_drawn_but_not_in_its_place(renderer: Callable[[int], Renderer]):
    drawn = renderer(32)
    uv = np.full((4, 2), 0.5)
    for key in ("posed skin", "posed hair"):
        drawn.add_mesh(key, StaticMesh.of(np.array([[0, 1, 2], [0, 2, 3]]), uv))
    drawn.add_texture("posed opaque", np.full((2, 2, 4), 255, np.uint8))
    skin = replace(wall("posed skin", shaders.SOLID, 1.0), tint=(0.8, 0.0, 0.0))
    hair = replace(wall("posed hair", shaders.HAIR, 1.002), tint=(0.0, 0.8, 0.0), second=(0.0, 0.8, 0.0))
    hair = replace(hair, texture="posed opaque")
    clip = clip_from_camera(CAMERA.intrinsics, CAMERA.camera_from_world, SIZE_PX, near_m=0.5, far_m=2.0)

    def green(*items: DrawItem) -> float:
        picture = drawn.draw(list(items), studio_light(), clip, centre_m=np.array([0, 0, -1.0]), seed=0.0)
        return float((picture[..., 1] > picture[..., 0]).mean())

    assert green(skin, hair) > 0.9
    assert green(not_nearer(skin), not_nearer(hair)) == 0
