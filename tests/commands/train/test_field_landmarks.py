"""`mien train field-landmarks`: its steps one after the other, on a store of small volumes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mien.commands.train import run
from mien.learning.checkpoints import CHECKPOINT_NAME
from mien.training.landmarks_in_fields.checkpoints import network_config, read_checkpoint
from tests.synthetic.volumes.plain_volumes import *  # noqa: F403  (its fixtures)

SMALL = ["--size", "8", "--width", "4", "--features", "32", "--batch", "3", "--max-steps", "1"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_coarse_fine_and_export_hand_over_to_each_other(store: Path, tmp_path: Path, capsys):
    def called(*arguments: object) -> str:
        assert run(["field-landmarks", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    coarse, fine = tmp_path / "coarse" / CHECKPOINT_NAME, tmp_path / "fine" / CHECKPOINT_NAME
    said = called("coarse", "--volumes", store, "--out", coarse.parent, *SMALL)
    assert f"next: mien train field-landmarks fine --coarse {coarse}" in said
    both = ["--volumes", store, "--coarse", coarse, "--out", fine.parent, *SMALL]
    assert f"export --coarse … --fine {fine}" in called("fine", *both, "--no-local", "--boxes", "1")
    config = network_config(read_checkpoint(fine))
    assert (config.stage, config.boxes, config.local, config.size) == ("fine", 1, False, 8)
    out = tmp_path / "pair.safetensors"
    assert str(out) in called("export", "--coarse", coarse, "--fine", fine, "--out", out)
    assert out.with_suffix(".card.json").exists()


def test_steps_ask_for_what_they_need(capsys):
    assert run(["field-landmarks"]) == 2
    assert "trained-volumes" in capsys.readouterr().out
    for step, option in (("volumes", "--assets"), ("coarse", "--volumes"), ("export", "--fine")):
        with pytest.raises(SystemExit):
            run(["field-landmarks", step, "--out", "x"])
        assert option in capsys.readouterr().err
