"""Rays, samples and what they add up to, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.cameras import Camera
from mien.fields.config import FieldConfig
from mien.fields.grids.occupancy import Occupancy
from mien.fields.radiance_field import RadianceField
from mien.fields.ray_pool import RayPool
from mien.fields.rendering.picture import gather
from mien.fields.rendering.ray_marching import Samples, add_up, march, spread, weights_of
from mien.fields.rendering.rays import Rays, camera_rays, cross_box
from tests.fields.scenes import egg_scene, ring_of_cameras

BOX = torch.tensor([[-0.1, -0.1, -0.1], [0.1, 0.1, 0.1]])


def one_ray() -> Rays:
    return Rays(torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[0.0, 0.0, -1.0]]))


def constant_field(density_per_m: float) -> RadianceField:
    """The same density everywhere in the box, grey."""
    field = RadianceField(
        FieldConfig(resolutions=(8,), upsample_at=(), initial_density=0.0), BOX.numpy()
    ).eval()
    with torch.no_grad():
        field.density_grid.planes.zero_()
        field.density_grid.planes[:, 0] = 1.0
        field.density_grid.lines.fill_(density_per_m / 3 / float(field.density_per_activation))
    return field


def test_rays_go_through_the_pixels_that_they_belong_to():
    camera = ring_of_cameras(3, 20)[1]
    rays = camera_rays(camera)
    points_m = (rays.origins_m + 0.7 * rays.directions).numpy().astype(float)
    y, x = np.mgrid[:20, :20]
    np.testing.assert_allclose(camera.project(points_m), np.stack([x.ravel(), y.ravel()], 1), atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(rays.directions, axis=1), 1, atol=1e-6)
    some = camera_rays(camera, np.array([[3, 7]]))
    np.testing.assert_allclose(some.directions[0], rays.directions[7 * 20 + 3])


def test_a_box_is_crossed_where_it_is():
    near_m, far_m = cross_box(one_ray(), BOX)
    np.testing.assert_allclose([near_m[0], far_m[0]], [0.9, 1.1], atol=1e-6)
    inside = Rays(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]]))
    near_m, far_m = cross_box(inside, BOX)
    np.testing.assert_allclose([near_m[0], far_m[0]], [0.0, 0.1], atol=1e-6)
    past = Rays(torch.tensor([[0.5, 0.0, 1.0]]), torch.tensor([[0.0, 0.0, -1.0]]))
    near_m, far_m = cross_box(past, BOX)
    assert far_m[0] <= near_m[0]


@pytest.mark.parametrize("jitter", [None, 0])
def test_constant_density_has_the_closed_form(jitter: int | None):
    """Transmittance exp(−density · length), whatever the samples' places within their steps."""
    generator = None if jitter is None else torch.Generator().manual_seed(jitter)
    near_m, far_m = cross_box(one_ray(), BOX)
    samples = march(
        one_ray(), near_m, far_m, bounds_m=BOX, occupancy=Occupancy.full(4), step_m=0.001, jitter=generator
    )
    assert abs(len(samples) - 200) <= 1
    weights, transmittance = weights_of(torch.full((len(samples),), 12.0 * 0.001), samples.ray, 1)
    np.testing.assert_allclose(weights.sum(), 1 - np.exp(-12.0 * 0.2), atol=3e-3)
    np.testing.assert_allclose(transmittance[100], np.exp(-12.0 * 0.1), atol=3e-3)


def test_rays_do_not_mix():
    """Many rays with any number of samples, also none, against a loop."""
    rng = np.random.default_rng(0)
    counts = np.array([3, 0, 5, 1, 0, 7, 0])
    ray = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    depth = torch.from_numpy(rng.exponential(1.0, len(ray)))
    values = torch.from_numpy(rng.normal(size=(len(ray), 2)))
    weights, _ = weights_of(depth, ray, len(counts))
    total = add_up(weights, values, ray, len(counts))
    place = torch.from_numpy(rng.uniform(0, 20, len(ray)))
    for r in range(len(counts)):
        place[ray == r] = place[ray == r].sort().values
    samples = Samples(torch.zeros(len(ray), 3), ray, place.float(), 1.0)
    expected_spread = 0.0
    for r in range(len(counts)):
        light, wanted, own = 1.0, np.zeros(2), []
        for d, v in zip(depth[ray == r].numpy(), values[ray == r].numpy(), strict=True):
            own.append(light * (1 - np.exp(-d)))
            wanted += own[-1] * v
            light *= np.exp(-d)
        np.testing.assert_allclose(total[r], wanted, atol=1e-12)
        w, t = np.array(own), place[ray == r].numpy()
        expected_spread += (w[:, None] * w * np.abs(t[:, None] - t)).sum() + (w**2).sum() / 3
    np.testing.assert_allclose(spread(weights.float(), samples, 7), expected_spread / 7, rtol=1e-4)


def test_empty_cells_are_skipped():
    cells = torch.zeros(2, 2, 2, dtype=torch.bool)
    cells[:, :, 1] = True  # z > 0
    near_m, far_m = cross_box(one_ray(), BOX)
    samples = march(one_ray(), near_m, far_m, bounds_m=BOX, occupancy=Occupancy(cells), step_m=0.01)
    assert (samples.coordinates[:, 2] > 0).all()
    assert len(samples) == 10
    assert (samples.distance_m < 1.0).all()


def test_rendered_depth_alpha_and_normals_of_a_known_body():
    """A box of constant density: half of the light is gone ln(2)/density behind its front."""
    field = constant_field(200.0)
    found = gather(field, one_ray(), normals=False)
    np.testing.assert_allclose(found.alpha[0], 1 - np.exp(-200 * 0.2), atol=1e-3)
    np.testing.assert_allclose(found.distance_m[0], 0.9 + np.log(2) / 200, atol=5e-4)
    thin = gather(constant_field(3.0), one_ray())
    np.testing.assert_allclose(thin.alpha[0], 1 - np.exp(-0.6), atol=5e-3)


def test_pictures_have_depth_along_the_axis_and_the_background_behind():
    field = constant_field(800.0)
    camera = Camera.from_focal(
        40.0, width_px=21, height_px=15, camera_from_world=np.array(
            [[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0.6], [0, 0, 0, 1]]
        )
    )  # fmt: skip
    picture = field.render(camera, background=(10, 200, 30), normals=True)
    assert picture.rgb.shape == (15, 21, 3)
    assert tuple(picture.rgb[0, 0]) == (10, 200, 30)
    assert np.isnan(picture.depth_m[0, 0])
    # the front face is flat: the same depth at all of its pixels, though rays are longer at its sides
    face = picture.depth_m[5:10, 8:13]
    np.testing.assert_allclose(face, 0.5 + np.log(2) / 800, atol=1.5e-3)
    assert picture.alpha[7, 10] > 0.99
    assert picture.normals is not None
    assert (picture.normals[0, 0] == 0).all()


def test_a_pool_follows_rays_only_where_they_matter():
    images = egg_scene(4, 16)
    field = RadianceField(
        FieldConfig(resolutions=(16,), upsample_at=(), initial_density=30.0),
        np.array([[-0.12, -0.15, -0.13], [0.12, 0.15, 0.13]]),
    ).eval()
    pool = RayPool.of(images, field, keep_all=False)
    before_m = (pool.far_m - pool.near_m).clone()
    pool.refresh(field)
    after_m = pool.far_m - pool.near_m
    assert (after_m >= 0).all()
    assert after_m.mean() < 0.6 * before_m.mean()  # opaque from the start: the far half never matters
    everything = RayPool.of(images, field, keep_all=True)
    assert len(everything) == 4 * 16 * 16 > len(pool)


def test_rays_through_a_pixel_fall_one_into_each_part_of_it():
    images = egg_scene(3, 16)
    field = RadianceField(FieldConfig(), np.array([[-0.12, -0.15, -0.13], [0.12, 0.15, 0.13]]))
    pool = RayPool.of(images, field, keep_all=True)
    index = torch.tensor([16 * 16 + 5 * 16 + 9, 2 * 16 * 16 + 3])  # (9, 5) of the second, (3, 0) of the third
    rays = pool.through_pixels(index, 3, torch.Generator().manual_seed(0))
    for start, view, centre in ((0, 1, (9, 5)), (9, 2, (3, 0))):
        points_m = (rays.origins_m + 0.6 * rays.directions)[start : start + 9].numpy().astype(float)
        place = images.cameras[view].project(points_m) - centre + 0.5  # 0 … 1 across the pixel
        parts = np.floor(3 * place).astype(int)
        assert {tuple(part) for part in parts.tolist()} == {(x, y) for x in range(3) for y in range(3)}
    centres = pool.through_pixels(index, 1, torch.Generator())
    torch.testing.assert_close(centres.directions, pool.rays.directions[index])


def test_supersampled_pictures_are_means_of_larger_ones():
    field = constant_field(800.0)
    flat = np.array([[1.0, 0, 0, 0.003], [0, -1, 0, 0.001], [0, 0, -1, 0.6], [0, 0, 0, 1]])
    camera = Camera.from_focal(40.0, width_px=21, height_px=15, camera_from_world=flat)
    smooth = field.render(camera, background=(0, 0, 0), supersampling=3)
    larger = field.render(camera.resized(width_px=63, height_px=45), background=(0, 0, 0))
    means = larger.rgb.reshape(15, 3, 21, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(smooth.rgb, means, atol=1.0)
    partly = (smooth.alpha > 0.05) & (smooth.alpha < 0.95)
    assert partly.any()  # edges of the box inside pixels
    plain = field.render(camera, background=(0, 0, 0)).depth_m
    both = np.isfinite(plain) & np.isfinite(smooth.depth_m)
    np.testing.assert_allclose(smooth.depth_m[both], plain[both], atol=2e-3)


def test_occupancy_axes_packing_and_growing():
    cells = torch.zeros(5, 5, 5, dtype=torch.bool)
    cells[4, 0, 2] = True
    occupancy = Occupancy(cells)
    assert occupancy.at(torch.tensor([[0.9, -0.9, 0.0]]))[0]
    assert not occupancy.at(torch.tensor([[-0.9, 0.9, 0.0], [0.0, -0.9, 0.9], [1.1, -0.9, 0.0]])).any()
    assert torch.equal(Occupancy.unpacked(occupancy.packed(), 5).cells, cells)
    assert int(occupancy.grown().cells.sum()) == 2 * 2 * 3
    extent = occupancy.extent()
    assert extent is not None
    np.testing.assert_allclose(extent, [[0.6, -1.0, -0.2], [1.0, -0.6, 0.2]], atol=1e-6)
    index = int(cells.view(-1).nonzero()[0, 0])
    np.testing.assert_allclose(occupancy.centres()[index], [0.8, -0.8, 0.0], atol=1e-6)
