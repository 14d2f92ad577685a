"""Checkpoint files read back what was written and refuse everything else by name."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.learning.checkpoints import (
    CHECKPOINT_NAME,
    FORMAT_VERSION,
    Checkpoint,
    read_checkpoint,
    training_folder,
)
from mien.training.landmarks.checkpoints import read_checkpoint as read_landmarks
from mien.training.search.checkpoints import KIND as SEARCH
from mien.training.search.checkpoints import read_checkpoint as read_search

COMMAND = "mien train something"
SOME = Checkpoint(
    kind="something",
    step=1,
    samples=8,
    elapsed_s=1.5,
    settings={"batch": 8},
    figures={"plain": {"error": 0.5}},
    plain={"set_name": "toy"},
    tensors={"network": {"weight": torch.ones(2)}, "updates": 3},
)


def read(path: Path) -> Checkpoint:
    return read_checkpoint(path, kind="something", command=COMMAND)


def write_version(path: Path, version: int) -> None:
    torch.save({"json": json.dumps({"format_version": version}), "tensors": {}}, path)


def test_round_trip_replaces_the_previous_file(tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    for step in (1, 2):
        weight = torch.full((2,), float(step))
        replace(SOME, step=step, tensors={"network": {"weight": weight}, "updates": 3}).save(path)
    loaded = read(path)
    assert replace(loaded, tensors={}) == replace(SOME, step=2, tensors={})
    assert torch.equal(loaded.tensors["network"]["weight"], torch.full((2,), 2.0))
    assert loaded.tensors["updates"] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_missing_foreign_and_other_versions_are_named(tmp_path: Path):
    path = tmp_path / "x.pt"
    with pytest.raises(InputError, match=COMMAND):
        read(path)
    path.write_text("no checkpoint")
    with pytest.raises(InputError, match="not a checkpoint"):
        read(path)
    write_version(path, FORMAT_VERSION + 1)
    with pytest.raises(InputError, match="update mien"):
        read(path)
    write_version(path, 1)
    with pytest.raises(InputError, match=r"earlier mien.*train anew"):
        read(path)
    write_version(path, FORMAT_VERSION)  # and nothing else
    with pytest.raises(InputError, match="damaged"):
        read(path)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.99])
def test_a_file_cut_short_is_damaged(kept: float, tmp_path: Path):
    path = tmp_path / "x.pt"
    SOME.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match="damaged"):
        read(path)


def test_a_checkpoint_of_another_training_is_named(tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    replace(SOME, kind=SEARCH).save(path)
    assert read_search(path).step == 1
    with pytest.raises(InputError, match=r"another training \(search\), not of `mien train landmarks`"):
        read_landmarks(path)


class Dangerous:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_code_in_a_file_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pt"
    torch.save({"json": "{}", "tensors": Dangerous()}, path, pickle_module=pickle)
    with pytest.raises(InputError, match="not a checkpoint"):
        read(path)
    assert not (tmp_path / "executed").exists()


def test_a_folder_with_a_checkpoint_is_kept_and_half_written_ones_go(tmp_path: Path):
    assert training_folder(tmp_path / "new", resume=False) == tmp_path / "new"
    SOME.save(tmp_path / "new" / CHECKPOINT_NAME)
    left = tmp_path / "new" / ".checkpoint.123.part.pt"
    left.write_bytes(b"half")
    with pytest.raises(InputError, match="--resume"):
        training_folder(tmp_path / "new", resume=False)
    training_folder(tmp_path / "new", resume=True)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [CHECKPOINT_NAME]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="folder"):
        training_folder(tmp_path / "file", resume=False)


LIFTING = {"width": 4, "heads": 1, "blocks": 1, "point_tokens": 2, "summary": 0, "landmarks": 6, "points": 9,
           "first_points": 9, "maps": [[4, 2, 2]]}  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({}, "network must be an object"),
        ({"network": []}, "network must be an object"),
        ({"network": {**LIFTING, "width": "wide"}}, "width cannot be 'wide'"),
        ({"network": {**LIFTING, "blocks": 10**8}}, "blocks cannot be"),
        ({"network": {**LIFTING, "maps": [[4, 2]]}}, "maps cannot be"),
        ({"network": {**LIFTING, "unheard_of": 1}}, "unheard_of"),
        ({"network": {**LIFTING, "width": 8}}, "have the shape"),
        ({"network": {**LIFTING, "width": 7, "heads": 2}}, "does not hold what this training keeps"),
    ],
)
def test_networks_of_damaged_checkpoints_are_refused_by_name(tmp_path: Path, plain: dict, said: str):
    from mien.training.lifting import training
    from mien.training.lifting.config import SizedLiftingConfig
    from mien.training.lifting.network import LiftingNetwork

    network = LiftingNetwork(SizedLiftingConfig(**{**LIFTING, "maps": ((4, 2, 2),)}))
    path = tmp_path / CHECKPOINT_NAME
    kept = replace(SOME, kind=training.KIND, plain=plain, tensors={"average": network.state_dict()})
    kept.save(path)
    with pytest.raises(InputError, match=said) as raised:
        training.averaged_network(training.read_checkpoint(path))
    assert path.name in str(raised.value)
    replace(kept, plain={"network": LIFTING}).save(path)
    assert not training.averaged_network(training.read_checkpoint(path)).training


def test_weights_that_are_not_finite_are_refused(tmp_path: Path):
    path = tmp_path / CHECKPOINT_NAME
    replace(SOME, tensors={"network": {"weight": torch.tensor([float("nan")])}}).save(path)
    with pytest.raises(InputError, match=r"checkpoint\.pt: .*not finite"):
        read(path)
