"""An ablation trains its variants once, goes on where it stopped, and writes a table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.feeder import FeederConfig
from mien.errors import InputError
from mien.training.landmarks.ablation import STUDIES, Training, run_ablation
from mien.training.landmarks.loop import LandmarkTrainingConfig
from mien.training.landmarks.networks import LandmarkNetworkConfig

INLINE = FeederConfig(processes=0, wait_s=0.0)


@pytest.fixture
def base(plan, layout) -> Training:
    network = LandmarkNetworkConfig(
        network="resnet10_quarter", landmarks=len(layout), input_size=64, hidden=32
    )
    return Training(plan, network, LandmarkTrainingConfig(max_steps=2, threads=1, half_precision=False))


def test_two_variants_make_a_table(base, tmp_path):
    variants = {"L2": {"loss": "l2"}, "small, plain": {"size": 32, "augmentation": False}}
    trained: list[str] = []

    def run():
        return run_ablation(
            base,
            variants,
            study="a few",
            out=tmp_path / "runs",
            results=tmp_path / "results",
            feeder=INLINE,
            report=lambda name, progress: trained.append(name),
        )

    first = run()
    assert [result.name for result in first] == list(variants)
    assert all(result.steps == 2 and result.faces == 16 for result in first)
    assert all(0 < result.figures["hard"]["nme_face"] < 0.6 for result in first)
    assert "--loss l2" in first[0].command
    assert "--size 32" in first[1].command
    assert "--no-augmentation" in first[1].command
    text = (tmp_path / "results" / "ablation-a-few.md").read_text()
    assert [line.count("|") for line in text.splitlines() if line.startswith("|")] == [12] * 4
    stored = json.loads((tmp_path / "results" / "ablation-a-few.json").read_text())
    assert [variant["changes"] for variant in stored["variants"]] == list(variants.values())
    assert (tmp_path / "runs" / "small-plain" / "network.card.json").exists()
    trained.clear()
    again = run()
    assert trained == []
    assert [result.figures for result in again] == [result.figures for result in first]


def test_augmentation_is_changed_and_nothing_else(base):
    tight = replace(base, plan=replace(base.plan, options=AugmentConfig.usual(crop_scale=0.85)))
    on, off = (tight.changed({"augmentation": value}).plan.options for value in (True, False))
    assert on == tight.plan.options
    assert off.warp.crop_scale == 0.85
    assert off.clean_share == 1


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_s_changes_are_known(study, base):
    changed = [base.changed(changes) for changes in STUDIES[study].values()]
    assert len({repr(training) for training in changed}) == len(STUDIES[study])


def test_an_unknown_change_is_named_before_anything_trains(base, tmp_path):
    with pytest.raises(InputError, match="colour"):
        run_ablation(
            base,
            {"a": {}, "b": {"colour": 1}},
            study="x",
            out=tmp_path / "runs",
            results=tmp_path / "results",
        )
    assert not (tmp_path / "runs").exists()
