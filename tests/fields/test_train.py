"""Training on a small scene that is known exactly, and what is made from a trained field."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from mien.commands.app import main
from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.files import load_field, save_field
from mien.fields.grids.color_grid import color_grid, write_color_grid
from mien.fields.mesh import field_mesh, write_field_mesh
from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField
from mien.fields.rendering.views import camera_towards, turntable_cameras
from mien.fields.scores import score_field
from mien.fields.train import train_field
from mien.landmarks_in_fields.types import Landmarks3D
from mien.progress import Progress
from tests.fields.scenes import RADII_M, egg_scene, paint, write_scene

TINY = FieldConfig(
    density_components=4,
    color_components=6,
    color_width=24,
    resolutions=(16, 32),
    upsample_at=(0.4,),
    iterations=120,
    rays_per_step=1024,
)
SCENE = egg_scene(12, 32)


@pytest.fixture(scope="module")
def trained() -> RadianceField:
    return train_field(SCENE.split(6)[0], TINY)


def test_held_out_pictures_and_depths(trained: RadianceField):
    held_out = SCENE.split(6)[1]
    assert held_out is not None
    scores = score_field(trained, held_out)
    assert scores.psnr_db > 24
    assert scores.alpha_error < 0.02
    assert scores.depth_coverage > 0.95
    assert scores.depth_median_mm < 6  # a voxel has 7 mm


def test_the_same_seed_gives_the_same_field_and_progress_is_told():
    short = replace(TINY, iterations=12, resolutions=(12,), upsample_at=())
    told: list[Progress] = []
    first = train_field(SCENE, short, report=told.append)
    second = train_field(SCENE, short)
    other = train_field(SCENE, replace(short, seed=1))
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert not torch.equal(first.density_grid.lines, other.density_grid.lines)
    assert [(progress.share, progress.label) for progress in told] == [(1.0, "step 12")]
    assert np.isfinite(told[-1].figures["psnr_db"])
    assert told[-1].figures["resolution"] == 12


def test_going_on_from_another_field(trained: RadianceField):
    """A shifted egg: few steps from the old field are better than few steps from nothing."""
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    few = replace(TINY, iterations=25)
    other = PosedImages.of(SCENE.cameras, [255 - rgba // 2 for rgba in SCENE.rgba])
    painted = [
        np.concatenate([new[..., :3], old[..., 3:]], axis=2)
        for new, old in zip(other.rgba, SCENE.rgba, strict=True)
    ]
    target = PosedImages.of(SCENE.cameras, painted)
    warm = train_field(target, few.for_refinement(iterations=25), start_from=trained)
    cold = train_field(target, few)
    assert score_field(warm, target).psnr_db > score_field(cold, target).psnr_db
    for name, value in trained.state_dict().items():
        assert torch.equal(value, before[name]), "the field that training starts from is not changed"


@pytest.mark.parametrize(
    "changes", [{"representation": "cp", "density_components": 24}, {"density_activation": "softplus"}]
)
def test_other_representations_train(changes: dict[str, object]):
    config = replace(TINY, iterations=70, resolutions=(24,), upsample_at=(), **changes)  # type: ignore[arg-type]
    field = train_field(SCENE, config)
    assert score_field(field, SCENE.pick([0, 5])).psnr_db > 22


def test_without_silhouettes_the_ground_is_found():
    """On white ground; and before a coloured surrounding that depends on the direction."""
    white, colored = [], []
    for rgba in SCENE.rgba:
        alpha = rgba[..., 3:] / 255
        white.append((rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8))
        colored.append((rgba[..., :3] * alpha + np.array([40, 90, 160]) * (1 - alpha)).astype(np.uint8))
    short = replace(TINY, iterations=80)
    field = train_field(PosedImages.of(SCENE.cameras, white), short)
    assert field.config.background == "white"
    assert score_field(field, PosedImages.of(SCENE.cameras, white).pick([0, 4])).psnr_db > 20
    scene = PosedImages.of(SCENE.cameras, colored)
    field = train_field(scene, short)
    assert field.config.background == "environment"
    assert score_field(field, scene.pick([0, 4])).psnr_db > 20
    with pytest.raises(InputError, match="no silhouettes"):
        train_field(scene, replace(short, background="random"))


def test_training_stops_early_when_nothing_improves():
    config = replace(TINY, iterations=900, resolutions=(8,), upsample_at=(), patience=1, rays_per_step=64)
    assert train_field(SCENE, config).facts.training.iterations < 900


def test_the_mesh_is_the_egg_with_its_paint(trained: RadianceField, tmp_path: Path):
    mesh = field_mesh(trained, size=40)
    radius = np.linalg.norm(mesh.vertices_m / RADII_M, axis=1)
    assert 0.9 < np.median(radius) < 1.05
    outward = (mesh.normals * mesh.vertices_m).sum(axis=1)
    assert (outward > 0).mean() > 0.95
    error = np.abs(mesh.colors / 255 - paint(mesh.vertices_m))
    assert np.median(error) < 0.08
    for name in ("egg.ply", "egg.glb", "egg.obj"):
        loaded = trimesh.load(write_field_mesh(mesh, tmp_path / name), force="mesh")
        assert isinstance(loaded, trimesh.Trimesh)
        assert len(loaded.vertices) == len(mesh.vertices_m)
        np.testing.assert_allclose(loaded.bounds[1], mesh.vertices_m.max(axis=0), atol=1e-3)
        assert np.abs(loaded.visual.vertex_colors[:, :3].astype(int) - mesh.colors).mean() < 3
    assert loaded.volume > 0
    with pytest.raises(InputError, match="level"):
        field_mesh(trained, size=16, level_per_m=1e9)


def test_the_grid_holds_what_the_field_says(trained: RadianceField, tmp_path: Path):
    grid = color_grid(trained, size=20)
    with np.load(write_color_grid(grid, tmp_path / "egg.npz"), allow_pickle=False) as file:
        rgba, bounds_m = file["rgba"], file["bounds_m"]
        assert json.loads(str(file["document"]))["format_version"] == 1
    assert rgba.shape == (20, 20, 20, 4)
    np.testing.assert_allclose(bounds_m, trained.bounds_m)
    assert (rgba[[0, -1], :, :, 3] == 0).mean() > 0.9  # nothing at the sides
    cell_m = (bounds_m[1] - bounds_m[0]) / 20
    # x first: the outermost occupied cells lie at the egg's radii
    for axis in range(3):
        where = np.nonzero((rgba[..., 3] > 127).any(axis=tuple({0, 1, 2} - {axis})))[0]
        edge_m = bounds_m[0, axis] + (where.max() + 1) * cell_m[axis]
        assert abs(edge_m - RADII_M[axis]) < 2 * cell_m[axis]


def test_cameras_of_a_turntable_look_at_the_middle(trained: RadianceField):
    middle_m = trained.bounds_m.mean(axis=0)
    for camera in turntable_cameras(trained, count=5, size_px=20):
        np.testing.assert_allclose(camera.project(middle_m[None])[0], [9.5, 9.5], atol=1e-6)
        assert np.linalg.det(camera.camera_from_world[:3, :3]) == pytest.approx(1)
        above = camera.project((middle_m + [0, 0.05, 0])[None])[0]
        assert above[1] < 9.5  # up is up
    front = camera_towards(trained)
    left = camera_towards(trained, azimuth_rad=np.pi / 2)
    assert front.world_from_camera[2, 3] > 0.5
    assert left.world_from_camera[0, 3] > 0.5


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    scene = write_scene(tmp_path / "egg", SCENE)
    field = tmp_path / "egg.field"
    arguments = ["field", "train", str(scene), "--out", str(field), "--preset", "draft", "--iterations", "30"]
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["training"]["views"] == 11
    assert told["held_out"]["pictures"] == 1
    assert main(["field", "info", str(field), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format_version"] == 3
    out = tmp_path / "out"
    render = ["field", "render", str(field), "--out", str(out), "--size", "24"]
    for suffix in ("gif", "mp4", "png"):
        assert main([*render, "--count", "2", "--turntable", suffix]) == 0
        assert (out / f"turntable.{suffix}").stat().st_size > 100
    assert main([*render, "--like", str(scene), "--depth", "--normals", "--alpha"]) == 0
    depth = np.asarray(Image.open(out / "depth" / "003.png"))
    assert depth.dtype == np.uint16
    seen = load_field(field).render(SCENE.cameras[3], supersampling=2)
    both = (depth > 0) & np.isfinite(seen.depth_m)
    np.testing.assert_allclose(depth[both] / 1000, seen.depth_m[both], atol=6e-4)
    assert len(list((out / "rgb").glob("*.png"))) == 12
    assert main(["field", "export", str(field), "--size", "16", "--out", str(out / "a.npz")]) == 0
    assert main(["field", "info", str(tmp_path / "none")]) == 1
    assert "not a field" in capsys.readouterr().err
    assert main(["field", "train", str(tmp_path / "none.json")]) == 1


def test_saved_and_read_a_trained_field_renders_the_same(trained: RadianceField, tmp_path: Path):
    loaded = load_field(save_field(trained, tmp_path / "egg.field"))
    camera = SCENE.cameras[0]
    np.testing.assert_array_equal(loaded.render(camera).rgb, trained.render(camera).rgb)
    assert loaded.facts == replace(trained.facts, cameras=())  # these are not saved


def test_landmarks_command(
    trained: RadianceField,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    field = save_field(trained, tmp_path / "egg.field")
    points_m = trained.bounds_m.mean(axis=0) + np.random.default_rng(0).normal(0, 0.02, (68, 3))
    known = Landmarks3D(points_m, 0.9, True, np.eye(4)[:3], points_m, np.full(68, 0.003))
    said = {"found": known}
    monkeypatch.setattr(
        "mien.landmarks_in_fields.predict.FieldLandmarker", lambda *_: lambda _, **given: said["found"]
    )
    arguments = [
        "field",
        "landmarks",
        str(field),
        "--out",
        str(tmp_path / "out"),
        "--size",
        "24",
        "--count",
        "2",
    ]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "confidence 0.90, off by 3.0 mm" in told
    for suffix in ("json", "ply", "png"):
        assert (tmp_path / "out" / f"egg-landmarks.{suffix}").stat().st_size > 100
        assert f"egg-landmarks.{suffix}" in told
    assert main([*arguments, "--json"]) == 0
    np.testing.assert_allclose(json.loads(capsys.readouterr().out)["points_m"], points_m, atol=1e-6)
    said["found"] = Landmarks3D.none_found(0.125)
    assert main(arguments) == 1
    told = capsys.readouterr().out
    assert "no head" in told
    assert "egg-landmarks.json" in told
    assert json.loads((tmp_path / "out" / "egg-landmarks.json").read_text())["confidence"] == 0.125
