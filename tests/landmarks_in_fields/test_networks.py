"""Encoders, the networks, their files; one stage overfits a few samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.errors import InputError
from mien.heads.landmark_sets import mirror_indices
from mien.landmarks_in_fields.bilinear import BilinearModel, LinearModel
from mien.landmarks_in_fields.config import (
    FieldNetworkConfig,
    FineNetworkConfig,
    network_config_as_plain,
    network_config_from_plain,
)
from mien.landmarks_in_fields.encoders import PositionedConvolution, VolumeEncoder
from mien.landmarks_in_fields.heatmaps import mean_positions
from mien.landmarks_in_fields.network import FieldLandmarkNetwork, wing_of, with_mirrored
from mien.landmarks_in_fields.network_files import NetworkPair, read_networks, write_networks


def toy_model(kind: str, seed: int = 0) -> BilinearModel | LinearModel:
    rng = np.random.default_rng(seed)
    if kind == "linear":
        return LinearModel(
            rng.normal(size=(68, 3)) * 0.04,
            rng.normal(size=(4, 68, 3)) * 0.003,
            rng.normal(size=(3, 68, 3)) * 0.003,
        )
    core = rng.normal(size=(68, 3, 4, 3)) * 0.003
    core[:, :, 0, 0] = rng.normal(size=(68, 3)) * 0.04
    means = np.array([1.0, 0, 0, 0]), np.array([1.0, 0, 0])
    return BilinearModel(core, means[0], np.full(4, 0.3), means[1], np.full(3, 0.3))


def toy_network(kind: type[FieldNetworkConfig] = FieldNetworkConfig, **changes) -> FieldLandmarkNetwork:
    config = kind(**{"size": 8, "width": 4, "features": 24, **changes})
    torch.manual_seed(0)
    return FieldLandmarkNetwork(config, toy_model(config.shape), usual_scale=0.5, usual_shift=(0.0, 0.1, 0.0))


def test_split_convolution_is_the_one_of_31_channels():
    layer = PositionedConvolution(6, 5, stride=2)
    volumes = torch.rand(2, 4, 6, 6, 6)
    weight = torch.cat([layer.on_volume.weight, layer.on_position.weight], dim=1)
    assert weight.shape[1] == 31
    stacked = torch.cat([volumes, layer.position.expand(2, -1, -1, -1, -1)], dim=1)
    expected = torch.nn.functional.conv3d(stacked, weight, layer.on_volume.bias, stride=2, padding=1)
    torch.testing.assert_close(layer(volumes), expected)


@pytest.mark.parametrize("kind", ["voxresnet", "vgg"])
@pytest.mark.parametrize("quick", [True, False])
def test_encoders_make_vectors(kind, quick):
    encoder = VolumeEncoder(kind, size=16, width=4, quick=quick, outputs=7)
    assert encoder(torch.rand(3, 4, 16, 16, 16)).shape == (3, 7)


@pytest.mark.parametrize("pose", ["6d", "matrix"])
@pytest.mark.parametrize("shape", ["bilinear", "linear"])
def test_new_networks_say_a_usual_upright_head(pose, shape):
    network = toy_network(pose=pose, shape=shape)
    output = network(torch.rand(2, 1, 4, 8, 8, 8))
    assert output.landmarks.shape == (2, 68, 3)
    usual = 0.5 * torch.cat([torch.eye(3), torch.tensor([[0.0], [0.2], [0.0]])], dim=1)
    torch.testing.assert_close(output.transform[0], usual, atol=0.15, rtol=0)
    assert output.head_logit.shape == (2,)


def test_right_eye_is_seen_as_a_mirrored_left_eye():
    network = toy_network(FineNetworkConfig, local=False).eval()
    seen = []
    network.parts["eye"].layers[0].register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    volumes = torch.rand(1, 4, 4, 8, 8, 8)
    volumes[:, 2] = volumes[:, 1].flip(2)
    network(volumes)
    torch.testing.assert_close(seen[0][0], seen[0][1])


PLACES = torch.tensor([[0.0, 0, 0, 1], [0.3, 0.5, 0.1, 0.4], [-0.4, 0.5, 0, 0.4], [0, -0.3, 0.2, 0.5]])
"""Of face, left eye, right eye, mouth."""


@pytest.mark.parametrize("boxes", [1, 4])
@pytest.mark.parametrize("local", [False, True])
def test_a_mirrored_face_gets_mirrored_landmarks(boxes, local):
    network = toy_network(FineNetworkConfig, boxes=boxes, local=local).eval()
    torch.nn.init.normal_(network.pose.layer.weight, std=0.1)
    if local:
        torch.nn.init.normal_(network.placed.weight, std=0.3)
    seen, places = torch.rand(2, 4, 4, 8, 8, 8)[:, :boxes], PLACES[None, :boxes].repeat(2, 1, 1)
    order = [0, 2, 1, 3][:boxes]
    turned = places[:, order] * torch.tensor([-1.0, 1.0, 1.0, 1.0])
    with torch.no_grad():
        plain = network(*with_mirrored(seen, places)).mean_with_mirrored()
        mirrored = network(*with_mirrored(seen[:, order].flip(3), turned)).mean_with_mirrored()
    swap = list(mirror_indices("ict68"))
    expected = plain.landmarks[:, swap] * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(mirrored.landmarks, expected)
    torch.testing.assert_close(mirrored.head_logit, plain.head_logit)
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    turned = flip @ plain.transform @ torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0]))
    torch.testing.assert_close(mirrored.transform, turned)


def test_heatmaps_mean_where_they_are_hot():
    logits = torch.full((1, 2, 4, 4, 4), -50.0)
    logits[0, 0, 3, 0, 1] = 0.0
    logits[0, 1, 0, 2, 2] = logits[0, 1, 1, 2, 2] = 0.0
    expected = torch.tensor([[[0.75, -0.75, -0.25], [-0.5, 0.25, 0.25]]])
    torch.testing.assert_close(mean_positions(logits), expected)


def test_what_heatmaps_find_in_a_part_is_told_in_the_faces_coordinates():
    network = toy_network(FineNetworkConfig).eval()
    decoders, found = network.local.parts, {"eye": 0.5, "mouth": 0.25}
    for name, x in found.items():
        decoders[name].forward = lambda pyramid, x=x, n={"eye": 11, "mouth": 20}[name]: torch.tensor(
            [x, 0.2, 0.4]
        ).expand(len(pyramid[0]), n, 3)
    output = network(torch.rand(1, 4, 4, 8, 8, 8), PLACES[None])
    _, whole, parts = output.opinions
    torch.testing.assert_close(parts[0, 45], torch.tensor([0.3 + 0.4 * 0.5, 0.58, 0.26]))
    torch.testing.assert_close(parts[0, 17], torch.tensor([-0.4 - 0.4 * 0.5, 0.58, 0.16]))  # seen mirrored
    torch.testing.assert_close(parts[0, 60], torch.tensor([0.125, -0.2, 0.4]))
    torch.testing.assert_close(parts[0, :17], whole[0, :17])
    torch.testing.assert_close(parts[0, 27:36], whole[0, 27:36])
    low, high = torch.stack(output.opinions).aminmax(dim=0)
    assert ((output.landmarks >= low - 1e-6) & (output.landmarks <= high + 1e-6)).all()


@pytest.mark.parametrize(
    ("kind", "options"),
    [(FieldNetworkConfig, {}), (FineNetworkConfig, {"local": False}), (FineNetworkConfig, {})],
)
def test_a_few_samples_are_learned_by_heart(kind, options):
    torch.manual_seed(1)
    network = toy_network(kind, width=8, **options)
    count, boxes = 4, network.box_count
    volumes, places = torch.rand(count, boxes, 4, 8, 8, 8), PLACES[None, :boxes].repeat(count, 1, 1)
    with torch.no_grad():
        usual = network(volumes, places).landmarks
    turn = torch.linalg.matrix_exp(0.3 * torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]))
    truth = torch.cat([usual[:2] @ turn.T, usual[2:] * 1.2])
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    first = last = 0.0
    for step in range(60):
        loss = wing_of(0.2 * network(volumes, places).landmarks, 0.2 * truth).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        last = float(loss.detach())
        first = last if step == 0 else first
    assert last < 0.35 * first


def test_networks_survive_their_file(tmp_path: Path):
    coarse, fine = toy_network().eval(), toy_network(FineNetworkConfig).eval()
    path = tmp_path / "networks.safetensors"
    write_networks(path, coarse=coarse, fine=fine)
    pair: NetworkPair = read_networks(path)
    volumes = torch.rand(1, 4, 4, 8, 8, 8)
    torch.testing.assert_close(pair.coarse(volumes).landmarks, coarse(volumes).landmarks, atol=2e-2, rtol=0)
    again, before = pair.fine(volumes, PLACES[None]), fine(volumes, PLACES[None])
    torch.testing.assert_close(again.landmarks, before.landmarks, atol=2e-2, rtol=0)
    assert pair.fine.config == fine.config


def test_broken_files_are_input_errors(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read_networks(tmp_path / "missing.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a network")
    with pytest.raises(InputError, match="is not a file of field landmark networks"):
        read_networks(broken)


def test_files_of_earlier_versions_state_options_of_fine_networks_for_coarse_ones_too():
    written = {"stage": "coarse", "size": 8, "width": 4, "boxes": 4, "local": False}
    assert network_config_from_plain(written) == FieldNetworkConfig(size=8, width=4)
    fine = FineNetworkConfig(size=8, boxes=1)
    assert network_config_from_plain(network_config_as_plain(fine)) == fine
    assert fine.stage == "fine"
    assert fine != FieldNetworkConfig(size=8)
