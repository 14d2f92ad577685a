"""Which landmarks of a picture can be seen."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.training.synth import shaders
from mien.training.synth.renderer import DrawItem, Renderer
from mien.training.synth.sample import BEHIND_HEAD, BEHIND_OBJECT, OUTSIDE, VISIBLE

HEAD_KEYS = ("skin", "interior", "eyes", "teeth")
"""Meshes of the head itself; brows, lashes and lenses hide nothing."""

SLACK_M = 0.006
"""A landmark lies on the surface and must not hide itself: it is taken to be this much nearer."""


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
    toward_m = points_m * (1 - SLACK_M / np.linalg.norm(points_m, axis=1, keepdims=True))
    nearer = np.concatenate([toward_m, ones], axis=1) @ clip_from_world.T
    own = (nearer[:, 2] / homogeneous[:, 3] + 1) / 2
    head_items = [i for i in items if i.key in HEAD_KEYS]
    others = [
        i
        for i in items
        if i.key not in HEAD_KEYS
        and i.material != shaders.LENS
        and not i.key.startswith(("eyebrow", "eyelash"))
    ]
    by_head = renderer.draw_depth(head_items, clip_from_world)[row, column] < own
    by_object = np.zeros(len(own), bool)
    if others:
        by_object = renderer.draw_depth(others, clip_from_world)[row, column] < own
    visibility = np.where(by_object, BEHIND_OBJECT, np.where(by_head, BEHIND_HEAD, VISIBLE))
    return np.where(inside, visibility, OUTSIDE).astype(np.uint8)
