"""A context: rows of rays and of samples, one row for all, gradients to a table; fields under a context."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mien.errors import InputError, ShapeError
from mien.fields.mesh import field_mesh
from mien.fields.posed_images import PosedImages
from mien.fields.ray_context import RayContext, context_at
from mien.fields.rendering.picture import gather, render_field
from mien.fields.rendering.ray_marching import add_up, march, weights_of
from mien.fields.rendering.rays import camera_rays, cross_box
from mien.fields.scores import score_field
from mien.fields.wrapped_field import FieldInContext
from tests.fields.analytic_fields import BalloonField, TightBalloonField, balloon
from tests.fields.scenes import ring_of_cameras

RED, BLUE = (0.9, 0.1, 0.2), (0.1, 0.2, 0.8)
CAMERA = ring_of_cameras(3, 24)[1]


def test_rows_are_picked_and_one_row_for_all_stays_one_row():
    mixed = RayContext({"code": torch.arange(8.0).reshape(4, 2), "gain": torch.ones(1, 1)})
    assert len(mixed) == 4
    some = mixed.at(torch.tensor([3, 3, 0]))
    torch.testing.assert_close(some["code"], torch.tensor([[6.0, 7], [6, 7], [0, 1]]))
    assert some["gain"] is mixed["gain"]
    torch.testing.assert_close(mixed.at(slice(1, 3))["code"], mixed["code"][1:3])
    constant = RayContext.constant(code=torch.ones(5))
    assert constant["code"].shape == (1, 5)
    assert constant.at(torch.zeros(1000, dtype=torch.long)) is constant
    assert len(constant) == 1
    assert context_at(None, slice(3)) is None


def test_gradients_reach_a_table_of_pictures():
    table = torch.zeros(3, 2, requires_grad=True)
    rays = RayContext({"code": table}).at(torch.tensor([2, 0, 2, 2]))
    rays.at(torch.tensor([0, 0, 1, 3]))["code"].sum().backward()
    assert table.grad is not None
    torch.testing.assert_close(table.grad, torch.tensor([[1.0, 1], [0, 0], [3, 3]]))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="context's 'gain'"):
        RayContext({"code": torch.ones(4, 2), "gain": torch.ones(3, 1)})
    with pytest.raises(ShapeError):
        RayContext({"code": torch.tensor(1.0)})
    with pytest.raises(InputError, match="no 'smile', which the field needs; it has code"):
        RayContext({"code": torch.ones(4, 2)})["smile"]


def test_a_context_says_what_is_there():
    field = BalloonField()
    small = render_field(field, CAMERA, context=balloon(0.03, RED), background=(0, 0, 0), supersampling=2)
    large = render_field(field, CAMERA, context=balloon(0.06, BLUE), background=(0, 0, 0), supersampling=2)
    assert large.alpha.sum() / small.alpha.sum() == pytest.approx(4, rel=0.12)
    np.testing.assert_allclose(small.rgb[12, 12], np.rint(255 * np.array(RED)), atol=2)
    np.testing.assert_allclose(large.rgb[12, 12], np.rint(255 * np.array(BLUE)), atol=2)
    with pytest.raises(ShapeError, match="picture's context"):
        render_field(field, CAMERA, context=RayContext({"radius_m": torch.ones(2, 1)}))


def test_each_ray_has_its_own_context():
    """Two pictures' contexts, picked by the picture of each ray: as each picture alone."""
    field, rays = BalloonField(), camera_rays(CAMERA)
    table = RayContext({"radius_m": torch.tensor([[0.03], [0.06]]), "color": torch.tensor([RED, BLUE])})
    alone = [gather(field, rays, context=table.at(slice(k, k + 1)), normals=True) for k in range(2)]
    picture = (torch.arange(len(rays)) * 7 // 3) % 2
    mixed = gather(field, rays, context=table.at(picture), normals=True)
    for name in ("rgb", "alpha", "distance_m", "normals"):
        first, second = (getattr(one, name) for one in alone)
        wanted = torch.where((picture == 0).view(-1, *[1] * (first.ndim - 1)), first, second)
        torch.testing.assert_close(getattr(mixed, name), wanted, atol=1e-4, rtol=1e-4)
    assert (alone[0].alpha - alone[1].alpha).abs().max() > 0.9


def test_gradients_reach_the_context():
    """Of colours along rays to each picture's radius and colour, against central differences."""
    field, rays = BalloonField(), camera_rays(CAMERA)
    picture = torch.arange(len(rays)) % 2

    def shown(radius_m: Tensor, color: Tensor) -> Tensor:
        context = RayContext({"radius_m": radius_m, "color": color}).at(picture)
        near_m, far_m = cross_box(rays, torch.from_numpy(field.bounds_m).float())
        samples = march(
            rays, near_m, far_m, bounds_m=torch.from_numpy(field.bounds_m).float(), occupancy=None,
            step_m=field.step_m,
        )  # fmt: skip
        under = context.at(samples.ray)
        density = field.raw_density(samples.coordinates, under).double()
        weights, _ = weights_of(density * field.step_m, samples.ray, len(rays))
        colors = field.raw_color(samples.coordinates, rays.directions[samples.ray], under).double()
        light = add_up(weights, colors, samples.ray, len(rays))
        return light.reshape(-1, 2, 3).sum(dim=(0, 2))  # of each picture

    radius_m = torch.tensor([[0.04], [0.06]], requires_grad=True)
    color = torch.tensor([RED, BLUE], requires_grad=True)
    total = shown(radius_m, color)
    to_radius, to_color = torch.autograd.grad(total[1], (radius_m, color))
    assert abs(to_radius[0]) < 1e-6  # the other picture's
    assert to_color[0].abs().max() < 1e-6
    with torch.no_grad():
        step = torch.tensor([[0.0], [1e-4]])
        numeric = (shown(radius_m + step, color) - shown(radius_m - step, color))[1] / 2e-4
        assert float(to_radius[1]) == pytest.approx(float(numeric), rel=0.02)
        assert to_color[1].sum() * 1.0 == pytest.approx(3 * float(total[1] / color[1].sum()), rel=1e-3)


def test_a_field_that_knows_where_rays_meet_it_is_asked_less():
    wide, tight, context = BalloonField(), TightBalloonField(), balloon(0.03, RED)
    expected = render_field(wide, CAMERA, context=context)
    seen = render_field(tight, CAMERA, context=context)
    np.testing.assert_allclose(seen.alpha, expected.alpha, atol=0.05)
    assert tight.asked < 0.7 * wide.asked


def test_each_picture_is_scored_under_its_context():
    field = BalloonField()
    contexts = [balloon(0.03, RED), balloon(0.05, BLUE), balloon(0.06, RED)]
    cameras = ring_of_cameras(3, 24)
    pictures = []
    for camera, context in zip(cameras, contexts, strict=True):
        seen = render_field(field, camera, context=context, background=(0, 0, 0), supersampling=2)
        colors = np.clip(seen.rgb / np.maximum(seen.alpha, 1e-3)[..., None], 0, 255)
        pictures.append(np.dstack([colors, 255 * seen.alpha]).round().astype(np.uint8))
    images = PosedImages.of(cameras, pictures)
    assert score_field(field, images, contexts=contexts).psnr_db > 40
    assert score_field(field, images, contexts=contexts[1:] + contexts[:1]).psnr_db < 25


def test_under_one_context_a_field_is_meshed_like_any_other():
    still = FieldInContext(BalloonField(), balloon(0.07, BLUE))
    mesh = field_mesh(still, size=32)
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices_m, axis=1), 0.07, atol=0.006)
    np.testing.assert_allclose(mesh.colors, np.rint(255 * np.array([BLUE] * len(mesh.colors))), atol=1)
    np.testing.assert_array_equal(
        render_field(still, CAMERA).rgb,
        render_field(BalloonField(), CAMERA, context=balloon(0.07, BLUE)).rgb,
    )
    with pytest.raises(ShapeError, match="all points"):
        FieldInContext(BalloonField(), RayContext({"radius_m": torch.ones(2, 1)}))
