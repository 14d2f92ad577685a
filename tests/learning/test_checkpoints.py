"""Checkpoint files read back what was written and refuse everything else by name."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.learning.checkpoints import read_checkpoint_file, write_checkpoint_file
from mien.training.landmarks.checkpoints import load_checkpoint as load_landmarks
from mien.training.search.checkpoints import SearchCheckpoint
from mien.training.search.checkpoints import load_checkpoint as load_search
from mien.training.search.network import SearchNetworkConfig

COMMAND = "mien train something"


def test_round_trip_replaces_the_previous_file(tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    for step in (1, 2):
        tensors = {"network": {"weight": torch.full((2,), float(step))}}
        write_checkpoint_file(path, tensors=tensors, plain={"step": step}, format_version=3)
    read, plain = read_checkpoint_file(path, command=COMMAND, format_version=3)
    assert plain == {"step": 2}
    assert torch.equal(read["network"]["weight"], torch.full((2,), 2.0))
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_missing_foreign_and_other_versions_are_named(tmp_path: Path):
    with pytest.raises(InputError, match=COMMAND):
        read_checkpoint_file(tmp_path / "none.pt", command=COMMAND, format_version=1)
    text = tmp_path / "text.pt"
    text.write_text("no checkpoint")
    with pytest.raises(InputError, match="not a checkpoint"):
        read_checkpoint_file(text, command=COMMAND, format_version=1)
    other = tmp_path / "other.pt"
    write_checkpoint_file(other, tensors={}, plain={}, format_version=1)
    with pytest.raises(InputError, match="reads format 2"):
        read_checkpoint_file(other, command=COMMAND, format_version=2)


def test_a_checkpoint_of_another_training_is_named(tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    SearchCheckpoint(
        network_config=SearchNetworkConfig(), step=1, elapsed_s=1.0, training={}, figures={}, network={},
        average={}, optimiser={}, average_updates=1,
    ).save(path)  # fmt: skip
    assert load_search(path).step == 1
    with pytest.raises(InputError, match="not of `mien train landmarks`"):
        load_landmarks(path)


class Dangerous:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_code_in_a_file_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pt"
    torch.save({"json": "{}", "network": Dangerous()}, path, pickle_module=pickle)
    with pytest.raises(InputError, match="not a checkpoint"):
        read_checkpoint_file(path, command=COMMAND, format_version=1)
    assert not (tmp_path / "executed").exists()
