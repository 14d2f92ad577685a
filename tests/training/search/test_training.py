"""A short training learns drawn heads, resumes, and its export runs in the product's search."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.datasets.search_scenes.batches import SceneDataset, make_batch
from mien.datasets.search_scenes.config import SceneDataConfig
from mien.datasets.search_scenes.scenes import paste
from mien.errors import InputError
from mien.landmarks.networks import open_session
from mien.landmarks.region import Region
from mien.landmarks.search import FaceSearch
from mien.learning.config import TrainingConfig
from mien.learning.trainer import VALIDATED
from mien.progress import Progress
from mien.training.search.checkpoints import averaged_network
from mien.training.search.config import SearchNetworkConfig, SearchTrainingConfig
from mien.training.search.network import SearchNetwork
from mien.training.search.onnx_export import export_search, quantise_search, write_search_card
from mien.training.search.training import SearchTraining, train_search

SMALL = SearchNetworkConfig(stem=(8, 12, 16), dilations=(1, 2))


def config_of(data: Path, *, steps: int, **changes) -> SearchTrainingConfig:
    training = {"max_steps": steps, "threads": 1, "log_steps": 2, "half_precision": False, **changes}
    return SearchTrainingConfig(
        SceneDataConfig(data=(data,), batch=4), SMALL, TrainingConfig(learning_rate=1e-2, **training)
    )


def test_cells_and_receptive_field():
    network = SearchNetwork().eval()
    assert 100_000 < sum(value.numel() for value in network.parameters()) < 350_000
    image = torch.rand(1, 3, 320, 328, requires_grad=True)
    output = network(image)
    assert output.score.shape == (1, 1, 40, 41)
    assert output.geometry.shape == (1, 5, 40, 41)
    output.score[0, 0, 20, 20].backward()
    seen = image.grad.abs().sum(dim=(0, 1))
    columns = torch.nonzero(seen.sum(dim=0)).flatten()
    assert int(columns[-1] - columns[0]) >= 150
    # the cell's centre is the middle of what it sees, up to the stem's own shift of a few pixels
    assert abs(float(columns.float().mean()) - (20 * 8 + 3.5)) < 6


def test_folding_changes_no_answer():
    network = SearchNetwork(SMALL)
    network(torch.rand(4, 3, 32, 32))  # give the normalisations statistics
    network.eval()
    image = torch.rand(1, 3, 40, 48)
    before = network(image)
    network.fold()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    for one, other in zip(before, network(image), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_training_lowers_the_loss_resumes_and_exports(shards, layout, tmp_path):
    out = tmp_path / "run"
    told: list[Progress] = []
    train_search(config_of(shards, steps=24), out=out, layout=layout, report=told.append)
    lines = [progress for progress in told if progress.label != VALIDATED]
    assert lines[-1].label == "step 24"
    losses = [line.figures["loss"] for line in lines]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert 0 <= told[-1].figures["scenes/recall"] <= 1
    with pytest.raises(InputError, match="--resume"):
        train_search(config_of(shards, steps=26), out=out, layout=layout)
    checkpoint = train_search(config_of(shards, steps=26), out=out, layout=layout, resume=True)
    assert checkpoint.step == 26
    assert len((out / "log.jsonl").read_text().splitlines()) == len(lines) + 1

    path = tmp_path / "search.onnx"
    check = export_search(averaged_network(checkpoint), path)
    assert check.largest_difference < 1e-3
    card = json.loads(write_search_card(checkpoint, check, path, directories=[shards]).read_text())
    assert card["name"] == "search"
    assert card["training_data"]["scenes_presented"] == 26 * 4
    store = SceneDataset.of(SceneDataConfig(data=(shards,)), seed=0, layout=layout).open_store()
    store.refresh()
    image = np.zeros((120, 161, 3), np.uint8)
    paste(image, store.cutouts[0], Region(np.array([80.0, 60.0]), 70.0), np.random.default_rng(0))
    assert isinstance(FaceSearch(path)(image), list)  # any size of picture, with the product's own code


def test_eight_bits_say_nearly_the_same(shards, layout, tmp_path, monkeypatch):
    monkeypatch.setattr("mien.datasets.search_scenes.batches.load_layout", lambda name: layout)
    torch.manual_seed(0)
    network = SearchNetwork(SMALL)
    for _ in range(30):  # statistics of the normalisations settle
        network.train()(torch.rand(4, 3, 64, 64))
    path = tmp_path / "search.onnx"
    export_search(network, path)
    image = np.random.default_rng(0).random((1, 3, 64, 88), np.float32)
    (before,) = open_session(path).run(["score"], {"image": image})
    check = quantise_search(path, [shards])
    (after,) = open_session(path).run(["score"], {"image": image})
    assert 0 < np.abs(after - before).max() < 0.1 * np.ptp(before) + 0.02
    assert check.file_mb == path.stat().st_size / 1e6
    assert check.exact.recall == pytest.approx(check.rough.recall, abs=0.2)


def test_batches_repeat(shards, layout):
    dataset = SceneDataset.of(SceneDataConfig(data=(shards,), batch=2), seed=0, layout=layout)
    store = dataset.open_store()
    store.refresh()
    one, same, other = (make_batch(dataset, store, step) for step in (3, 3, 4))
    assert np.array_equal(one.pictures, same.pictures)
    assert np.array_equal(one.geometry, same.geometry)
    assert not np.array_equal(one.pictures, other.pictures)


def test_everything_is_computed_on_the_device(shards, layout):
    """The meta device computes shapes alone, and refuses to mix with tensors that were left behind."""
    config = config_of(shards, steps=1, device="meta")
    dataset = SceneDataset.of(config.scenes, seed=0, layout=layout)
    store = dataset.open_store()
    store.refresh()
    losses = SearchTraining(config, dataset).losses(make_batch(dataset, store, 0))
    assert {value.device.type for value in losses.values()} == {"meta"}


def test_no_shards_is_said(tmp_path, layout):
    with pytest.raises(InputError, match="mien synth"):
        train_search(config_of(tmp_path, steps=1), out=tmp_path / "run", layout=layout)
