"""Training: it learns, it resumes exactly, its feeder gives the same batches from another process."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.batches import BatchPlan
from mien.datasets.crops.feeder import FeederConfig, feed
from mien.errors import InputError
from mien.learning.schedule import learning_rate_share
from mien.training.landmarks.checkpoints import load_checkpoint
from mien.training.landmarks.loop import LandmarkTrainingConfig, train
from mien.training.landmarks.losses import landmark_loss
from mien.training.landmarks.networks import LandmarkNetwork, LandmarkNetworkConfig
from mien.training.landmarks.validation import evaluate, validation_batches

INLINE = FeederConfig(processes=0, wait_s=0.0)


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in several threads may differ in their last bits."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def _network(layout) -> LandmarkNetworkConfig:
    return LandmarkNetworkConfig(network="resnet10_half", landmarks=len(layout), input_size=64, hidden=64)


def _options(steps: int, **changes) -> LandmarkTrainingConfig:
    return LandmarkTrainingConfig(max_steps=steps, threads=1, half_precision=False, log_steps=1, **changes)


def test_one_batch_is_learnt_by_heart(plan, layout):
    torch.manual_seed(0)
    batches = feed(replace(plan, options=AugmentConfig(negative_share=0.2)), INLINE)
    batch = next(batches)
    batches.close()
    network = LandmarkNetwork(_network(layout), mean_points=batch.points[batch.presence > 0].mean(axis=0))
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


def test_training_stopped_and_resumed_is_training_in_one_go(plan, layout, tmp_path):
    whole = train(plan, _network(layout), _options(6), out=tmp_path / "whole", feeder=INLINE)

    def stop_at_three(progress):
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            plan, _network(layout), _options(6), out=tmp_path / "parts", feeder=INLINE, report=stop_at_three
        )
    assert load_checkpoint(tmp_path / "parts" / "checkpoint.pt").step == 3
    parts = train(plan, _network(layout), _options(6), out=tmp_path / "parts", feeder=INLINE, resume=True)
    assert parts.step == whole.step == 6
    assert parts.pictures == whole.pictures
    for name in ("network", "average"):
        for key, value in getattr(whole, name).items():
            assert torch.equal(value, getattr(parts, name)[key]), (name, key)
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / part / "log.jsonl").read_text().splitlines()]
        for part in ("whole", "parts")
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 6


def test_training_validates_and_refuses_to_overwrite(plan, layout, tmp_path):
    checkpoint = train(plan, _network(layout), _options(2), out=tmp_path, feeder=INLINE)
    assert set(checkpoint.figures) == {"plain", "hard"}
    figures = load_checkpoint(tmp_path / "checkpoint.pt").figures["plain"]
    assert 0 < figures["nme_face"] < 0.5
    assert 0 <= figures["within_1_sigma"] <= figures["within_2_sigma"] <= 1
    with pytest.raises(InputError, match="--resume"):
        train(plan, _network(layout), _options(2), out=tmp_path, feeder=INLINE)


def test_figures_of_a_perfect_network(plan, layout):
    batch = validation_batches(plan)["plain"]

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


def test_batches_from_another_process_are_the_same(plan: BatchPlan):
    here, beside = feed(plan, INLINE, first_step=5), feed(plan, FeederConfig(ring=2), first_step=5)
    try:
        for _ in range(4):  # more than the ring holds
            expected, got = next(here), next(beside)
            assert np.array_equal(expected.crops, got.crops)
            assert np.array_equal(expected.points, got.points)
            assert np.array_equal(expected.presence, got.presence)
            assert expected.store_size == got.store_size == 16
            del got
    finally:
        here.close()
        beside.close()


def test_without_shards_the_feeder_says_what_to_do(plan, tmp_path):
    for options in (INLINE, FeederConfig(wait_s=0.0)):
        batches = feed(replace(plan, directories=(tmp_path,)), options)
        with pytest.raises(InputError, match="mien synth"):
            next(batches)


def test_a_folder_that_is_complete_without_training_shards_is_not_waited_for(plan, shards, tmp_path):
    shutil.copy(shards / "shard-000000.tar", tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"count": 16}))
    batches = feed(replace(plan, directories=(tmp_path,)), FeederConfig(processes=0, wait_s=600.0))
    with pytest.raises(InputError, match="draw more"):
        next(batches)


def test_learning_rate_rises_then_falls():
    shares = [learning_rate_share(p, warm_up=0.1, final=0.01) for p in np.linspace(0, 1, 101)]
    assert np.argmax(shares) == 10
    assert max(shares) == pytest.approx(1)
    assert np.all(np.diff(shares[10:]) < 0)
    assert shares[-1] == pytest.approx(0.01)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.pt"):
        load_checkpoint(tmp_path / "x.pt")
