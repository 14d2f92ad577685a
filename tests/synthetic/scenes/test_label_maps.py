"""Maps of depth, normals and parts against the geometry they were drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from mien.cameras import Camera
from mien.geometry.closest_points import closest_on_surface
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.library import load_head
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clip_space import clip_from_camera
from mien.synthetic.scenes.drawn_face import LABEL_SET, LabelMaps
from mien.synthetic.scenes.label_maps import HEAD_MESHES, draw_label_maps, part_names, triangles_of
from mien.synthetic.scenes.renderer import DrawItem, Renderer, StaticMesh

SIZE_PX = 128
NEAR_M, FAR_M = 0.2, 1.2
MATERIALS = {
    "skin": shaders.SKIN, "interior": shaders.INTERIOR, "eyes": shaders.EYE, "teeth": shaders.TEETH,
    "gums": shaders.TEETH, "tongue": shaders.TEETH,
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    maps: LabelMaps
    camera: Camera
    vertices_m: np.ndarray
    normals: np.ndarray
    shape: np.ndarray
    what: np.ndarray


@pytest.fixture(scope="module")
def drawn(renderer: Callable[[int], Renderer]) -> Drawn:
    """A turned head with an open mouth, seen from 60 cm."""
    head, made = load_head(), renderer(SIZE_PX)
    expression = np.zeros(head.expression_count)
    expression[head.expression_names.index("jawOpen")] = 0.8
    turn = matrix_from_rotation_vector(np.array([0.1, 0.3, -0.1]))
    vertices_m = head.rest_vertices_m(np.zeros(head.identity_count), expression) @ turn.T + [0, 0, -0.6]
    normals = vertex_normals(vertices_m, head.triangles)
    camera = Camera(
        np.array([[280.0, 0, 62.0], [0, 280.0, 66.0], [0, 0, 1]]), np.diag([1.0, -1, -1, 1]), SIZE_PX, SIZE_PX
    )
    items = []
    for key, material in MATERIALS.items():
        triangles = head.triangles[triangles_of(head, key)]
        made.add_mesh(key, StaticMesh.of(triangles, np.zeros((head.vertex_count, 2))))
        items.append(DrawItem(key, vertices_m, normals, material))
    made.upload(items)
    maps = draw_label_maps(made, head, items, camera, near_m=NEAR_M, far_m=FAR_M)
    clip = clip_from_camera(camera.intrinsics, camera.camera_from_world, SIZE_PX, near_m=NEAR_M, far_m=FAR_M)
    shape, what = made.draw_maps(items, clip)
    return Drawn(maps, camera, vertices_m, normals, shape.copy(), what.copy())


def test_every_triangle_but_the_clear_corneas_is_in_one_mesh():
    head = load_head()
    parts = np.array(head.part_names)[head.vertex_parts[head.triangles[:, 0]]]
    clear = np.isin(parts, ("left_cornea", "right_cornea"))
    assert clear.any()
    np.testing.assert_array_equal(
        np.stack([triangles_of(head, key) for key in HEAD_MESHES]).sum(axis=0), ~clear
    )


def test_depth_is_where_the_pixels_ray_meets_the_triangle(drawn: Drawn):
    head = load_head()
    rows, columns = np.nonzero(drawn.what[..., 0])
    assert len(rows) > 3000
    chosen = np.random.default_rng(0).choice(len(rows), 400, replace=False)
    keys = list(MATERIALS)
    for row, column in zip(rows[chosen], columns[chosen], strict=True):
        item, number = drawn.what[row, column].astype(int)
        if MATERIALS[keys[item - 1]] == shaders.TEETH:
            continue  # drawn a little further back than they are
        triangle = head.triangles[triangles_of(head, keys[item - 1])][number]
        corners_m = drawn.camera.to_camera(drawn.vertices_m[triangle])
        ray = np.linalg.inv(drawn.camera.intrinsics) @ [column, row, 1.0]
        weights = np.linalg.solve(corners_m.T, ray)  # the ray as a sum of the corners
        depth_m = 1 / weights.sum()
        assert (weights * depth_m > -0.02).all()  # inside the triangle
        assert drawn.maps.depth_m[row, column] == pytest.approx(depth_m, abs=2e-5)


def test_landmarks_in_sight_have_their_depth_and_part(drawn: Drawn):
    head = load_head()
    vertices = head.landmark_set(LABEL_SET).vertices
    points_px = drawn.camera.project(drawn.vertices_m[vertices])
    depth_m = drawn.camera.to_camera(drawn.vertices_m[vertices])[:, 2]
    column, row = np.rint(points_px).astype(int).T
    rays = -drawn.vertices_m[vertices] / np.linalg.norm(drawn.vertices_m[vertices], axis=1, keepdims=True)
    # Landmarks between vertices have no triangles: the normal is that of the surface they lie on.
    triangles = head.triangles[np.any([triangles_of(head, key) for key in MATERIALS], axis=0)]
    found = closest_on_surface(drawn.vertices_m[vertices], drawn.vertices_m, triangles)
    normals = np.einsum("nk,nkc->nc", found.barycentric, drawn.normals[triangles[found.triangles]])
    ahead = (normals * rays).sum(axis=1) > 0.6
    inside = (column >= 0) & (column < SIZE_PX) & (row >= 0) & (row < SIZE_PX)
    there_m = drawn.maps.depth_m[np.where(inside, row, 0), np.where(inside, column, 0)]
    seen = inside & ahead & (np.abs(there_m - depth_m) < 0.004)
    assert seen.sum() > 200
    assert np.median(np.abs(there_m - depth_m)[seen]) < 0.0006  # half a pixel is 1 mm wide
    cards = np.isin(np.array(head.part_names)[head.vertex_parts[vertices]], ("brows", "lashes"))
    known = seen & ~cards  # cards of hair are not drawn here: what shows is the skin under them
    parts = drawn.maps.parts[row[known], column[known]]
    # Lid and lip edges lie beside other parts.
    assert (parts == 1 + head.vertex_parts[vertices][known]).mean() > 0.9


def test_normals_are_of_unit_length_and_face_the_camera(drawn: Drawn):
    maps = drawn.maps
    there = maps.depth_m > 0
    np.testing.assert_allclose(np.linalg.norm(maps.normals[there], axis=1), 1, atol=1e-4)
    rows, columns = np.nonzero(there)
    rays = np.stack([columns, rows, np.ones(len(rows))], axis=1) @ np.linalg.inv(drawn.camera.intrinsics).T
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    towards = (maps.normals[there] * rays).sum(axis=1)
    assert towards.max() < 1e-3
    # the surface's slope between neighbours agrees: steps along it are at right angles to the normal
    points_m = rays / rays[:, 2:] * maps.depth_m[there][:, None]
    image = np.full((*there.shape, 3), np.nan)
    image[there] = points_m
    step = image[:, 1:] - image[:, :-1]
    same = (maps.parts[:, 1:] == 1) & (maps.parts[:, :-1] == 1) & (np.linalg.norm(step, axis=2) < 0.004)
    along = step[same] / np.linalg.norm(step[same], axis=1, keepdims=True)
    assert np.abs((along * maps.normals[:, :-1][same]).sum(axis=1)).mean() < 0.12


def test_parts_are_the_heads(drawn: Drawn):
    names = part_names(load_head())
    shown = {names[i] for i in np.unique(drawn.maps.parts)}
    assert {"background", "skin", "left_eye", "right_eye", "mouth_interior"} <= shown
    assert shown & {"upper_teeth", "lower_teeth"}
    np.testing.assert_array_equal(drawn.maps.parts == 0, drawn.maps.depth_m == 0)
    left, right = (
        np.nonzero(drawn.maps.parts == names.index(name))[1].mean() for name in ("left_eye", "right_eye")
    )
    assert left > right + 10  # the subject's left eye is on the picture's right
    ring = np.concatenate([drawn.maps.parts[i] for i in (0, -1)])
    assert set(np.unique(ring)) <= {0, 1}
