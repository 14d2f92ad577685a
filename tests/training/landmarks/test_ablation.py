"""An ablation trains its variants once, goes on where it stopped, and writes a table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.batches import CropDataset
from mien.datasets.crops.feeder import FeederConfig
from mien.errors import InputError
from mien.learning.config import TrainingConfig
from mien.progress import Progress
from mien.training.landmarks.ablation import STUDIES, changed, run_ablation
from mien.training.landmarks.config import (
    LandmarkLossConfig,
    LandmarkNetworkConfig,
    LandmarkTrainingConfig,
)

INLINE = FeederConfig(processes=0, wait_s=0.0)


@pytest.fixture
def base(crops) -> LandmarkTrainingConfig:
    return LandmarkTrainingConfig(
        crops,
        LandmarkNetworkConfig(network="resnet10_quarter", hidden=32),
        LandmarkLossConfig(opening_weight=0.0),  # the toy layout has no lids
        TrainingConfig(max_steps=2, threads=1, half_precision=False, seed=1),
    )


def test_two_variants_make_a_table(base, layout, tmp_path):
    variants = {"L2": {"loss": "l2"}, "small, plain": {"size": 32, "augmentation": False}}
    trained: list[Progress] = []

    def run():
        return run_ablation(
            base,
            variants,
            study="a few",
            out=tmp_path / "runs",
            results=tmp_path / "results",
            feeder=INLINE,
            layout=layout,
            report=trained.append,
        )

    first = run()
    assert [progress.done for progress in trained] == [1.0, 2.0]
    assert trained[-1].total == 2
    assert trained[-1].label == "small, plain: step 2"
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


def test_augmentation_is_changed_and_nothing_else(base, layout):
    tight = replace(base, crops=replace(base.crops, crop_scale=0.85))
    on, off = (
        CropDataset.of(changed(tight, {"augmentation": value}).crops, seed=1, layout=layout).augment
        for value in (True, False)
    )
    assert on == AugmentConfig.usual(crop_scale=0.85)
    assert off.warp.crop_scale == 0.85
    assert off.clean_share == 1


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_s_changes_are_known(study, base):
    variants = [changed(base, changes) for changes in STUDIES[study].values()]
    assert len({repr(training) for training in variants}) == len(STUDIES[study])


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
