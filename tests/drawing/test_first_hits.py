"""Where rays first meet a mesh: on the head itself, and not beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.cameras import Camera
from mien.drawing.first_hits import MARGIN_PX, first_hits_m
from mien.heads.library import load_head
from mien.morphable_fields.head_surface import HeadSurface, closed_mesh


def test_first_hits_lie_on_the_head():
    head = load_head()
    vertices_m, triangles = closed_mesh(head, head.mean_m)
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = 0.8
    camera = Camera.from_focal(90.0, width_px=48, height_px=48, camera_from_world=pose)
    hit_m, beside = first_hits_m(camera, vertices_m, triangles)
    rows, columns = np.nonzero(beside == 0)
    assert len(rows) > 300
    direction = np.stack([columns, rows, np.ones_like(rows)], axis=1) @ np.linalg.inv(camera.intrinsics).T
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    seen_from = camera.world_from_camera
    points_m = (hit_m[rows, columns][:, None] * direction) @ seen_from[:3, :3].T + seen_from[:3, 3]
    surface = HeadSurface(head, head.mean_m)
    assert surface.places(torch.from_numpy(points_m).float()).height_m.abs().median() < 1e-4
    assert np.isnan(hit_m[0, 0])


def test_a_plate_is_where_it_is_and_ends_at_the_margin():
    plate_m = np.array([[-0.1, -0.1, 1.0], [0.1, -0.1, 1.0], [0.1, 0.1, 1.0], [-0.1, 0.1, 1.0]])
    camera = Camera.from_focal(40.0, width_px=32, height_px=32)
    hit_m, beside = first_hits_m(camera, plate_m, np.array([[0, 2, 1], [0, 3, 2]]))
    assert hit_m[16, 16] == pytest.approx(1.0, abs=1e-3)
    on = beside == 0
    assert hit_m[on].max() <= np.sqrt(1 + 2 * 0.1**2) + 1e-6
    assert np.isnan(hit_m[beside > MARGIN_PX]).all()
    near = (beside > 0) & (beside <= MARGIN_PX)
    assert near.any()
    assert np.isfinite(hit_m[near]).all()
