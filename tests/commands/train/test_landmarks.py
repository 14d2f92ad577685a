"""`mien train landmarks`, its options file, the export with int8, and `mien train ablation`, end to end."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mien.commands.options_file import parse_with_file
from mien.commands.train import run
from mien.commands.train.landmarks import TrainLandmarksConfig
from mien.errors import InputError
from mien.heads.library import load_head
from mien.training.landmarks.checkpoints import network_config, read_checkpoint
from tests.datasets.crops.fake_faces import write_shard


@pytest.fixture(scope="module")
def head_shards(tmp_path_factory):
    """Two shards of six blurry pictures with the built-in head's landmarks."""
    folder = tmp_path_factory.mktemp("head-shards")
    head = load_head()
    points_m = head.mean_m[head.landmark_set("dense703").vertices]
    middle_m = points_m.mean(axis=0)
    rng = np.random.default_rng(0)
    for shard in range(2):
        faces = []
        for _ in range(6):
            points_px = (points_m - middle_m)[:, :2] * [1, -1] * rng.uniform(500, 600) + rng.uniform(
                90, 102, 2
            )
            picture = np.kron(rng.integers(0, 255, (12, 12, 3)), np.ones((16, 16, 1))).astype(np.uint8)
            faces.append((picture, points_px[3:]))  # three more are stored in front
        write_shard(folder / f"shard-{shard:06d}.tar", faces)
    return folder


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_trains_from_a_file_of_options_and_exports_int8(head_shards, tmp_path, capsys):
    options = {
        "data": [str(head_shards)], "network": "resnet10_quarter", "decoder": "spiral", "size": 64,
        "loss": "residual_exp", "edge_weight": 1.0, "max-steps": 5, "batch": 4, "threads": 1,
    }  # fmt: skip
    (tmp_path / "options.json").write_text(json.dumps(options))
    out = tmp_path / "run"
    arguments = ["landmarks", "--config", str(tmp_path / "options.json"), "--out", str(out)]
    assert run([*arguments, "--max-steps", "2"]) == 0
    checkpoint = read_checkpoint(out / "checkpoint.pt")
    assert checkpoint.step == 2
    network = network_config(checkpoint)
    assert network.decoder == "spiral"
    assert network.mesh_sizes[0] == 320
    assert network.sigma == "exponential"
    assert checkpoint.tensors["objective"]
    assert run([*arguments, "--max-steps", "3", "--resume"]) == 0
    assert read_checkpoint(out / "checkpoint.pt").step == 3
    export = ["export-landmarks", "--checkpoint", str(out / "checkpoint.pt"), "--data", str(head_shards)]
    assert run([*export, "--out", str(tmp_path / "whole.onnx")]) == 0
    out = ["--out", str(tmp_path / "net.onnx")]
    assert run([*export, *out, "--int8", "dynamic", "--half-weights"]) == 0
    whole, half = ((tmp_path / f"{name}.onnx").stat().st_size for name in ("whole", "net"))
    assert half < 0.6 * whole
    figures = json.loads((tmp_path / "net.card.json").read_text())["figures"]
    assert 0 < figures["difference_by_half_weights"] < 5e-3
    assert figures["file_mb"] == pytest.approx(half / 1e6, abs=1e-3)
    for name in ("net", "net.int8"):
        card = json.loads((tmp_path / f"{name}.card.json").read_text())
        assert (tmp_path / f"{name}.onnx").exists()
        assert card["name"] == name
        assert card["decoder"] == "spiral"
        assert card["figures"]["int8"]["mean_px"] >= 0
        assert "--decoder spiral" in card["command"]
        assert "--edge-weight 1" in card["command"]
    with pytest.raises(InputError, match="--data"):
        run([*export[:3], "--out", str(tmp_path / "x.onnx"), "--int8", "static"])


def test_one_epoch_on_a_thousand_pictures_learns_and_lends_its_backbone(head_shards, tmp_path):
    rng = np.random.default_rng(1)
    head = load_head()
    points_m = head.mean_m[head.landmark_set("dense703").vertices]
    points_m = points_m - points_m.mean(axis=0)
    faces = []
    for _ in range(1000):
        points_px = points_m[:, :2] * [1, -1] * rng.uniform(500, 600) + rng.uniform(80, 112, 2)
        picture = np.full((192, 192, 3), 40, np.uint8)
        middle = points_px.mean(axis=0).astype(int)
        picture[middle[1] - 50 : middle[1] + 50, middle[0] - 35 : middle[0] + 35] = (200, 150, 120)
        faces.append((picture, points_px[3:]))
    data = tmp_path / "thousand"
    data.mkdir()
    write_shard(data / "shard-000001.tar", faces)
    common = ["landmarks", "--data", str(data), "--network", "resnet10_quarter", "--batch", "50"]
    common += ["--threads", "1", "--size", "64", "--max-steps", "20"]
    assert run([*common, "--out", str(tmp_path / "run")]) == 0
    checkpoint = read_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert checkpoint.samples == 1000
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < log[0]["loss"]

    # another set, another crop: the backbone is taken over, the decoder starts anew
    lent = ["--initial", str(tmp_path / "run" / "checkpoint.pt"), "--set", "dense703"]
    assert (
        run([*common[:-4], "--size", "96", "--max-steps", "1", *lent, "--out", str(tmp_path / "next")]) == 0
    )
    following = read_checkpoint(tmp_path / "next" / "checkpoint.pt")
    name = next(
        key for key in checkpoint.tensors["average"] if key.startswith("backbone.") and key.endswith("weight")
    )
    assert torch.allclose(following.tensors["average"][name], checkpoint.tensors["average"][name], atol=1e-3)
    other = [*common, "--out", str(tmp_path / "other"), *lent]
    other[other.index("resnet10_quarter")] = "resnet10_half"
    with pytest.raises(InputError, match="same backbone"):
        run(other)

    export = ["export-landmarks", "--checkpoint", str(tmp_path / "run" / "checkpoint.pt")]
    export += ["--out", str(tmp_path / "net.onnx"), "--look-scales", "0.8", "1.0", "--mirrored-looks"]
    assert run(export) == 0
    looks = json.loads((tmp_path / "net.card.json").read_text())["looks"]
    assert [(look["scale"], look["mirrored"]) for look in looks] == [
        (0.8, False), (0.8, True), (1.0, False), (1.0, True)
    ]  # fmt: skip


def test_resuming_with_another_loss_is_refused(head_shards, tmp_path):
    common = [
        "landmarks",
        "--data",
        str(head_shards),
        "--out",
        str(tmp_path),
        "--network",
        "resnet10_quarter",
    ]
    common += ["--size", "64", "--batch", "4", "--threads", "1"]
    assert run([*common, "--max-steps", "1", "--loss", "residual"]) == 0
    with pytest.raises(InputError, match="--loss residual"):
        run([*common, "--max-steps", "2", "--resume"])


def test_ablation_of_two_variants(head_shards, tmp_path):
    (tmp_path / "two.json").write_text(json.dumps({"linear": {"decoder": "linear"}, "MLP": {}}))
    assert run([
        "ablation", "--data", str(head_shards), "--out", str(tmp_path / "runs"), "--results", str(tmp_path),
        "--variants", str(tmp_path / "two.json"), "--network", "resnet10_quarter", "--size", "64",
        "--batch", "4", "--max-steps", "2", "--threads", "1",
    ]) == 0  # fmt: skip
    stored = json.loads((tmp_path / "ablation-two.json").read_text())
    assert [(variant["name"], variant["steps"]) for variant in stored["variants"]] == [
        ("linear", 2),
        ("MLP", 2),
    ]


@pytest.mark.parametrize("text", ['data = ["a", "b"]\nlearning-rate = "auto"\n', None], ids=["toml", "json"])
def test_files_of_options(text, tmp_path):
    if text is not None:
        pytest.importorskip("tomllib", reason="TOML needs Python 3.11")
    path = tmp_path / ("options.toml" if text else "options.json")
    path.write_text(text or json.dumps({"data": ["a", "b"], "learning_rate": "auto"}))
    config = parse_with_file(
        TrainLandmarksConfig,
        ["--config", str(path), "--out", "o", "--seed", "3"],
        prog="mien train landmarks",
    )
    assert [folder.name for folder in config.landmarks.crops.data] == ["a", "b"]
    assert config.landmarks.training.learning_rate == "auto"
    assert config.landmarks.training.seed == 3


def test_flags_in_a_file_are_said_as_the_option_is_called(tmp_path):
    path = tmp_path / "options.json"
    path.write_text(
        json.dumps({"data": ["a"], "augmentation": False, "half_precision": True, "resume": True})
    )
    config = parse_with_file(TrainLandmarksConfig, ["--config", str(path)], prog="mien train landmarks")
    assert config.landmarks.crops.augmentation is False
    assert config.landmarks.training.half_precision is True
    assert config.progress.resume is True
    path.write_text(json.dumps({"data": ["a"], "augmentation": True, "resume": False, "max_steps": None}))
    config = parse_with_file(TrainLandmarksConfig, ["--config", str(path)], prog="mien train landmarks")
    assert config.landmarks.crops.augmentation is True
    assert config.progress.resume is False


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("a.json", '{"colour": 1}', "colour"), ("a.json", "[", "JSON"), ("a.json", "[]", "by name")],
)
def test_wrong_files_of_options_are_named(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        parse_with_file(TrainLandmarksConfig, [f"--config={tmp_path / name}"], prog="mien train landmarks")
    with pytest.raises(InputError, match="no such file"):
        parse_with_file(TrainLandmarksConfig, ["--config", str(tmp_path / "b.json")], prog="x")
