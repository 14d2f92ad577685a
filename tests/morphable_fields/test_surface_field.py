"""Fields about a head's surface: places, density, pictures, files, meshes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mien
from mien.fields.protocol import Field
from mien.fields.rendering.picture import render_field
from mien.fields.rendering.views import camera_towards
from mien.heads.library import load_head
from mien.morphable_fields.config import CodeNetworkConfig, SurfaceNetworkConfig
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.field_files import load_morphable_field, save_morphable_field
from mien.morphable_fields.head_surface import HeadSurface, closed_mesh
from mien.morphable_fields.making import field_of
from mien.morphable_fields.model_files import read_model, write_model
from mien.morphable_fields.models import CodeModel, SurfaceModel
from mien.morphable_fields.textured_mesh import write_textured_mesh


@pytest.fixture(scope="module")
def face() -> MorphableFace:
    texture = np.zeros((16, 16, 3), np.uint8)
    texture[..., 0] = 200
    return MorphableFace.of_parameters(texture, load_head().neutral())


def small_model(kind: str):
    torch.manual_seed(0)
    if kind == "surface":
        return SurfaceModel(SurfaceNetworkConfig(plane_size=8, plane_channels=2, width=8)).eval()
    return CodeModel(
        CodeNetworkConfig(coarse_width=8, fine_width=8, texture_size=16, texture_channels=8)
    ).eval()


def test_places_are_above_where_points_were_lifted(face):
    surface = HeadSurface(load_head(), face.vertices_m)
    on = surface.places(surface.points_m)
    assert on.height_m.abs().max() < 1e-4
    forehead = surface.points_m[(surface.points_m[:, 1] > 0.06) & (surface.points_m[:, 2] > 0.06)]
    normals = surface.places(forehead).normals
    for lift_m in (-0.002, 0.003):
        lifted = surface.places(forehead + lift_m * normals)
        assert (lifted.height_m - lift_m).abs().median() < 1e-4
        assert (lifted.uv - surface.places(forehead).uv).abs().median() < 1e-3


def test_the_surface_is_closed_but_for_nothing(face):
    _, triangles = closed_mesh(load_head(), face.vertices_m)
    skin_edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    unique, uses = np.unique(skin_edges, axis=0, return_counts=True)
    lowest = load_head().mean_m[:, 1].min() + 0.02
    open_edges = unique[uses == 1]
    ends = open_edges[(open_edges < load_head().vertex_count).all(axis=1)]
    assert (load_head().mean_m[ends[:, 0], 1] > lowest).all()  # the neck has a lid


@pytest.mark.parametrize("kind", ["surface", "codes"])
def test_a_field_stands_where_the_face_is(face, kind):
    field = field_of(small_model(kind), face)
    assert isinstance(field, Field)
    outside = torch.tensor([[0.0, 0.5, 0.0], [0.0, 0.0, 0.4]])
    assert field.density(outside).max() == 0
    if kind == "surface":
        picture = render_field(field, camera_towards(field, size_px=32))
        assert picture.alpha[16, 16] > 0.9
        assert picture.alpha[0, 0] == 0
        assert picture.rgb[16, 16, 0] > picture.rgb[16, 16, 1]  # the texture is red
        assert picture.depth_m[16, 16] == pytest.approx(0.9, abs=0.06)


def test_an_edit_changes_pictures_nearby_alone(face):
    model = small_model("surface")
    open_mouth = face.with_expression(np.array([float(n == "jawOpen") for n in load_head().expression_names]))
    camera = camera_towards(field_of(model, face), size_px=48)
    before, after = (
        render_field(field_of(model, each), camera).rgb.astype(int) for each in (face, open_mouth)
    )
    change = np.abs(before - after).max(axis=2)
    assert change[:16].max() <= 8
    assert change[24:].max() > 20


def test_a_saved_field_comes_back(face, tmp_path):
    model = small_model("surface")
    edited = face.with_landmarks(face.landmarks_m + 0.001)
    saved = load_morphable_field(save_morphable_field(edited, tmp_path / "a.field", model=model))
    np.testing.assert_allclose(saved.face.landmarks_m, edited.landmarks_m, atol=1e-12)
    assert np.array_equal(saved.face.texture, edited.texture)
    points = torch.rand(50, 3) * 0.2 - 0.1
    torch.testing.assert_close(
        saved.field().density(points), field_of(model, edited).density(points), rtol=0.02, atol=5
    )
    save_morphable_field(face, tmp_path / "a.field", model=model)  # over the older one
    with pytest.raises(mien.InputError, match="is missing"):
        load_morphable_field(tmp_path / "b.field")


@pytest.mark.parametrize("kind", ["surface", "codes"])
def test_a_models_file_comes_back_and_damage_is_told(kind, tmp_path):
    model = small_model(kind)
    path = write_model(model, tmp_path / "model.safetensors")
    again = read_model(path)
    assert again.config == model.config
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float())
    path.write_bytes(path.read_bytes()[:200])
    read_model.cache_clear()
    with pytest.raises(mien.InputError, match="morphable model"):
        read_model(path)


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_the_mesh_is_written_with_its_texture(face, tmp_path, suffix):
    import trimesh

    path = write_textured_mesh(face, tmp_path / f"face{suffix}")
    mesh = trimesh.load(path, force="mesh", process=False)
    assert isinstance(mesh, trimesh.Trimesh)
    low, high = mesh.bounds
    np.testing.assert_allclose(high[2], face.vertices_m[:, 2].max(), atol=0.004)
    assert high[1] - low[1] > 0.2
    assert mesh.visual.uv is not None
    with pytest.raises(mien.InputError, match="unknown mesh format"):
        write_textured_mesh(face, tmp_path / "face.stl")


def test_the_shipped_model_makes_a_face_of_a_texture():
    texture = np.full((64, 64, 3), (190, 140, 120), np.uint8)
    field = mien.morphable_field(MorphableFace.of_parameters(texture, load_head().neutral()))
    picture = render_field(field, camera_towards(field, size_px=48))
    forehead = picture.rgb[14, 24].astype(int)
    assert forehead[0] > forehead[2] + 20
    assert forehead.min() > 60
