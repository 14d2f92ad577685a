"""Which landmarks of a picture can be seen."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.drawn_face import BEHIND_HEAD, BEHIND_OBJECT, OUTSIDE, VISIBLE
from mien.synthetic.scenes.label_maps import HAIR_MESHES, HEAD_MESHES
from mien.synthetic.scenes.renderer import DrawItem, Renderer

SLACK_M, SLACK_PX = 0.0015, 2.0
"""A landmark lies on the surface and must not hide itself: it is taken to be this much nearer, plus as far as
so many pixels measure there (within its pixel the surface may slope)."""


def landmark_visibility(
    renderer: Renderer,
    items: list[DrawItem],
    clip_from_world: Float[np.ndarray, "4 4"],
    *,
    points_m: Float[np.ndarray, "landmarks 3"],
    points_px: Float[np.ndarray, "landmarks 2"],
) -> UInt8[np.ndarray, " landmarks"]:
    """Per landmark VISIBLE, BEHIND_HEAD, BEHIND_OBJECT or OUTSIDE.

    Args:
        items: what the last `renderer.draw` drew.
        points_m: world frame; the camera is at the origin.
    """
    size = renderer.size_px
    inside = ((points_px > -0.5) & (points_px < size - 0.5)).all(axis=1)
    column, row = np.clip(np.rint(points_px), 0, size - 1).astype(int).T
    ones = np.ones((len(points_m), 1))
    homogeneous = np.concatenate([points_m, ones], axis=1) @ clip_from_world.T
    depth_m = homogeneous[:, 3]
    forward, across = clip_from_world[3, :3], clip_from_world[0, :3]
    across = across - (across @ forward) * forward  # 2 focal lengths over the picture's side
    pixel_m = 2 * depth_m / (size * np.linalg.norm(across))
    near_m = depth_m - SLACK_M - SLACK_PX * pixel_m
    scale = clip_from_world[2, :3] @ forward  # clip z = scale · depth + shift
    shift = clip_from_world[2, 3] - scale * clip_from_world[3, 3]
    own = (scale + shift / near_m + 1) / 2
    head_items = [i for i in items if i.key in HEAD_MESHES and i.key not in HAIR_MESHES]
    others = [i for i in items if i.key not in HEAD_MESHES and i.material != shaders.LENS]
    by_head = renderer.draw_depth(head_items, clip_from_world)[row, column] < own
    by_object = np.zeros(len(own), bool)
    if others:
        by_object = renderer.draw_depth(others, clip_from_world)[row, column] < own
    visibility = np.where(by_object, BEHIND_OBJECT, np.where(by_head, BEHIND_HEAD, VISIBLE))
    return np.where(inside, visibility, OUTSIDE).astype(np.uint8)
