"""Volumes from surfaces, boxes cut from them with their labels, and a small training that resumes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.errors import InputError
from mien.evaluation.fields.volume_fields import volume_as_field
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import random_rotation
from mien.geometry.triangle_lattice import triangle_lattice
from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import Box
from mien.landmarks_in_fields.canonical import clean_field
from mien.landmarks_in_fields.network import FieldNetworkConfig
from mien.landmarks_in_fields.network_files import NetworkPair
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.scenes.neck import NeckLid, neck_border
from mien.synthetic.scenes.renderer import DrawItem
from mien.synthetic.volumes.head_volume import (
    TRAINED,
    HeadVolume,
    cap_points,
    voxelise,
    with_dark_mouth,
)
from mien.synthetic.volumes.head_volume import VOXEL_M as HEAD_VOXEL_M
from mien.synthetic.volumes.other_faces import OtherFaces
from mien.synthetic.volumes.surface_samples import SurfaceSamples
from mien.synthetic.volumes.trained_volumes import sampled_grid
from mien.synthetic.volumes.volume_store import draw_person, read_volume, write_volume
from mien.training.landmarks_in_fields import batches
from mien.training.landmarks_in_fields.batches import BatchMaker, BoxBatch
from mien.training.landmarks_in_fields.box_sampling import LoadedVolume
from mien.training.landmarks_in_fields.checkpoints import load_checkpoint
from mien.training.landmarks_in_fields.export import export_networks
from mien.training.landmarks_in_fields.loop import (
    FieldLandmarkTrainingConfig,
    VolumePlan,
    new_network,
    spread_loss,
    train_landmark_network,
)
from mien.training.landmarks_in_fields.spread_calibration import (
    held_out_trained_volumes,
    scale_spread,
    spread_factor,
)
from mien.training.landmarks_in_fields.volume_sampler import VolumeSampler
from mien.training.landmarks_in_fields.warps import TpsWarp

VOXEL_M = 0.005


def plain_volume(seed: int) -> HeadVolume:
    """A person of the bank without looks: red to the left, green to the right."""
    head = load_head()
    draw = draw_person(head, seed)
    vertices_m = head.vertices_m(draw.parameters)
    triangle, weights = triangle_lattice(vertices_m[head.triangles], 0.45 * VOXEL_M)
    corners = head.triangles[triangle]
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


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank")
    for seed in (0, 1, 2, 3):
        write_volume(folder / f"{seed:06d}.npz", plain_volume(seed))
    return folder


def test_volumes_are_solid_and_their_surface_is_where_the_mesh_is(bank: Path):
    volume = read_volume(bank / "000001.npz")
    occupancy = volume.rgba[..., 3].astype(float) / 255
    litres = occupancy.sum() * VOXEL_M**3 * 1000
    assert 2.5 < litres < 7
    assert occupancy.shape == volume.rgba.shape[:3]
    assert (volume.rgba[..., :3].max(axis=3) <= volume.rgba[..., 3].astype(int) + 1).all()
    # the tip of the nose: half a voxel outside is empty, one and a half voxels inside is full
    loaded, tip_m = LoadedVolume.of(volume), volume.landmarks_m[30]
    for shift_m, low, high in ((0.008, -0.01, 0.15), (-0.012, 0.85, 1.01)):
        box = Box(tip_m + np.array([0, 0, shift_m]), 1e-4, np.eye(3))
        assert low < float(loaded.sample(box, 1, level=1)[3, 0, 0, 0]) < high


def test_the_neck_has_one_lower_border_and_a_lid_that_looks_down():
    head = load_head()
    edges = neck_border(head)
    assert (np.unique(edges, return_counts=True)[1] == 2).all()  # a closed ring
    skin = DrawItem("skin", np.zeros((0, 3)), np.zeros((0, 3)), 0, tint=(0.5, 0.5, 0.5))
    lid = NeckLid(head).item(head.mean_m, skin, np.full((8, 8, 3), 255, np.uint8))
    assert lid.position_m[:, 1].max() < head.mean_m[:, 1].min() + 0.045
    assert (lid.normal[:, 1] < 0).all()
    assert lid.tint == pytest.approx((0.5, 0.5, 0.5))


def test_open_mouths_are_filled_behind_the_lips_and_closed_ones_are_left_alone(bank: Path):
    rng = np.random.default_rng(0)
    volume = read_volume(bank / "000000.npz")
    lips_m = volume.landmarks_m[60:68]
    shut = replace(
        volume, landmarks_m=np.concatenate([volume.landmarks_m[:60], lips_m[[0, 1, 1, 1, 4, 1, 1, 1]]])
    )
    assert with_dark_mouth(shut, rng) is shut
    wide = volume.landmarks_m.copy()
    wide[[61, 62, 63], 1] += 0.015
    wide[[65, 66, 67], 1] -= 0.015
    hollow = volume.rgba.copy()
    low, high = (
        np.floor((wide[60:68].min(axis=0) - volume.low_m) / VOXEL_M).astype(int),
        np.ceil((wide[60:68].max(axis=0) - volume.low_m) / VOXEL_M).astype(int),
    )
    hollow[low[0] : high[0], low[1] : high[1]] = 0
    filled = with_dark_mouth(replace(volume, rgba=hollow, landmarks_m=wide), rng).rgba
    middle = ((wide[60:68].mean(axis=0) - volume.low_m) / VOXEL_M).astype(int)
    column = filled[middle[0], middle[1]]
    assert (column[middle[2] - 6 : middle[2] - 3, 3] == 255).all()
    assert (column[middle[2] - 6 : middle[2] - 3, :3] < 60).all()
    assert (column[middle[2] + 1 :, 3] == 0).all()


def test_a_field_is_sampled_where_it_is(bank: Path):
    volume = read_volume(bank / "000002.npz")
    rgba, low_m = sampled_grid(clean_field(volume_as_field(volume)))
    sampled = replace(volume, rgba=rgba, low_m=low_m, voxel_m=HEAD_VOXEL_M, kind=TRAINED)
    loaded, expected = LoadedVolume.of(sampled), LoadedVolume.of(volume)
    box = Box(volume.landmarks_m.mean(axis=0), 0.07, np.eye(3))
    seen, wanted = loaded.sample(box, 16, level=1), expected.sample(box, 16, level=1)
    assert float(((seen[3] > 0.5) == (wanted[3] > 0.5)).float().mean()) > 0.97
    both = (seen[3] > 0.9) & (wanted[3] > 0.9) & (wanted[:3].sum(dim=0) > 0.3) & (seen[:3].sum(dim=0) > 0.3)
    assert int(both.sum()) > 20
    assert float((seen[:3] - wanted[:3]).abs()[:, both].mean()) < 0.1


def test_pools_tell_volumes_of_trained_fields_and_keep_people_apart(bank: Path, tmp_path: Path):
    volume = read_volume(bank / "000001.npz")
    for person, take in ((25, 0), (25, 1), (26, 0)):
        write_volume(tmp_path / f"{person:06d}-{take}.npz", replace(volume, kind=TRAINED))
    pool = VolumeSampler([bank, tmp_path], levels=VolumeSampler.levels_of("coarse"))
    assert pool.counts() == {"analytic": 3, "trained": 1}
    assert set(pool.volumes[0].levels) == {4}
    held_out = VolumeSampler([bank, tmp_path], validation=True)
    assert held_out.counts() == {"analytic": 1, "trained": 2}
    write_volume(tmp_path / "000027-3.npz", volume)
    pool.refresh()
    assert pool.counts() == {"analytic": 4, "trained": 1}


def test_boxes_of_a_turned_volume_carry_their_landmarks(bank: Path):
    volume = LoadedVolume.of(read_volume(bank / "000002.npz"))
    rng = np.random.default_rng(0)
    turn = random_rotation(rng, largest_rad=1.0)
    box = Box(np.array([0.0, 0.0, 0.02]), 0.2, turn)
    # a voxel's middle may lie off the surface: its neighbours count too
    seen = torch.nn.functional.max_pool3d(volume.sample(box, 32, level=1)[None], 3, 1, 1)[0]
    points = box.from_field(volume.source.landmarks_m)
    index = np.floor((points + 1) / 2 * 32).astype(int)
    occupied = seen[3, index[:, 0], index[:, 1], index[:, 2]]
    assert float((occupied > 0.02).float().mean()) > 0.95  # landmarks lie on the surface
    left = points[volume.source.landmarks_m[:, 0] > 0.02]
    index = np.floor((left + 1) / 2 * 32).astype(int)
    colors = seen[:3, index[:, 0], index[:, 1], index[:, 2]]
    assert float((colors[0] >= colors[1]).float().mean()) > 0.9  # red: the subject's left


def test_mirrored_boxes_swap_the_sides(bank: Path):
    volume = LoadedVolume.of(read_volume(bank / "000003.npz"))
    box = Box(np.array([0.0, 0.0, 0.02]), 0.2, np.eye(3))
    plain = volume.sample(box, 16, level=2)
    torch.testing.assert_close(volume.sample(box, 16, level=2, mirrored=True), plain.flip(1))


@pytest.mark.parametrize("mirrored", [False, True])
def test_other_people_and_expressions_carry_their_landmarks(bank: Path, mirrored: bool):
    volume = LoadedVolume.of(read_volume(bank / "000002.npz"))
    here_m, rng = volume.source.landmarks_m, np.random.default_rng(4)
    others = OtherFaces(load_head())
    for _ in range(4):
        person_m = others.person_m(here_m, rng)
        moved_m = np.linalg.norm(person_m - here_m, axis=1).mean()
        assert 0.001 < moved_m < 0.012
        warp = TpsWarp.between(here_m, person_m, carried_m=person_m - here_m)
        target_m = person_m * [-1.0 if mirrored else 1.0, 1.0, 1.0]
        nose_m = target_m[27:36]  # of all landmarks these stand out most clearly from the surface around
        for shift_m, low, high in ((0.012, -0.01, 0.2), (-0.012, 0.8, 1.01)):
            box = Box(nose_m[3] + np.array([0, 0, shift_m]), 0.001, np.eye(3))
            seen = volume.sample(box, 2, level=1, mirrored=mirrored, change=warp)
            assert low < float(seen[3].mean()) < high
    drawn = np.stack([others.expression_m(volume.source, rng) - here_m for _ in range(20)])
    inner_lips, nose_bridge = drawn[:, 60:68], drawn[:, 27]
    assert np.abs(inner_lips).mean() > 3 * np.abs(nose_bridge).mean()


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_batches_have_their_shapes_and_are_mostly_heads(bank: Path, stage):
    maker = BatchMaker(VolumeSampler([bank]), stage=stage, size=8, fresh=0.5, warp=0.5)
    drawn = [maker.draw(6, seed) for seed in range(8)]
    for batch in drawn:
        assert batch.volumes.shape == (6, 1 if stage == "coarse" else 4, 4, 8, 8, 8)
        assert float(batch.volumes.min()) >= 0
        assert float(batch.volumes.max()) <= 1
        heads = batch.is_head > 0
        assert batch.landmarks[heads].abs().max() < 1.3
    shares = [float(batch.is_head.mean()) for batch in drawn]
    assert 0.5 < np.mean(shares) <= 1
    again = BatchMaker(VolumeSampler([bank]), stage=stage, size=8, fresh=0.5, warp=0.5).draw(6, 0)
    torch.testing.assert_close(again.volumes, drawn[0].volumes)


def test_fine_boxes_are_cut_where_the_coarse_network_puts_the_landmarks(bank: Path, monkeypatch):
    monkeypatch.setattr(batches, "FROM_COARSE", 1.0)
    monkeypatch.setattr(batches, "FARTHEST_COARSE_M", 0.1)
    torch.manual_seed(0)
    coarse = new_network(
        FieldNetworkConfig(size=8, width=4, features=32)
    ).eval()  # says "a usual head" of anything
    maker = BatchMaker(VolumeSampler([bank]), stage="fine", size=8, coarse=coarse, augment=False)
    near = maker.draw(4, 0)
    monkeypatch.setattr(batches, "FARTHEST_COARSE_M", 0.0)  # every prediction is too far off: drawn errors
    far = BatchMaker(VolumeSampler([bank]), stage="fine", size=8, coarse=coarse, augment=False).draw(4, 0)
    assert near.landmarks.abs().max() < 2.5
    assert not torch.allclose(near.half_side_m, far.half_side_m)
    plain = BatchMaker(VolumeSampler([bank]), stage="fine", size=8).draw(4, 0)
    assert plain.volumes.shape == near.volumes.shape


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_objects_and_heads_without_a_face_are_no_heads(bank: Path, monkeypatch, stage):
    monkeypatch.setattr(batches, "OBJECTS", 0.5)
    monkeypatch.setattr(batches, "FACELESS", 1.0)
    batch = BatchMaker(VolumeSampler([bank]), stage=stage, size=8).draw(6, 0)
    assert not batch.is_head.any()
    assert (batch.volumes[:, 0, 3].amax(dim=(1, 2, 3)) > 0.5).all()  # something is there
    assert batch.places.shape == (6, 1 if stage == "coarse" else 4, 4)


def test_what_lies_in_front_can_be_cut_away(bank: Path):
    volume = LoadedVolume.of(read_volume(bank / "000001.npz"))
    box = Box(np.array([0.0, 0.0, 0.05]), 0.1, np.eye(3))
    whole = volume.sample(box, 20, level=1)[3]
    cut = volume.sample(box, 20, level=1, face_cut=FaceCut(0.05))[3]
    torch.testing.assert_close(cut[..., :9], whole[..., :9])
    assert cut[..., 11:].max() == 0
    assert whole[..., 11:].max() > 0.9


def test_spread_is_learned_and_moves_nothing_else():
    torch.manual_seed(0)
    config = FieldNetworkConfig(stage="fine", size=8, width=4, features=32, local=True)
    network = new_network(config)
    volumes, places = torch.rand(4, 4, 4, 8, 8, 8), torch.rand(4, 4, 4)
    with torch.no_grad():
        landmarks = network(volumes, places).landmarks
    errors = torch.full((4, 68, 3), 0.05)
    errors[:, :17] = 0.2
    truth = BoxBatch(volumes, places, landmarks + errors, torch.ones(4), torch.ones(4), 4)
    optimiser = torch.optim.Adam(network.spread.parameters(), lr=0.02)
    for _ in range(150):
        loss = spread_loss(network(volumes, places), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    others = [name for name, value in network.named_parameters() if value.grad is not None]
    assert all(name.startswith("spread.") for name in others)
    sigma = network(volumes, places).sigma
    assert sigma[:, :17].mean().item() == pytest.approx(0.2, rel=0.1)
    assert sigma[:, 17:].mean().item() == pytest.approx(0.05, rel=0.1)
    nothing = BoxBatch(volumes, places, landmarks, torch.ones(4), torch.zeros(4), 4)
    assert spread_loss(network(volumes, places), nothing).item() == 0


def test_spread_is_made_to_fit_the_errors_on_held_out_trained_volumes(bank: Path, tmp_path: Path):
    volume = replace(read_volume(bank / "000001.npz"), kind=TRAINED)
    write_volume(tmp_path / "000025.npz", volume)
    write_volume(tmp_path / "000026.npz", volume)  # not held out
    write_volume(tmp_path / "000050.npz", replace(volume, kind="basic"))
    kept = list(held_out_trained_volumes([tmp_path]))
    assert len(kept) == 1
    torch.manual_seed(0)
    config = FieldNetworkConfig(stage="fine", size=8, width=4, features=32, local=True)
    networks = NetworkPair(new_network(replace(config, stage="coarse", local=False)), new_network(config))
    factor = spread_factor(networks, kept)
    assert factor > 0
    scale_spread(networks.fine, factor)
    assert spread_factor(networks, kept) == pytest.approx(1.0, rel=1e-3)
    assert np.isnan(spread_factor(networks, []))


def test_training_learns_resumes_and_is_exported(bank: Path, tmp_path: Path):
    plan = VolumePlan(
        network=FieldNetworkConfig(stage="fine", size=8, width=4, features=32), volumes=(bank,), batch=6
    )
    options = FieldLandmarkTrainingConfig(max_steps=15, log_steps=15)
    fine = tmp_path / "fine"
    before = train_landmark_network(plan, options, out=fine)
    assert before.step == 15
    with pytest.raises(InputError, match="--resume"):
        train_landmark_network(plan, options, out=fine)
    after = train_landmark_network(plan, replace(options, max_steps=60), out=fine, resume=True)
    assert after.step == load_checkpoint(fine / "checkpoint.pt").step == 60
    presence = [json.loads(line)["presence"] for line in (fine / "log.jsonl").read_text().splitlines()]
    assert presence[-1] < presence[0]
    other = replace(plan, network=replace(plan.network, width=8))
    with pytest.raises(InputError, match="another network"):
        train_landmark_network(other, options, out=fine, resume=True)
    again = train_landmark_network(
        plan, replace(options, max_steps=1), out=tmp_path / "again", start_from=fine / "checkpoint.pt"
    )
    assert again.step == 1
    assert again.training["earlier_steps"] == 60
    for name, start in after.average.items():
        torch.testing.assert_close(again.average[name], start, atol=0.01, rtol=0)
    heated = replace(plan, network=replace(plan.network, local=True))
    begun = train_landmark_network(
        heated, replace(options, max_steps=1), out=tmp_path / "heated", start_from=fine / "checkpoint.pt"
    )
    for name, start in after.average.items():
        torch.testing.assert_close(begun.average[name], start, atol=0.01, rtol=0)
    coarse = replace(plan, network=replace(plan.network, stage="coarse"))
    train_landmark_network(coarse, replace(options, max_steps=2), out=tmp_path / "coarse")
    out = export_networks(
        coarse=tmp_path / "coarse" / "checkpoint.pt",
        fine=fine / "checkpoint.pt",
        out=tmp_path / "pair.safetensors",
    )
    assert out.exists()
    assert "MakeHuman" in out.with_suffix(".card.json").read_text()


def test_banks_and_checkpoints_that_are_not_there_say_what_to_do(tmp_path: Path):
    with pytest.raises(InputError, match="--stage volumes"):
        VolumeSampler([tmp_path])
    with pytest.raises(InputError, match="mien train field-landmarks"):
        load_checkpoint(tmp_path / "checkpoint.pt")
