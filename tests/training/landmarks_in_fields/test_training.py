"""A small training learns, resumes, computes on its device and is exported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.landmarks_in_fields.config import FieldNetworkConfig, FineNetworkConfig
from mien.training.landmarks_in_fields.batches import BoxBatch
from mien.training.landmarks_in_fields.checkpoints import read_checkpoint
from mien.training.landmarks_in_fields.config import (
    CoarseTrainingConfig,
    FineTrainingConfig,
    VolumeDataConfig,
)
from mien.training.landmarks_in_fields.export import export_networks
from mien.training.landmarks_in_fields.training import (
    FieldLandmarkTraining,
    VolumeSamples,
    new_network,
    spread_loss,
    train_field_landmarks,
)
from mien.training.landmarks_in_fields.volume_sampler import VolumeSampler


def test_spread_is_learned_and_moves_nothing_else():
    torch.manual_seed(0)
    network = new_network(FineNetworkConfig(size=8, width=4, features=32))
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


def with_steps(config: CoarseTrainingConfig, steps: int, **changes) -> CoarseTrainingConfig:
    return replace(config, training=replace(config.training, max_steps=steps, **changes))


def test_training_learns_resumes_and_is_exported(store: Path, tmp_path: Path):
    samples = VolumeDataConfig(volumes=(store,), batch=6)
    plain = FineNetworkConfig(size=8, width=4, features=32, local=False)
    config = FineTrainingConfig(samples, plain)
    fine = tmp_path / "fine"
    before = train_field_landmarks(with_steps(config, 15, log_steps=15), out=fine)
    assert before.step == 15
    with pytest.raises(InputError, match="--resume"):
        train_field_landmarks(with_steps(config, 15), out=fine)
    after = train_field_landmarks(with_steps(config, 60, log_steps=15), out=fine, resume=True)
    assert after.step == read_checkpoint(fine / "checkpoint.pt").step == 60
    presence = [json.loads(line)["presence"] for line in (fine / "log.jsonl").read_text().splitlines()]
    assert presence[-1] < presence[0]
    other = replace(config, network=replace(plain, width=8))
    with pytest.raises(InputError, match="another network"):
        train_field_landmarks(with_steps(other, 15), out=fine, resume=True)
    begun_there = replace(config, start_from=fine / "checkpoint.pt")
    again = train_field_landmarks(with_steps(begun_there, 1), out=tmp_path / "again")
    assert again.step == 1
    assert again.settings["earlier_steps"] == 60
    for name, start in after.tensors["average"].items():
        torch.testing.assert_close(again.tensors["average"][name], start, atol=0.01, rtol=0)
    heated = replace(begun_there, network=replace(plain, local=True))
    begun = train_field_landmarks(with_steps(heated, 1), out=tmp_path / "heated")
    for name, start in after.tensors["average"].items():
        torch.testing.assert_close(begun.tensors["average"][name], start, atol=0.01, rtol=0)
    coarse = CoarseTrainingConfig(samples, FieldNetworkConfig(size=8, width=4, features=32))
    train_field_landmarks(with_steps(coarse, 2), out=tmp_path / "coarse")
    out = export_networks(
        coarse=tmp_path / "coarse" / "checkpoint.pt",
        fine=fine / "checkpoint.pt",
        out=tmp_path / "pair.safetensors",
    )
    assert out.exists()
    card = json.loads(out.with_suffix(".card.json").read_text())
    assert "MakeHuman" in card["training_data"]
    # Both networks in one file are a start like their checkpoints, but for half precision
    from_file = replace(config, start_from=out, coarse=out)
    onward = train_field_landmarks(with_steps(from_file, 1), out=tmp_path / "onward")
    assert onward.settings["earlier_steps"] == 60
    for name, start in after.tensors["average"].items():
        torch.testing.assert_close(onward.tensors["average"][name], start, atol=0.01, rtol=1e-3)
    taken = export_networks(
        coarse=out, fine=tmp_path / "onward" / "checkpoint.pt", out=tmp_path / "next.safetensors"
    )
    assert json.loads(taken.with_suffix(".card.json").read_text())["coarse"] == card["coarse"]
    out.with_suffix(".card.json").write_text("{}")
    with pytest.raises(InputError, match="export them again"):
        train_field_landmarks(with_steps(from_file, 1), out=tmp_path / "cardless")


@pytest.mark.parametrize("network", [FieldNetworkConfig, FineNetworkConfig])
def test_everything_is_computed_on_the_device(store: Path, network):
    """The meta device computes shapes alone, and refuses to mix with tensors that were left behind."""
    config = CoarseTrainingConfig(
        VolumeDataConfig(volumes=(store,), batch=2), network(size=8, width=4, features=32)
    )
    config = with_steps(config, 1, device="meta")
    samples = VolumeSamples(config, None)
    training = FieldLandmarkTraining(config, samples, new_network(config.network))
    losses = training.losses(next(samples.batches(first_step=0, seed=0)))
    assert {value.device.type for value in losses.values()} == {"meta"}


def test_stores_and_checkpoints_that_are_not_there_say_what_to_do(tmp_path: Path):
    with pytest.raises(InputError, match="field-landmarks volumes"):
        VolumeSampler([tmp_path])
    with pytest.raises(InputError, match="mien train field-landmarks"):
        read_checkpoint(tmp_path / "checkpoint.pt")
