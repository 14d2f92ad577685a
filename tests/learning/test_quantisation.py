"""Int8 networks: smaller, close to the float32 ones, and the difference is told."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from mien.errors import InputError
from mien.learning.quantisation import quantise
from mien.training.landmarks.config import SizedLandmarkNetworkConfig
from mien.training.landmarks.networks import LandmarkNetwork
from mien.training.landmarks.onnx_export import export_onnx


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(0)
    config = SizedLandmarkNetworkConfig(network="resnet10_quarter", landmarks=20, input_size=64, hidden=64)
    network = LandmarkNetwork(config)
    crops = torch.rand(8, 3, 1, 1) + 0.2 * torch.rand(8, 3, 64, 64)
    for _ in range(30):  # statistics of the normalisations settle
        network.train()(crops)
    path = tmp_path_factory.mktemp("exported") / "net.onnx"
    export_onnx(network, path)
    return path, crops.clamp(0, 1).numpy()


@pytest.mark.parametrize("kind", ["static", "dynamic"])
def test_int8_answers_nearly_the_same(kind, exported, tmp_path):
    path, crops = exported
    check = quantise(path, tmp_path / "net.int8.onnx", kind=kind, crops=crops)
    assert 0 < check.mean_px <= check.largest_px < 4
    assert check.mean_log_sigma < 0.2
    assert check.crops == 4
    assert check.file_mb < {"static": 0.5, "dynamic": 0.98}[kind] * path.stat().st_size / 1e6
    assert [file.name for file in tmp_path.iterdir()] == ["net.int8.onnx"]
    model = onnx.load(tmp_path / "net.int8.onnx")
    assert {entry.domain for entry in model.opset_import} == {node.domain for node in model.graph.node}


def test_wrong_use_is_named(exported, tmp_path):
    path, crops = exported
    with pytest.raises(InputError, match="two crops"):
        quantise(path, tmp_path / "x.onnx", kind="static", crops=crops[:1])
    with pytest.raises(InputError, match="static or dynamic"):
        quantise(path, tmp_path / "x.onnx", kind="other", crops=np.asarray(crops))
