"""Tuning: a file becomes a network that answers as before, learns, resumes exactly, is written back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.datasets.crops.feeder import FeederConfig
from mien.errors import InputError
from mien.landmarks.networks import SHIPPED, open_session
from mien.learning.config import TrainingConfig
from mien.learning.half_weights import halve_weights
from mien.progress import Progress
from mien.training.landmarks.checkpoints import averaged_network
from mien.training.landmarks.config import LandmarkLossConfig, LandmarkNetworkConfig, LandmarkTrainingConfig
from mien.training.landmarks.onnx_export import export_onnx, write_landmark_card
from mien.training.landmarks.training import train_landmarks
from mien.training.read_out.config import ReadOutLossConfig
from mien.training.tuning.config import TuneConfig, TuneDataConfig
from mien.training.tuning.export import export_tuned, write_tuned_card
from mien.training.tuning.onnx_network import OnnxNetwork, write_with_weights
from mien.training.tuning.training import read_checkpoint, tune_landmarks

INLINE = FeederConfig(processes=0, wait_s=0.0)
OUTPUTS = ["points", "log_sigma", "presence"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def toy(crops, layout, tmp_path) -> Path:
    """A network that has seen one batch, with weights of 16 bits."""
    config = LandmarkTrainingConfig(
        crops,
        LandmarkNetworkConfig(network="resnet10_quarter", hidden=32),
        LandmarkLossConfig(opening_weight=0.0),
        TrainingConfig(max_steps=1, threads=1, half_precision=False),
    )
    checkpoint = train_landmarks(config, out=tmp_path / "toy", feeder=INLINE, layout=layout)
    path = tmp_path / "toy.onnx"
    check = export_onnx(averaged_network(checkpoint), path)
    halve_weights(path, crops=np.zeros((1, 3, 64, 64), np.float32))
    write_landmark_card(checkpoint, check, path.with_suffix(".card.json"), name="toy", command="", data=[])
    return path


def tuning(toy: Path, crops, *, steps: int, rate: float = 2e-3) -> TuneConfig:
    return TuneConfig(
        toy,
        TuneDataConfig(crops.data, batch=16, max_pictures=1000),
        loss=ReadOutLossConfig(opening_weight=0.0),  # the toy layout has no lids
        training=TrainingConfig(
            max_steps=steps, learning_rate=rate, weight_decay=0.0, average_decay=0.5, threads=1,
            half_precision=False, log_steps=1, seed=1,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["realtime", "offline"])
def test_a_shipped_network_answers_as_its_file_does(name):
    path = SHIPPED / f"{name}.onnx"
    image = np.random.default_rng(0).random((2, 3, 192, 192), np.float32)
    network = OnnxNetwork(path)
    with torch.no_grad():
        answers = network(torch.from_numpy(image))
    for expected, answer in zip(open_session(path).run(OUTPUTS, {"image": image}), answers, strict=True):
        assert np.abs(expected - answer.numpy()).max() < 1e-4
    encoder, rest = network.encoder_parameters(), network.read_out_parameters()
    assert sum(weight.numel() for weight in encoder) > 5e5
    assert sum(weight.numel() for weight in rest) > 1e6


def test_weights_are_written_back_with_the_bits_that_they_had(toy, tmp_path):
    import onnx

    network = OnnxNetwork(toy)
    write_with_weights(toy, network, tmp_path / "same.onnx")
    image = np.random.default_rng(1).random((1, 3, 64, 64), np.float32)
    before, after = (open_session(p).run(OUTPUTS, {"image": image}) for p in (toy, tmp_path / "same.onnx"))
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2.0)
    write_with_weights(toy, network, tmp_path / "half.onnx", share=0.5)
    stored = {tensor.name: tensor for tensor in onnx.load(tmp_path / "half.onnx").graph.initializer}
    for tensor in onnx.load(toy).graph.initializer:
        assert stored[tensor.name].data_type == tensor.data_type
        if tensor.name in network.weight_names:
            was, now = onnx.numpy_helper.to_array(tensor), onnx.numpy_helper.to_array(stored[tensor.name])
            np.testing.assert_allclose(now, 1.5 * was, rtol=1e-3, atol=1e-6)


def test_it_learns_and_the_file_answers_as_the_averaged_network(toy, crops, layout, tmp_path):
    checkpoint = tune_landmarks(
        tuning(toy, crops, steps=40, rate=3e-3), out=tmp_path / "run", feeder=INLINE, layout=layout
    )
    out = tmp_path / "tuned.onnx"
    check = export_tuned(checkpoint, toy, out)
    write_tuned_card(checkpoint, toy, out.with_suffix(".card.json"), name="tuned", share=1.0, check=check)
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    shape = [json.loads(line)["shape"] for line in log]
    assert np.mean(shape[-10:]) < 0.95 * np.mean(shape[:10])
    image = np.random.default_rng(3).random((2, 3, 64, 64), np.float32)
    averaged = OnnxNetwork(toy)
    averaged.load_state_dict(checkpoint.tensors["average"])
    with torch.no_grad():
        expected = averaged(torch.from_numpy(image)).points.numpy()
    before, after = (open_session(path).run(["points"], {"image": image})[0] for path in (toy, out))
    assert np.abs(after - expected).max() < 0.1 * np.abs(after - before).max()
    card = json.loads(out.with_suffix(".card.json").read_text())
    assert card["name"] == "tuned"
    assert card["set_name"] == "toy17"
    assert card["tuning"]["crops_presented"] == 40 * 16
    assert "mien train tune" in card["tuning"]["command"]


def test_stopped_and_resumed_is_in_one_go(toy, crops, layout, tmp_path):
    config = tuning(toy, crops, steps=4)
    whole = tune_landmarks(config, out=tmp_path / "whole", feeder=INLINE, layout=layout)

    def stop_at_two(progress: Progress) -> None:
        if progress.label == "step 2":
            raise KeyboardInterrupt

    parts = {"out": tmp_path / "parts", "feeder": INLINE, "layout": layout}
    with pytest.raises(KeyboardInterrupt):
        tune_landmarks(config, **parts, report=stop_at_two)
    assert read_checkpoint(tmp_path / "parts" / "checkpoint.pt").step == 2
    again = tune_landmarks(config, **parts, resume=True)
    for name in ("network", "average"):
        for key, value in whole.tensors[name].items():
            assert torch.equal(value, again.tensors[name][key]), (name, key)


def test_a_network_of_another_file_is_refused(toy, crops, layout, tmp_path):
    checkpoint = tune_landmarks(
        tuning(toy, crops, steps=1), out=tmp_path / "run", feeder=INLINE, layout=layout
    )
    with pytest.raises(InputError, match=r"weights|tuned from|shapes"):
        export_tuned(checkpoint, "realtime", tmp_path / "other.onnx")
    with pytest.raises(InputError, match="between 0 and 1"):
        export_tuned(checkpoint, toy, tmp_path / "other.onnx", share=1.5)


def test_a_network_that_answers_with_nonsense_is_not_written(toy, crops, layout, tmp_path):
    checkpoint = tune_landmarks(
        tuning(toy, crops, steps=1), out=tmp_path / "run", feeder=INLINE, layout=layout
    )
    for value in checkpoint.tensors["average"].values():
        value.fill_(torch.nan)
    with pytest.raises(InputError, match="not finite"):
        export_tuned(checkpoint, toy, tmp_path / "bad.onnx")
    assert not list(tmp_path.glob("*bad*"))


def test_what_is_no_landmark_network_is_refused():
    with pytest.raises(InputError, match="no landmark network"):
        OnnxNetwork(SHIPPED / "search.onnx")
