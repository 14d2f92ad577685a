"""Pictures whose edges alone get many rays; fields that answer density and colour at once."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from mien.fields.ray_context import RayContext
from mien.fields.rendering.picture import render_field
from mien.fields.rendering.smooth_picture import edges_of, smooth_picture
from tests.fields.analytic_fields import EggField
from tests.fields.scenes import ring_of_cameras

CAMERA = ring_of_cameras(3, 40)[1]


class CountedEgg(EggField):
    """Counts its points, and answers density and colour together alone."""

    points = 0

    def raw_density_and_color(
        self, coordinates: Tensor, directions: Tensor, context: RayContext | None = None
    ) -> tuple[Tensor, Tensor]:
        self.points += len(coordinates)
        return self.density_and_color(self._in_world(coordinates), directions, context)

    def raw_density(self, coordinates: Tensor, context: RayContext | None = None) -> Tensor:
        raise AssertionError("asked for density alone")


def test_edges_get_the_rays_and_the_rest_one_each():
    field = CountedEgg()
    rough = render_field(field, CAMERA).rgb
    one = field.points
    wanted = render_field(field, CAMERA, supersampling=2).rgb.astype(int)
    four, field.points = field.points - one, 0
    smooth = smooth_picture(field, CAMERA, supersampling=2).astype(int)
    assert np.abs(smooth - wanted).max() <= 6
    assert np.abs(rough - wanted).max() > 40
    assert one < field.points < 0.8 * four
    assert np.array_equal(smooth_picture(field, CAMERA, supersampling=1), rough)


def test_asked_once_gives_what_asking_twice_gives():
    np.testing.assert_array_equal(
        render_field(CountedEgg(), CAMERA).rgb, render_field(EggField(), CAMERA).rgb
    )


def test_an_edge_is_seen_from_both_sides():
    picture = np.zeros((5, 6, 3), np.uint8)
    picture[:, 3:, 1] = 30
    edges = edges_of(picture, 20)
    assert np.array_equal(np.flatnonzero(edges[2]), [2, 3])
