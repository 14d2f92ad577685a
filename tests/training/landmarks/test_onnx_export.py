"""The exported file answers as torch does, has the documented names, its card tells its origin."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from mien.datasets.crops.feeder import FeederConfig, feed
from mien.learning.config import TrainingConfig
from mien.training.landmarks.checkpoints import averaged_network
from mien.training.landmarks.config import (
    LandmarkLossConfig,
    LandmarkNetworkConfig,
    LandmarkTrainingConfig,
    SizedLandmarkNetworkConfig,
)
from mien.training.landmarks.networks import LandmarkNetwork
from mien.training.landmarks.onnx_export import export_onnx, training_command, write_landmark_card
from mien.training.landmarks.training import train_landmarks


@pytest.mark.parametrize("name", ["resnet10_half", "mobilenet_v2_half"])
def test_export_equals_torch(name, dataset, layout, tmp_path):
    torch.manual_seed(0)
    network = LandmarkNetwork(SizedLandmarkNetworkConfig(network=name, landmarks=len(layout), input_size=64))
    batches = feed(dataset, FeederConfig(processes=0))
    crops = np.ascontiguousarray(next(batches).crops.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    batches.close()
    network.train()(torch.from_numpy(crops))  # statistics of the normalisations away from their start
    check = export_onnx(network, tmp_path / "net.onnx", crops=crops)
    assert check.largest_difference < 1e-4
    assert check.latency_ms > 0
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    assert [entry.name for entry in session.get_inputs()] == ["image"]
    assert [entry.name for entry in session.get_outputs()] == ["points", "log_sigma", "presence"]
    for batch in (1, 3):
        shapes = [answer.shape for answer in session.run(None, {"image": crops[:batch]})]
        assert shapes == [(batch, 17, 2), (batch, 17), (batch,)]
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_card_tells_where_the_weights_come_from(crops, layout, tmp_path):
    config = LandmarkTrainingConfig(
        replace(crops, crop_scale=0.85),
        LandmarkNetworkConfig(network="resnet10_half"),
        LandmarkLossConfig(opening_weight=0.0),
        TrainingConfig(max_steps=1, threads=1, half_precision=False, seed=1),
    )
    feeder = FeederConfig(processes=0)
    checkpoint = train_landmarks(config, out=tmp_path / "run", feeder=feeder, layout=layout)
    check = export_onnx(averaged_network(checkpoint), tmp_path / "realtime.onnx")
    card_path = tmp_path / "realtime.card.json"
    write_landmark_card(
        checkpoint,
        check,
        card_path,
        name="realtime",
        command=training_command(checkpoint),
        data=[{"count": 32}],
    )
    card = json.loads(card_path.read_text())
    assert card["format_version"] == 1
    assert card["name"] == "realtime"
    assert card["set_name"] == "toy17"
    assert card["input_size"] == 64
    assert card["seed"] == 1
    assert card["licence"] == "Apache-2.0"
    assert card["training_data"]["manifests"] == [{"count": 32}]
    assert "--max-steps 1" in card["command"]
    assert "--crop-scale 0.85" in card["command"]
    assert card["looks"] == [{"scale": 0.85, "mirrored": False}]
    assert str(tmp_path.parent) not in card_path.read_text()
    assert set(card["figures"]["synthetic_validation"]) == {"plain", "hard"}
