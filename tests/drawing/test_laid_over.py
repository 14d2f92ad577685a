"""A head that is laid over frames is the head that `draw_mesh` draws, drawn more quickly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.drawing.laid_over import LaidOver
from mien.drawing.mesh import solid_triangles
from mien.heads.library import load_head


@pytest.fixture
def moved(head, parameters):
    rng = np.random.default_rng(1)
    return replace(
        parameters,
        expression=rng.uniform(0, 1, head.expression_count),
        joint_rotations=rng.normal(0, 0.1, (4, 3)),
    )


def test_vertices_lie_where_the_head_has_them(head, camera, moved):
    surface = LaidOver(head)
    used = np.unique(solid_triangles(head))
    for parameters in (moved, replace(moved, identity=moved.identity + 0.5)):  # another person too
        seen = surface.seen_by(camera, head, parameters)
        vertices_m = head.vertices_m(parameters)[used]
        np.testing.assert_allclose(seen.points_px.T, camera.project(vertices_m), atol=2e-3)
        np.testing.assert_allclose(seen.camera_m.T, camera.to_camera(vertices_m), atol=1e-6)


def test_shapes_of_a_persons_own_are_drawn(camera):
    head = load_head()
    assert head.personal_shapes
    expression = np.zeros(head.expression_count)
    expression[[personal.shape for personal in head.personal_shapes]] = 0.9
    parameters = replace(
        head.neutral(),
        identity=np.random.default_rng(2).normal(size=head.identity_count),
        expression=expression,
        root_translation_m=np.array([0.0, 0.0, -0.7]),
    )
    used = np.unique(solid_triangles(head))
    seen = LaidOver(head).seen_by(camera, head, parameters)
    vertices_m = head.vertices_m(parameters)[used]
    np.testing.assert_allclose(seen.camera_m.T, camera.to_camera(vertices_m), atol=1e-6)


def test_edges_are_drawn_on_large_heads_alone(head, camera, parameters):
    surface = LaidOver(head)
    near = replace(parameters, root_translation_m=parameters.root_translation_m * [1, 1, 0.3])

    def shades(posed):
        image = np.full((camera.height_px, camera.width_px, 3), 90, np.uint8)
        out = surface.draw(image, surface.seen_by(camera, head, posed), opacity=0.0)
        return len(np.unique(out))

    assert shades(parameters) == 1  # opacity 0 leaves the picture
    assert shades(near) > 1


def test_behind_the_camera_nothing_is_drawn(head, camera, parameters):
    surface = LaidOver(head)
    behind = replace(parameters, root_translation_m=-parameters.root_translation_m)
    image = np.full((camera.height_px, camera.width_px, 3), 90, np.uint8)
    out = surface.draw(image, surface.seen_by(camera, head, behind), opacity=0.5)
    np.testing.assert_array_equal(out, image)
    beside = replace(parameters, root_translation_m=parameters.root_translation_m + [50.0, 0, 0])
    out = surface.draw(image, surface.seen_by(camera, head, beside), opacity=0.5)
    np.testing.assert_array_equal(out, image)
