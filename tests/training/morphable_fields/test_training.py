"""Morphable models learn, go on where they stopped, and become files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mien.evaluation.fields.morphable_pictures import face_of_landmarks, face_of_person, measure_model
from mien.heads.library import load_head
from mien.morphable_fields.config import CodeNetworkConfig, SurfaceNetworkConfig
from mien.morphable_fields.model_files import read_model
from mien.synthetic.expressive_people.pictures import LEARNED, UNSEEN_VIEW, save_people
from mien.training.morphable_fields.config import MorphableTrainingConfig
from mien.training.morphable_fields.export import export_model
from mien.training.morphable_fields.picture_rays import PictureRays
from mien.training.morphable_fields.training import train_morphable_field, trained_model
from tests.training.morphable_fields.few_people import few_people


@pytest.fixture
def config(tmp_path) -> MorphableTrainingConfig:
    usual = MorphableTrainingConfig(
        people=save_people(few_people(), tmp_path / "people.npz"),
        rays=96,
        pictures=2,
        samples=6,
        surface=SurfaceNetworkConfig(plane_size=8, plane_channels=2, width=16, layers=2),
        codes=CodeNetworkConfig(coarse_width=8, fine_width=16, texture_size=16, texture_channels=8),
    )
    quick = replace(usual.training, max_steps=40, threads=1, learning_rate=5e-3, half_precision=False)
    return replace(usual, training=replace(quick, average_decay=0.5, log_steps=5))


@pytest.mark.parametrize("model", ["surface", "codes", "shape-landmarks", "landmarks"])
def test_the_loss_falls(config, model, tmp_path):
    import json

    train_morphable_field(replace(config, model=model), out=tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.8 * losses[0]


def test_an_interrupted_training_ends_as_one_that_was_not(config, tmp_path):
    whole = train_morphable_field(config, out=tmp_path / "whole")
    half = replace(config, training=replace(config.training, max_steps=20))
    train_morphable_field(half, out=tmp_path / "parts")
    # the schedule is of the whole: a cut one would have another rate, so compare a resumed whole
    parts = train_morphable_field(config, out=tmp_path / "parts", resume=True)
    assert parts.step == whole.step == 40
    assert parts.tensors["network"].keys() == whole.tensors["network"].keys()


def test_a_trained_model_shows_its_people_better_than_at_rest(config, tmp_path):
    longer = replace(config, training=replace(config.training, max_steps=150))
    checkpoint = train_morphable_field(longer, out=tmp_path / "run")
    people = few_people()
    views = people.of_kind(UNSEEN_VIEW)
    model = trained_model(checkpoint)
    told = measure_model("d", model, people, views, face_of=face_of_person)
    alone = measure_model("d", model, people, views, face_of=face_of_landmarks)
    static = measure_model("d", model, people, views, static=True)
    assert told.mean("whole_db") > 25
    assert told.mean("whole_db") > static.mean("whole_db") + 0.4  # a jaw is open, of a head in one colour
    assert alone.mean("whole_db") > 14
    card = export_model(tmp_path / "run" / "checkpoint.pt", tmp_path / "mine.safetensors")
    assert "mien synth people" in card.read_text()
    again = read_model(tmp_path / "mine.safetensors")
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=2e-3, atol=2e-3)


def test_rays_meet_what_pictures_show():
    people = few_people()
    rays = PictureRays(people, load_head(), kind=LEARNED, device=torch.device("cpu"))
    drawn = rays.draw(
        torch.tensor([0, 1]), 400, near_landmarks=0.6, generator=torch.Generator().manual_seed(0)
    )
    assert not torch.isnan(drawn.hit_m).any()
    ends_m = drawn.rays.at(drawn.hit_m[:, None])[:, 0]
    assert float(ends_m.norm(dim=1).max()) < 0.3
    on_head = drawn.rgba[:, 3] > 0.5
    assert on_head.float().mean() > 0.7
    landmarks_m = rays.landmarks_m[drawn.pictures[drawn.picture]]
    near = (landmarks_m - ends_m[:, None]).norm(dim=2).min(dim=1).values < 0.02
    assert near.float().mean() > 0.55
    assert np.isclose(drawn.rays.directions.norm(dim=1), 1, atol=1e-5).all()
