"""The renderer puts things on the pixels where the camera says they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mien.cameras import Camera
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clip_space import clip_from_camera, orthographic
from mien.synthetic.scenes.drawn_face import BEHIND_HEAD, BEHIND_OBJECT, OUTSIDE, VISIBLE
from mien.synthetic.scenes.head_maps import add_coverings, ambient_occlusion, beard_region
from mien.synthetic.scenes.renderer import Color, DrawItem, Light, Renderer, StaticMesh
from mien.synthetic.scenes.visibility import landmark_visibility

SIZE_PX = 32
CAMERA = Camera(
    np.array([[60.0, 0, 14.0], [0, 60.0, 17.0], [0, 0, 1]]), np.diag([1.0, -1, -1, 1]), SIZE_PX, SIZE_PX
)
CLIP = clip_from_camera(CAMERA.intrinsics, CAMERA.camera_from_world, SIZE_PX, near_m=0.5, far_m=2.0)
QUAD = np.array([[0, 1, 2], [0, 2, 3]])
LIGHT = Light(
    key_direction=np.array([0, 0, 1.0]),
    key_color=np.zeros(3),
    rim_direction=np.array([0, 1.0, 0]),
    rim_color=np.zeros(3),
    ambient=np.vstack([np.ones(3), np.zeros((8, 3))]),
)


def rectangle(
    key: str, box_px: tuple[float, float, float, float], *, depth_m: float, tint: Color
) -> DrawItem:
    """A rectangle that faces the camera and covers left, top, right, bottom (pixel edges are at halves)."""
    left, top, right, bottom = box_px
    corners_px = np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
    local_m = (corners_px - CAMERA.intrinsics[:2, 2]) / 60.0 * depth_m
    points_m = np.concatenate([local_m, np.full((4, 1), depth_m)], axis=1) * [1, -1, -1]
    np.testing.assert_allclose(CAMERA.project(points_m), corners_px, atol=1e-9)
    return DrawItem(key, points_m, np.tile([0, 0, 1.0], (4, 1)), shaders.SOLID, tint)


@pytest.fixture
def small(renderer: Callable[[int], Renderer]) -> Renderer:
    small = renderer(SIZE_PX)
    for key in ("a", "b", "skin"):
        small.add_mesh(key, StaticMesh.of(QUAD, np.zeros((4, 2))))
    return small


def draw(renderer: Renderer, *items: DrawItem) -> np.ndarray:
    return renderer.draw(list(items), LIGHT, CLIP, centre_m=np.array([0, 0, -1.0]), seed=0.0)


def test_square_lands_on_its_pixels(small: Renderer):
    picture = draw(small, rectangle("a", (7.5, 3.5, 15.5, 9.5), depth_m=1.0, tint=(0.8, 0.1, 0.1)))
    expected = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    expected[4:10, 8:16] = 255
    np.testing.assert_array_equal(picture[..., 3], expected)
    inside = picture[4:10, 8:16, :3].reshape(-1, 3).astype(int)
    assert (inside[:, 0] > inside[:, 1] + 60).all()
    assert np.ptp(inside, axis=0).max() <= 1
    assert not picture[expected == 0].any()


def test_alpha_is_coverage(small: Renderer):
    picture = draw(small, rectangle("a", (8.0, 3.5, 16.0, 9.5), depth_m=1.3, tint=(0.5, 0.5, 0.5)))
    alpha = picture[4:10, :, 3].astype(float) / 255
    np.testing.assert_allclose(alpha[:, 9:16], 1)
    for edge in (8, 16):
        np.testing.assert_allclose(alpha[:, edge], 0.5, atol=0.26)  # four samples a pixel
    np.testing.assert_allclose(alpha.sum(axis=1), 8, atol=0.3)
    # colours are multiplied by coverage
    np.testing.assert_allclose(picture[6, 8, :3], alpha[2, 8] * picture[6, 12, :3], atol=2)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_nearer_surface_hides_the_farther_one(small: Renderer, order: tuple[int, int]):
    near = rectangle("a", (7.5, 7.5, 15.5, 15.5), depth_m=0.9, tint=(0.8, 0.0, 0.0))
    far = rectangle("b", (3.5, 3.5, 19.5, 19.5), depth_m=1.1, tint=(0.0, 0.8, 0.0))
    picture = draw(small, *[(near, far)[i] for i in order])
    red = picture[..., 0] > picture[..., 1]
    assert red[8:16, 8:16].all()
    assert red.sum() == 64
    assert (picture[..., 3] == 255).sum() == 16 * 16


def test_depth_is_the_window_depth(small: Renderer):
    item = rectangle("a", (7.5, 3.5, 15.5, 9.5), depth_m=1.25, tint=(1.0, 1.0, 1.0))
    draw(small, item)
    depth = small.draw_depth([item], CLIP)
    clip = CLIP @ np.array([*item.position_m[0], 1.0])
    np.testing.assert_allclose(depth[4:10, 8:16], (clip[2] / clip[3] + 1) / 2, atol=1e-6)
    assert (np.delete(depth, np.s_[4:10], axis=0) == 1).all()


def test_shadow_map_starts_at_the_bottom(small: Renderer):
    item = rectangle("a", (7.5, 3.5, 15.5, 9.5), depth_m=1.0, tint=(1.0, 1.0, 1.0))
    small.upload([item])
    matrix = orthographic(np.array([0, 0, 1.0]), np.array([0, 0, -1.0]), 0.5)
    depth = small.draw_shadow_map([item], matrix)
    assert depth.shape == (Renderer.SHADOW_SIZE, Renderer.SHADOW_SIZE)
    rows, columns = np.nonzero(depth < 1)
    middle_m = item.position_m.mean(axis=0)
    expected = ((middle_m[:2] / 0.5) + 1) / 2 * Renderer.SHADOW_SIZE - 0.5
    assert [columns.mean(), rows.mean()] == pytest.approx(expected.tolist(), abs=1.0)
    assert depth[rows, columns].mean() == pytest.approx(0.5, abs=0.01)


def test_drawing_again_gives_the_same_picture(small: Renderer):
    items = [rectangle("a", (3.2, 3.1, 15.7, 9.9), depth_m=1.0, tint=(0.3, 0.6, 0.1))]
    np.testing.assert_array_equal(draw(small, *items), draw(small, *items))


def test_key_can_be_given_to_another_mesh(small: Renderer):
    small.add_mesh("a", StaticMesh.of(QUAD[:1], np.zeros((4, 2))))
    half = draw(small, rectangle("a", (7.5, 7.5, 15.5, 15.5), depth_m=1.0, tint=(1.0, 1.0, 1.0)))
    assert (half[..., 3] / 255).sum() == pytest.approx(32, abs=4)


def test_landmark_visibility(small: Renderer):
    """Points on a face, behind it, behind a thing before it, and beside the picture."""
    face = rectangle("skin", (3.5, 3.5, 27.5, 27.5), depth_m=1.0, tint=(1.0, 1.0, 1.0))
    thing = rectangle("b", (3.5, 3.5, 11.5, 27.5), depth_m=0.8, tint=(1.0, 1.0, 1.0))
    places_px = np.array([[20.0, 15.0], [20.0, 15.0], [7.0, 15.0], [7.0, 15.0], [40.0, 15.0]])
    depth_m = np.array([1.0, 1.1, 1.0, 0.8, 1.0])
    local = np.concatenate([(places_px - CAMERA.intrinsics[:2, 2]) / 60.0, np.ones((5, 1))], axis=1)
    points_m = local * depth_m[:, None] * [1, -1, -1]
    draw(small, face, thing)
    seen = landmark_visibility(
        small, [face, thing], CLIP, points_m=points_m, points_px=CAMERA.project(points_m)
    )
    assert seen.tolist() == [VISIBLE, BEHIND_HEAD, BEHIND_OBJECT, VISIBLE, OUTSIDE]


def test_maps_of_the_built_in_head(small: Renderer):
    from mien.heads.library import load_head

    head = load_head()
    occlusion = ambient_occlusion(head, small)
    parts = np.array(head.part_names)[head.vertex_parts]
    ict68 = head.landmark_set("ict68").vertices
    assert occlusion.min() >= 0
    assert occlusion.max() <= 1
    assert occlusion[ict68[30]] > 0.9  # the tip of the nose sees nearly all
    assert occlusion[parts == "mouth_interior"].mean() < 0.4
    # the mirrored head is lit alike, up to the depth maps' coarseness
    assert np.abs(occlusion - occlusion[head.mirror_vertices]).mean() < 0.03

    beard = beard_region(head)
    assert beard[ict68[8]] > 0.5  # chin
    assert beard[ict68[[30, 36, 45, 19, 24, 62, 66]]].max() < 0.2  # nose, eyes, brows, lips
    np.testing.assert_allclose(beard, np.where(parts == "skin", beard, 0))
    add_coverings(head, small)
    cap = DrawItem("cap", head.mean_m, np.tile([0, 0, 1.0], (head.vertex_count, 1)), shaders.CLOTH)
    small.upload([cap])
    matrix = orthographic(np.array([0, 1.0, 0]), head.mean_m.mean(axis=0), 0.25)
    assert (small.draw_shadow_map([cap], matrix) < 1).mean() > 0.05  # seen from above it covers the head
