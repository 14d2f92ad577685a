"""Splats of a mesh, as other programs read them."""

from __future__ import annotations

import numpy as np
import trimesh

from mien.fields.mesh import FieldMesh
from mien.fields.splats import PROPERTIES, SH_BAND_0, splats_of_mesh, write_splats


def ball() -> FieldMesh:
    sphere = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    vertices = np.asarray(sphere.vertices, float)
    colors = np.full((len(vertices), 3), (255, 128, 0), np.uint8)
    normals = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    return FieldMesh(vertices, np.asarray(sphere.faces, int), colors, normals, 1.0)


def test_splats_lie_flat_on_the_surface():
    splats = splats_of_mesh(ball())
    w, x, y, z = splats.quaternions.T
    third = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)
    np.testing.assert_allclose(third, splats.normals, atol=1e-6)
    assert (splats.scales_m[:, 2] < splats.scales_m[:, 0]).all()


def test_the_file_says_what_viewers_expect(tmp_path):
    splats = splats_of_mesh(ball())
    path = write_splats(splats, tmp_path / "ball.splats.ply")
    head, body = path.read_bytes().split(b"end_header\n", 1)
    assert f"element vertex {len(splats)}".encode() in head
    table = np.frombuffer(body, "<f4").reshape(len(splats), len(PROPERTIES))
    column = {name: table[:, index] for index, name in enumerate(PROPERTIES)}
    np.testing.assert_allclose(0.5 + SH_BAND_0 * column["f_dc_0"], 1.0, atol=1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-column["opacity"])), splats.opacities, atol=1e-6)
    np.testing.assert_allclose(np.exp(column["scale_0"]), splats.scales_m[:, 0], rtol=1e-5)
    assert len(trimesh.load(path).vertices) == len(splats)
