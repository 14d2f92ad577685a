"""Read-outs: they follow the face wherever it lies, learn, resume exactly, and are exported whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.datasets.crops.layout import load_layout
from mien.datasets.encoded_crops import (
    EncodedCrops,
    EncodedManifest,
    batches_of,
    read_encoded,
    shard_path,
)
from mien.datasets.encoders import CROP_PX, Encoders, EncoderShape, FeatureGroup
from mien.errors import InputError
from mien.heads.landmark_sets import set_size
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import Region
from mien.learning.config import TrainingConfig
from mien.learning.onnx_writer import OnnxWriter
from mien.training.read_out.config import ReadOutNetworkConfig, ReadOutTrainingConfig, SizedReadOutConfig
from mien.training.read_out.network import ReadOut
from mien.training.read_out.onnx_export import export_read_out, write_read_out_card
from mien.training.read_out.standardisation import standardise
from mien.training.read_out.training import read_checkpoint, train_read_out
from mien.training.read_out.validation import evaluate

POINTS, FLAT, PLACES, CHANNELS = 12, 3, 4, 2
FEATURES = FLAT + PLACES * CHANNELS
LANDMARKS = set_size("dense703")
TOY = EncoderShape("toy", POINTS, (FeatureGroup(1, FLAT), FeatureGroup(PLACES, CHANNELS)))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """Points and features that depend on the picture, if on nothing else."""
    import onnx

    rng = np.random.default_rng(2)
    writer = OnnxWriter("toy")
    image = writer.input("image", (3, CROP_PX, CROP_PX))
    mean = writer.node("ReduceMean", [image], axes=[2, 3], keepdims=0)
    weights = rng.normal(0, 40, (3, 3 * POINTS)).astype(np.float32)
    flat = writer.node("MatMul", [mean, writer.constant(weights)])
    middle = writer.constant(rng.uniform(40, 150, 3 * POINTS).astype(np.float32))
    shape = writer.constant(np.array([0, POINTS, 3], np.int64))
    points = writer.node("Reshape", [writer.node("Add", [flat, middle]), shape])
    writer.output("points", points, (POINTS, 3))
    more = writer.constant(rng.normal(0, 1, (3, FLAT)).astype(np.float32))
    writer.output("features", writer.node("MatMul", [mean, more]), (FLAT,))
    there = writer.constant(rng.normal(0, 1, (3, PLACES * CHANNELS)).astype(np.float32))
    by_place = writer.constant(np.array([0, PLACES, CHANNELS], np.int64))
    seen = writer.node("Reshape", [writer.node("MatMul", [mean, there]), by_place])
    writer.output("place_features", seen, (PLACES, CHANNELS))
    path = tmp_path_factory.mktemp("encoder") / "toy.onnx"
    onnx.save(writer.model(), path)
    return path


def encoded(count: int, *, seed: int) -> EncodedCrops:
    """People whose landmarks follow from what the encoder says, wherever they lie in the crop."""
    rng, law = np.random.default_rng(seed), np.random.default_rng(0)
    shape = law.normal(0, 1, (POINTS, 2))
    shape = (shape - shape.mean(axis=0)) / np.sqrt((shape**2).sum(axis=1).mean())
    base, lever = law.normal(0, 0.6, (LANDMARKS, 2)), law.normal(0, 0.1, (FEATURES, LANDMARKS, 2))
    features = rng.normal(0, 1, (count, FEATURES))
    labels = base + np.einsum("nf,flc->nlc", features, lever)
    angle, scale = rng.normal(0, 0.3, count), rng.uniform(25, 40, count)
    turn = scale[:, None, None] * np.stack(
        [np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([-np.sin(angle), np.cos(angle)], 1)], 1
    )
    place = rng.uniform(86, 106, (count, 1, 2))
    flat = shape @ turn + place
    depth = np.zeros((count, POINTS, 1))
    in_crop = (labels @ turn + place) / (CROP_PX / 2) - 1
    mean = (np.broadcast_to(base, labels.shape) @ turn + place) / (CROP_PX / 2) - 1
    return EncodedCrops(
        points=np.concatenate([flat, depth], axis=2).astype(np.float32),
        features=features.astype(np.float16),
        labels=in_crop.astype(np.float32),
        posed_mean=mean.astype(np.float32),
        presence=np.ones(count, np.float32),
        yaw_rad=rng.normal(0, 0.6, count).astype(np.float32),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("encoded")
    encoded(300, seed=1).save(shard_path(path, 0, part="train"))
    encoded(60, seed=2).save(shard_path(path, 0, part="validation"))
    EncodedManifest((TOY,), "dense703", 1.0, 0, []).save(path)
    return path


def config_of(folder: Path, *, steps: int) -> ReadOutTrainingConfig:
    return ReadOutTrainingConfig(
        data=(folder,),
        batch=64,
        network=ReadOutNetworkConfig(linear=16, hidden=16, dropout=0.0, noise=0.0),
        training=TrainingConfig(
            max_steps=steps, threads=1, learning_rate=1e-2, weight_decay=0.0, average_decay=0.9,
            half_precision=False, log_steps=5,
        ),
    )  # fmt: skip


def fresh(crops: EncodedCrops) -> ReadOut:
    torch.manual_seed(0)
    config = SizedReadOutConfig.of(ReadOutNetworkConfig(linear=16, hidden=16), [TOY], landmarks=LANDMARKS)
    network = ReadOut(config).eval()
    standardise(network, crops)
    return network


@torch.no_grad()
def test_answers_move_with_the_face():
    crops = encoded(200, seed=1)
    network = fresh(crops)
    points, features = torch.from_numpy(crops.points[:4]), torch.from_numpy(crops.features[:4]).float()
    before = network(points, features)
    angle, scale, shift = 0.4, 1.25, torch.tensor([7.0, -3.0])
    turn = scale * torch.tensor([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).float()
    moved = torch.cat([points[..., :2] @ turn + shift, scale * points[..., 2:]], 2)
    after = network(moved, features)
    half = CROP_PX / 2
    expected = ((before.points + 1) * half) @ turn + shift
    assert (expected - (after.points + 1) * half).abs().max() < 0.02
    # inside its limits σ grows with the face
    grown = (after.log_sigma - before.log_sigma).mean()
    assert grown == pytest.approx(np.log(scale), abs=0.03)


def test_folding_changes_no_answer(folder):
    network = fresh(encoded(64, seed=0)).eval()
    points, features = 40 + 100 * torch.rand(3, network.config.points, 3), torch.rand(3, sum(
        places * channels for places, channels in network.config.groups
    ))  # fmt: skip
    with torch.no_grad():
        for buffer in (network.label_mean, network.label_scale, *(one.mean for one in network.places)):
            buffer += 0.3
        before = network(points, features)
        network.fold()
        for one, other in zip(before, network(points, features), strict=True):
            assert torch.allclose(one, other, atol=1e-4)


def test_it_learns_what_the_features_tell(folder, tmp_path):
    checkpoint = train_read_out(config_of(folder, steps=150), out=tmp_path / "run")
    figures = checkpoint.figures
    assert figures["all"]["explained"] > 0.9
    assert figures["all"]["slope"] == pytest.approx(1, abs=0.1)
    assert set(figures) == {"all", "frontal", "turned"}


def test_the_mean_head_shows_nothing_of_anybody():
    crops = encoded(50, seed=3)
    layout = load_layout("dense703")

    class Mean(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.nothing = torch.nn.Parameter(torch.zeros(()))

        def forward(self, points, features):
            from mien.training.landmarks.networks import LandmarkOutput

            mean = torch.from_numpy(crops.posed_mean)
            return LandmarkOutput(mean, torch.zeros(mean.shape[:2]), torch.ones(len(mean)))

    figures = evaluate(Mean(), crops, layout)
    assert figures["all"]["slope"] == pytest.approx(0, abs=1e-4)
    assert figures["all"]["explained"] == pytest.approx(0, abs=1e-4)


def test_resuming_changes_nothing(folder, tmp_path):
    whole = train_read_out(config_of(folder, steps=12), out=tmp_path / "whole")
    first = config_of(folder, steps=12)
    stopping = replace(first, training=replace(first.training, checkpoint_minutes=1e-9))

    class StopError(Exception):
        pass

    def stop_after_six(progress) -> None:
        if progress.label == "step 6":
            raise StopError

    with pytest.raises(StopError):
        train_read_out(stopping, out=tmp_path / "parts", report=stop_after_six)
    assert 0 < read_checkpoint(tmp_path / "parts" / "checkpoint.pt").step < 12
    resumed = train_read_out(stopping, out=tmp_path / "parts", resume=True)
    for name, value in whole.tensors["network"].items():
        assert torch.equal(value, resumed.tensors["network"][name]), name


def test_batches_are_a_function_of_seed_and_step():
    steps = batches_of(40, batch=16, seed=3)
    wanted = [next(steps) for _ in range(4)][3]
    assert np.array_equal(wanted, next(batches_of(40, batch=16, seed=3, first_step=3)))


def test_encoder_and_read_out_become_one_landmark_network(folder, encoder, tmp_path):
    checkpoint = train_read_out(config_of(folder, steps=3), out=tmp_path / "run")
    path = tmp_path / "mine.onnx"
    check = export_read_out(checkpoint, [encoder], path)
    assert check.largest_difference < 1e-3
    write_read_out_card(checkpoint, check, path.with_suffix(".card.json"), name="mine", encoders=[encoder])
    predictor = LandmarkPredictor(path)
    picture = np.random.default_rng(0).integers(0, 256, (240, 240, 3), np.uint8)
    found = predictor(picture, Region(np.array([120.0, 120.0]), 200.0))
    assert len(found) == set_size("dense320")
    assert np.isfinite(found.points_px).all()


def test_other_encoders_than_those_of_the_training_are_refused(folder, encoder, tmp_path):
    checkpoint = train_read_out(config_of(folder, steps=2), out=tmp_path / "run")
    other = tmp_path / "other.onnx"
    other.write_bytes(encoder.read_bytes())
    with pytest.raises(InputError, match="toy"):
        export_read_out(checkpoint, [other], tmp_path / "mine.onnx")


def test_missing_and_damaged_crops_are_named(tmp_path):
    with pytest.raises(InputError, match="encode-crops"):
        read_encoded([tmp_path], part="train")
    EncodedManifest((TOY,), "dense703", 1.0, 0, []).save(tmp_path)
    with pytest.raises(InputError, match="encode-crops"):
        read_encoded([tmp_path], part="train")
    shard_path(tmp_path, 0, part="train").write_bytes(b"nothing")
    with pytest.raises(InputError, match="train-000000"):
        read_encoded([tmp_path], part="train")


def test_what_is_no_encoder_is_refused(tmp_path, encoder):
    with pytest.raises(InputError, match="no such encoder"):
        Encoders([tmp_path / "missing.onnx"])
    asked = Encoders([encoder, encoder])
    assert asked.shapes == (TOY, TOY)
    encoding = asked(np.zeros((2, CROP_PX, CROP_PX, 3), np.uint8))
    assert encoding.points.shape == (2, 2 * POINTS, 3)
    assert encoding.features.shape == (2, 2 * FEATURES)


def test_some_of_the_encoders_alone_can_be_read_out(folder, tmp_path):
    """Two encoders' answers on disk, one read out: the same as if it had been alone."""
    other = EncoderShape("other", 2, (FeatureGroup(1, 3),))
    both = tmp_path / "both"
    both.mkdir()
    EncodedManifest((other, TOY), "dense703", 1.0, 0, []).save(both)
    for part in ("train", "validation"):
        crops = read_encoded([folder], part=part)
        more = replace(
            crops,
            points=np.concatenate([np.ones((len(crops), 2, 3), np.float32), crops.points], axis=1),
            features=np.concatenate([np.ones((len(crops), 3), np.float16), crops.features], axis=1),
        )
        more.save(shard_path(both, 0, part=part))
    config = config_of(folder, steps=3)
    alone = train_read_out(config, out=tmp_path / "alone")
    chosen = train_read_out(replace(config, data=(both,), encoders=("toy",)), out=tmp_path / "chosen")
    for name, value in alone.tensors["network"].items():
        assert torch.equal(value, chosen.tensors["network"][name]), name
    with pytest.raises(InputError, match="other, toy"):
        train_read_out(replace(config, data=(both,), encoders=("nobody",)), out=tmp_path / "wrong")
