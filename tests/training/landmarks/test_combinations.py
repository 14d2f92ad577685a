"""Every decoder with every loss learns a batch by heart; every backbone is built and answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.errors import InputError
from mien.heads.mesh_hierarchy.hierarchy import build_hierarchy
from mien.learning.checkpoints import Checkpoint
from mien.training.landmarks.backbones import NETWORKS
from mien.training.landmarks.checkpoints import (
    averaged_network,
    network_config,
    plain_part,
    read_checkpoint,
)
from mien.training.landmarks.config import SizedLandmarkNetworkConfig
from mien.training.landmarks.losses import LOSSES, LandmarkObjective
from mien.training.landmarks.networks import DECODERS, LandmarkNetwork
from mien.training.landmarks.onnx_export import export_onnx

COUNT, BATCH, SIZE = 40, 6, 32


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def hierarchy(bowl):
    return build_hierarchy(bowl, spiral_length=7, smallest=8)


def make_network(decoder: str, loss: str, hierarchy, mean=None, **changes) -> LandmarkNetwork:
    config = SizedLandmarkNetworkConfig(
        **{"network": "resnet10_quarter", "input_size": SIZE} | changes,
        landmarks=COUNT,
        hidden=64,
        decoder=decoder,
        sigma=LOSSES[loss],
        mesh_sizes=hierarchy.sizes if decoder == "spiral" else (),
        spiral_length=7,
        spiral_channels=16,
    )
    return LandmarkNetwork(config, mean_points=mean, hierarchy=hierarchy if decoder == "spiral" else None)


@pytest.mark.parametrize("edge_weight", [0.0, 0.1], ids=["", "edges"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_batch_is_learnt_by_heart(decoder, loss, edge_weight, hierarchy, bowl):
    torch.manual_seed(0)
    crops = torch.rand(BATCH, 3, SIZE, SIZE)
    mean = torch.rand(COUNT, 2) * 1.4 - 0.7
    points = mean + 0.15 * torch.randn(BATCH, 1, 2) + 0.05 * torch.randn(BATCH, COUNT, 2)
    presence = torch.tensor([1.0] * (BATCH - 1) + [0.0])
    network = make_network(decoder, loss, hierarchy, mean.numpy())
    edges = torch.from_numpy(bowl.edges)
    objective = LandmarkObjective(loss, weights=torch.ones(COUNT), edges=edges, edge_weight=edge_weight)
    optimiser = torch.optim.AdamW([*network.parameters(), *objective.parameters()], lr=4e-3)
    errors, losses = [], []
    for _ in range(45):
        output = network(crops)
        value = objective(output, points, presence)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        losses.append(value.item())
        errors.append((output.points - points).norm(dim=-1)[presence > 0].mean().item())
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    assert errors[-1] < 0.5 * errors[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_backbone_answers_and_learns(name):
    """All names at 64 pixels; one step backwards reaches every weight that the answer depends on."""
    torch.manual_seed(0)
    network = LandmarkNetwork(SizedLandmarkNetworkConfig(network=name, landmarks=5, input_size=64, hidden=16))
    if name in ("resnet50", "resnet101"):
        network.eval()  # forward only: they are large
    with torch.set_grad_enabled(name not in ("resnet50", "resnet101")):
        output = network(torch.rand(2, 3, 64, 64))
    assert output.points.shape == (2, 5, 2)
    assert all(torch.isfinite(part).all() for part in output)
    if output.points.requires_grad:
        (output.points.square().sum() + output.log_sigma.sum() + output.presence.sum()).backward()
        untouched = [key for key, value in network.named_parameters() if value.grad is None]
        assert untouched == []


@pytest.mark.parametrize(
    ("decoder", "loss", "name"),
    [
        ("linear", "residual", "mobilenet_v3_small"),
        ("spiral", "residual_exp", "resnet10_quarter"),
        ("mlp", "gaussian", "swin_tiny"),
        ("mlp", "gaussian", "convnext_tiny"),
    ],
)
def test_exports_equal_torch(decoder, loss, name, hierarchy, tmp_path):
    torch.manual_seed(0)
    network = make_network(decoder, loss, hierarchy, network=name, input_size=64)
    network.train()(torch.rand(4, 3, 64, 64))
    if loss != "gaussian":
        network.get_buffer("residual_log_sigma").fill_(0.3)
    check = export_onnx(network, tmp_path / "net.onnx")
    assert check.largest_difference < 1e-4


def test_the_mesh_comes_back_with_the_checkpoint(hierarchy, tmp_path):
    torch.manual_seed(0)
    network = make_network("spiral", "residual_exp", hierarchy)
    state = network.state_dict()
    Checkpoint(
        kind="landmarks",
        step=1,
        samples=1,
        elapsed_s=1.0,
        plain=plain_part(network.config, set_name="bowl"),
        tensors={"average": state, "objective": {"x": torch.ones(1)}},
    ).save(tmp_path / "checkpoint.pt")
    loaded = read_checkpoint(tmp_path / "checkpoint.pt")
    assert network_config(loaded) == network.config
    assert torch.equal(loaded.tensors["objective"]["x"], torch.ones(1))
    crops = torch.rand(2, 3, SIZE, SIZE)
    for before, after in zip(network.eval()(crops), averaged_network(loaded)(crops), strict=True):
        assert torch.equal(before, after)


def test_wrong_choices_are_named(hierarchy):
    unknown = SizedLandmarkNetworkConfig(network="resnet10_quarter")
    object.__setattr__(unknown, "decoder", "graph")  # as Python lets anybody who checks no types
    with pytest.raises(InputError, match="spiral"):
        LandmarkNetwork(unknown)
    with pytest.raises(InputError, match="mesh"):
        LandmarkNetwork(SizedLandmarkNetworkConfig(network="resnet10_quarter", decoder="spiral"))
    with pytest.raises(InputError, match="residual_exp"):
        LandmarkObjective("l1", weights=torch.ones(3))
    with pytest.raises(InputError, match="edges"):
        LandmarkObjective("l2", weights=torch.ones(3), edge_weight=1.0)
    with pytest.raises(InputError, match="multiple of 32"):
        LandmarkNetwork(SizedLandmarkNetworkConfig(network="swin_tiny", input_size=100))


@pytest.mark.parametrize("decoder", ["linear", "spiral"])
@pytest.mark.parametrize("name", [name for name in NETWORKS if not name.startswith("resnet")])
def test_other_backbones_go_with_the_other_decoders(name, decoder, hierarchy):
    network = make_network(decoder, "residual_exp", hierarchy, network=name, input_size=64).eval()
    with torch.no_grad():
        output = network(torch.rand(1, 3, 64, 64))
    assert output.points.shape == (1, COUNT, 2)
    assert torch.isfinite(output.log_sigma).all()
