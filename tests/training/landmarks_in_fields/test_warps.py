"""Thin-plate splines, augmentation: what volumes are varied with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.interpolate import RBFInterpolator

from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import Box
from mien.synthetic.expressions import (
    find_expression,
)
from mien.training.landmarks_in_fields.augmentation import roughen
from mien.training.landmarks_in_fields.warps import (
    ANCHORS_M,
    ThinPlateSpline,
    TpsWarp,
    can_warp,
    warped_points_m,
)


@pytest.fixture(scope="module")
def face_m() -> np.ndarray:
    head = load_head()
    return head.mean_m[head.landmark_set("ict68").vertices]


def expression_m(face_m: np.ndarray, name: str) -> np.ndarray:
    head = load_head()
    basis_m = head.expression_basis_m[:, head.landmark_set("ict68").vertices]
    return face_m + np.tensordot(find_expression(head, name), basis_m, axes=1)


def test_spline_agrees_with_scipy_and_goes_through_its_controls():
    rng = np.random.default_rng(1)
    points, images = rng.uniform(-0.1, 0.1, (30, 3)), rng.uniform(-0.1, 0.1, (30, 3))
    ours = ThinPlateSpline.fit(points, images, ridge=0.0)
    np.testing.assert_allclose(ours(points), images, atol=1e-9)
    reference = RBFInterpolator(points / 0.1, images / 0.1, kernel="thin_plate_spline", degree=1)
    where = rng.uniform(-0.15, 0.15, (50, 3))
    np.testing.assert_allclose(ours(where), 0.1 * reference(where / 0.1), atol=1e-5)


@pytest.mark.parametrize("kind", ["r2logr", "r"])
def test_affine_maps_are_kept_exactly(kind):
    rng = np.random.default_rng(2)
    points = rng.uniform(-0.1, 0.1, (20, 3))
    matrix = np.eye(3) + 0.2 * rng.normal(size=(3, 3))
    spline = ThinPlateSpline.fit(points, points @ matrix.T + 0.01, kind=kind)
    where = rng.uniform(-0.3, 0.3, (10, 3))
    np.testing.assert_allclose(spline(where), where @ matrix.T + 0.01, atol=1e-8)


def test_warps_go_from_target_to_source_and_leave_the_skull(face_m: np.ndarray):
    source, target = expression_m(face_m, "wide_grin"), expression_m(face_m, "laugh")  # lips apart
    warp = TpsWarp.between(source, target)
    reached = warp.source_from_target(target)
    assert np.abs(reached - source).max() < 0.0015
    np.testing.assert_allclose(warp.source_from_target(ANCHORS_M), ANCHORS_M, atol=1e-4)
    broad = TpsWarp.between(face_m, 1.1 * face_m, carried_m=0.1 * face_m)
    ear_m = broad.source_from_target(np.array([[0.085, 0.02, 0.03]]))
    assert 0.0 < 0.085 - ear_m[0, 0] < 0.008  # the ears of a broader face come along
    closed = TpsWarp.between(face_m, expression_m(face_m, "eye_closed"))  # coincident lids must not explode
    box = closed.source_from_target(np.random.default_rng(3).uniform(-0.1, 0.1, (100, 3)))
    assert np.isfinite(box).all()
    assert np.abs(box).max() < 0.4


def test_touching_lips_are_not_parted_by_a_warp(face_m: np.ndarray):
    closed, wide = expression_m(face_m, "lip_roll"), expression_m(face_m, "mouth_stretch")
    assert not can_warp(closed, wide)
    assert can_warp(wide, wide)
    assert can_warp(wide, closed)


def test_interpolated_warp_is_the_exact_one_nearly(face_m: np.ndarray):
    warp = TpsWarp.between(expression_m(face_m, "grin"), face_m)
    box = Box(face_m[48:68].mean(axis=0), 0.05, np.eye(3))
    exact = warp.source_from_target(box.grid_m(8))
    moved_m = np.linalg.norm(exact - box.grid_m(8), axis=1).mean()
    assert moved_m > 0.005
    mirrored = warp.source_from_target(box.grid_m(8) * [-1, 1, 1])
    for points_m, expected_m in (
        (warped_points_m(box, 8, warp, mirrored=False), exact),
        (warped_points_m(box, 8, warp, mirrored=True), mirrored),
    ):
        error_m = np.linalg.norm(points_m - expected_m, axis=1)
        assert error_m.mean() < 0.05 * moved_m  # lips that nearly touch bend the warp within a lattice cell
        assert np.percentile(error_m, 90) < 0.15 * moved_m


def ball(size: int = 16) -> torch.Tensor:
    steps = torch.linspace(-1, 1, size)
    grid = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij"))
    inside = (grid.norm(dim=0, keepdim=True) < 0.6).float()
    return torch.cat([inside * torch.tensor([0.8, 0.5, 0.3])[:, None, None, None], inside])[None]


def test_roughened_volumes_stay_volumes_and_repeat():
    volumes = ball().expand(32, -1, -1, -1, -1)
    out = roughen(volumes, torch.Generator().manual_seed(1))
    again = roughen(volumes, torch.Generator().manual_seed(1))
    torch.testing.assert_close(out, again)
    assert out.min() >= 0
    assert out.max() <= 1
    assert (out[:, :3] <= out[:, 3:] + 1e-5).all()
    middle = (out[:, 3] > 0.5) == (volumes[:, 3] > 0.5)
    assert 0.9 < middle.float().mean() < 1.0
    assert out.flatten(1).std(dim=0).max() > 0.1
