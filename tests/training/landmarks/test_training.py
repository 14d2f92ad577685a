"""Training: it learns, it resumes exactly, it computes where it is told to."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.config import CropDataConfig
from mien.datasets.crops.feeder import FeederConfig, feed
from mien.errors import InputError
from mien.learning.config import TrainingConfig
from mien.learning.trainer import VALIDATED
from mien.progress import Progress
from mien.training.landmarks.checkpoints import read_checkpoint
from mien.training.landmarks.config import (
    LandmarkLossConfig,
    LandmarkNetworkConfig,
    LandmarkTrainingConfig,
    SizedLandmarkNetworkConfig,
)
from mien.training.landmarks.losses import landmark_loss
from mien.training.landmarks.networks import LandmarkNetwork
from mien.training.landmarks.training import LandmarkTraining, train_landmarks
from mien.training.landmarks.validation import evaluate, validation_batches

INLINE = FeederConfig(processes=0, wait_s=0.0)


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in several threads may differ in their last bits."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def config_of(crops: CropDataConfig, *, steps: int, **changes) -> LandmarkTrainingConfig:
    return LandmarkTrainingConfig(
        crops,
        LandmarkNetworkConfig(network="resnet10_half", hidden=64),
        LandmarkLossConfig(opening_weight=0.0),  # the toy layout has no lids
        TrainingConfig(max_steps=steps, threads=1, half_precision=False, log_steps=1, seed=1, **changes),
    )


def test_one_batch_is_learnt_by_heart(dataset, layout):
    torch.manual_seed(0)
    batches = feed(replace(dataset, augment=AugmentConfig(negative_share=0.2)), INLINE)
    batch = next(batches)
    batches.close()
    sized = SizedLandmarkNetworkConfig(
        network="resnet10_half", landmarks=len(layout), input_size=64, hidden=64
    )
    network = LandmarkNetwork(sized, mean_points=batch.points[batch.presence > 0].mean(axis=0))
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    crops = torch.from_numpy(batch.crops).permute(0, 3, 1, 2).float() / 255
    points, presence = torch.from_numpy(batch.points), torch.from_numpy(batch.presence)
    errors, losses = [], []
    for _ in range(60):
        output = network(crops)
        loss = landmark_loss(output, points, presence, weights=torch.ones(len(layout)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        errors.append((output.points - points).norm(dim=-1)[presence > 0].mean().item())
    assert losses[-1] < losses[0] - 3
    assert errors[-1] < 0.35 * errors[0]


def test_training_stopped_and_resumed_is_training_in_one_go(crops, layout, tmp_path):
    config = config_of(crops, steps=6)
    whole = train_landmarks(config, out=tmp_path / "whole", feeder=INLINE, layout=layout)

    def stop_at_three(progress: Progress) -> None:
        if progress.label == "step 3":
            raise KeyboardInterrupt

    parts = {"out": tmp_path / "parts", "feeder": INLINE, "layout": layout}
    with pytest.raises(KeyboardInterrupt):
        train_landmarks(config, **parts, report=stop_at_three)
    assert read_checkpoint(tmp_path / "parts" / "checkpoint.pt").step == 3
    again = train_landmarks(config, **parts, resume=True)
    assert again.step == whole.step == 6
    assert again.samples == whole.samples == 6 * 16
    for name in ("network", "average"):
        for key, value in whole.tensors[name].items():
            assert torch.equal(value, again.tensors[name][key]), (name, key)
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / part / "log.jsonl").read_text().splitlines()]
        for part in ("whole", "parts")
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 6


def test_training_validates_and_refuses_to_overwrite(crops, layout, tmp_path):
    config, seen = config_of(crops, steps=2), []
    checkpoint = train_landmarks(config, out=tmp_path, feeder=INLINE, layout=layout, report=seen.append)
    assert set(checkpoint.figures) == {"plain", "hard"}
    figures = read_checkpoint(tmp_path / "checkpoint.pt").figures["plain"]
    assert 0 < figures["nme_face"] < 0.5
    assert 0 <= figures["within_1_sigma"] <= figures["within_2_sigma"] <= 1
    assert seen[-1].label == VALIDATED
    assert seen[-1].figures["plain/nme_face"] == figures["nme_face"]
    assert seen[-2].figures["faces"] == 16
    with pytest.raises(InputError, match="--resume"):
        train_landmarks(config, out=tmp_path, feeder=INLINE, layout=layout)


def test_everything_is_computed_on_the_device(crops, dataset, layout):
    """The meta device computes shapes alone, and refuses to mix with tensors that were left behind."""
    training = config_of(crops, steps=1, device="meta").training
    config = replace(config_of(crops, steps=1), training=training)
    sized = SizedLandmarkNetworkConfig(
        network="resnet10_half", landmarks=len(layout), input_size=64, hidden=32
    )
    losses = LandmarkTraining(config, dataset, LandmarkNetwork(sized)).losses(next(feed(dataset, INLINE)))
    assert losses["loss"].device.type == "meta"


def test_figures_of_a_perfect_network(dataset, layout):
    batch = validation_batches(dataset)["plain"]

    class Oracle(torch.nn.Module):
        def forward(self, crops):
            rows = slice(self.at, self.at + len(crops))
            self.at += len(crops)
            points = torch.from_numpy(batch.points[rows])
            presence = torch.from_numpy(batch.presence[rows]) - 0.5
            # two thirds of a crop's half percent off along x, σ a little more
            shifted = points + torch.tensor([0.01, 0.0])
            from mien.training.landmarks.networks import LandmarkOutput

            return LandmarkOutput(shifted, torch.full(points.shape[:2], float(np.log(0.011))), presence)

    oracle = Oracle()
    oracle.at = 0
    figures = evaluate(oracle, batch, layout.face, chunk=5)
    assert figures.nme_face == pytest.approx(0.005, rel=1e-3)
    assert figures.nme_all == pytest.approx(0.005, rel=1e-3)
    assert figures.within_1_sigma == figures.presence_accuracy == 1


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.pt"):
        read_checkpoint(tmp_path / "x.pt")
