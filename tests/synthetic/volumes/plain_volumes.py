"""Volumes of people without looks, quickly made, and a store of some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.geometry.normals import vertex_normals
from mien.geometry.triangle_lattice import triangle_lattice
from mien.heads.library import load_head
from mien.synthetic.scenes.label_maps import HAIR_MESHES, HEAD_MESHES, triangles_of
from mien.synthetic.scenes.neck import neck_border
from mien.synthetic.volumes.head_volume import HeadVolume, cap_points, voxelise
from mien.synthetic.volumes.surface_samples import SurfaceSamples
from mien.synthetic.volumes.volume_store import draw_person, write_volume

VOXEL_M = 0.005


def plain_volume(seed: int) -> HeadVolume:
    """A person of the store without looks: red to the left, green to the right."""
    head = load_head()
    draw = draw_person(head, seed)
    vertices_m = head.vertices_m(draw.parameters)
    opaque = np.any([triangles_of(head, key) for key in HEAD_MESHES if key not in HAIR_MESHES], axis=0)
    triangles = head.triangles[opaque]
    triangle, weights = triangle_lattice(vertices_m[triangles], 0.45 * VOXEL_M)
    corners = triangles[triangle]
    points_m = np.einsum("pk,pkc->pc", weights, vertices_m[corners])
    normals = np.einsum("pk,pkc->pc", weights, vertex_normals(vertices_m, head.triangles)[corners])
    colors = np.where(points_m[:, :1] > 0, [[0.9, 0.2, 0.1]], [[0.1, 0.8, 0.2]])
    skin = head.part_names.index("skin")
    hidden = head.vertex_parts[corners[:, 0]] != skin
    surface = SurfaceSamples(
        points_m, normals, colors, np.where(hidden, 0.15, 1.0), np.ones(len(points_m), bool)
    )
    cap_m = cap_points(vertices_m, neck_border(head), 0.45 * VOXEL_M)
    rgba, low_m = voxelise(surface, cap_m, voxel_m=VOXEL_M)
    landmarks_m = vertices_m[head.landmark_set("ict68").vertices]
    expression = draw.parameters.expression
    return HeadVolume(rgba, low_m, VOXEL_M, landmarks_m, expression, draw.name, draw.kind)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    for seed in (0, 1, 2, 3):
        write_volume(folder / f"{seed:06d}.npz", plain_volume(seed))
    return folder
