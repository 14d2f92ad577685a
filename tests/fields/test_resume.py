"""A field's training that was stopped goes on to the field that it would have become at once."""

from __future__ import annotations

import json
import multiprocessing
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.commands.app import INTERRUPTED, main
from mien.commands.field import train as command
from mien.errors import InputError
from mien.fields import field_training
from mien.fields.config import FieldConfig
from mien.fields.field_training import FieldSchedule
from mien.fields.files import load_field
from mien.fields.radiance_field import RadianceField
from mien.fields.train import train_field
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint, read_checkpoint
from mien.progress import Progress
from tests.fields import killed
from tests.fields.scenes import RADII_M, egg_scene, write_scene

SCENE = egg_scene(6, 20)
BOUNDS_M = np.stack([-1.2 * RADII_M, 1.2 * RADII_M])
TINY = FieldConfig(
    density_components=3,
    color_components=4,
    color_width=16,
    resolutions=(8, 12),
    upsample_at=(0.55,),
    iterations=66,
    rays_per_step=256,
)


def train(config: FieldConfig | None, **options: object) -> RadianceField:
    return train_field(SCENE, config, bounds_m=BOUNDS_M, **options)  # type: ignore[arg-type]


def checkpoint_in(folder: Path) -> Checkpoint:
    return read_checkpoint(folder / CHECKPOINT_NAME, kind="field", command="x")


def assert_same(one: RadianceField, other: RadianceField) -> None:
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert torch.equal(one.occupancy.cells, other.occupancy.cells)
    facts, others = one.facts.training, other.facts.training
    assert replace(facts, seconds=0.0) == replace(others, seconds=0.0)


def interrupted(step: int, folder: Path, config: FieldConfig | None, **options: object) -> None:
    """Train as far as a step, where Ctrl-C is pressed."""

    def stop(progress: Progress) -> None:
        if progress.label == f"step {step}":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        # with a checkpoint, and so a report, after every step
        train(config, out=folder, checkpoint_minutes=0.0, report=stop, **options)
    assert checkpoint_in(folder).step == step


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"representation": "cp", "density_activation": "softplus", "pixel_rays_each_way": 1},
        {"background": "environment", "distortion": 0.01, "smoothness": 0.01},
    ],
    ids=["vm", "cp", "environment"],
)
def test_interrupted_and_resumed_is_trained_at_once(changes: dict[str, object], tmp_path: Path):
    """Before the resolution changes (at step 36), and after rays were measured anew (at 60)."""
    config = replace(TINY, **changes)  # type: ignore[arg-type]
    whole = train(config)
    interrupted(21, tmp_path, config)
    with pytest.raises(InputError, match="--resume"):
        train(config, out=tmp_path)
    interrupted(62, tmp_path, config, resume=True)
    assert_same(train(None, out=tmp_path, resume=True), whole)  # the checkpoint knows the settings
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [*range(1, 63), 66]
    # what is finished is not trained again
    assert_same(train(config, out=tmp_path, resume=True), whole)


def test_a_refinement_goes_on_too(tmp_path: Path):
    old = train(replace(TINY, iterations=20))
    refinement = replace(TINY, background="white").for_refinement(iterations=40)
    whole = train(refinement, start_from=old)
    interrupted(30, tmp_path, refinement, start_from=old)
    assert_same(train(None, out=tmp_path, resume=True), whole)


def test_patience_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field_training, "CHECK_EVERY", 8)
    config = replace(TINY, iterations=300, resolutions=(6,), upsample_at=(), patience=1, rays_per_step=64)
    whole = train(config)
    assert 24 < whole.facts.training.iterations < 300
    interrupted(21, tmp_path, config)
    assert_same(train(config, out=tmp_path, resume=True), whole)


def test_other_pictures_and_settings_are_named(tmp_path: Path):
    interrupted(3, tmp_path, TINY)
    with pytest.raises(InputError, match="color_width 16, not 8"):
        train(replace(TINY, color_width=8), out=tmp_path, resume=True)
    with pytest.raises(InputError, match="other pictures"):
        train_field(SCENE.pick([0, 1, 2, 3]), out=tmp_path, resume=True)
    with pytest.raises(InputError, match="mien field train"):
        train(TINY, out=tmp_path / "none", resume=True)
    with pytest.raises(InputError, match="folder"):
        train(TINY, resume=True)
    checkpoint = checkpoint_in(tmp_path)
    replace(checkpoint, kind="landmarks").save(tmp_path / CHECKPOINT_NAME)
    with pytest.raises(InputError, match=r"another training \(landmarks\)"):
        train(TINY, out=tmp_path, resume=True)


def test_minutes_are_the_most_that_a_training_takes():
    schedule = FieldSchedule(replace(TINY, iterations=100), max_minutes=1.0)
    assert schedule.share(50, 6.0) == schedule.share(0, 30.0) == 0.5
    assert schedule.share(3, 60.0) == schedule.share(100, 0.0) == 1.0
    assert schedule.stage(10, 20.0, present=0) == 0
    assert schedule.stage(10, 40.0, present=0) == schedule.stage(55, 0.0, present=0) == 1
    field = train(replace(TINY, iterations=100_000), max_minutes=0.01)
    assert field.facts.training.iterations < 100_000
    assert field.resolution == 12
    start = RadianceField(TINY, BOUNDS_M).density_per_activation
    assert field.density_per_activation == pytest.approx(TINY.sharpening * float(start), rel=1e-4)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    train(replace(TINY, iterations=3))
    assert list(tmp_path.iterdir()) == []


def test_a_training_killed_at_random_moments_ends_as_if_nothing_had_been(tmp_path: Path):
    """Ten kills that no program can catch, wherever they hit: in a step, in writing a checkpoint."""
    config, rng = replace(TINY, iterations=200), np.random.default_rng(7)
    # its children start from a process that has loaded torch already
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fields.killed"])
    steps = []
    for kill in range(11):
        trains = context.Event()
        child = context.Process(target=killed.train, args=(SCENE, BOUNDS_M, config, tmp_path, trains))
        child.start()
        if kill < 10:
            assert trains.wait(60)
            time.sleep(rng.uniform(0.0, 0.2))
            child.kill()
        child.join(60)
        steps.append(checkpoint_in(tmp_path).step)
    assert child.exitcode == 0
    assert steps == sorted(steps)
    assert 0 < steps[0] < steps[-1] == 200
    trained = load_field(tmp_path / "egg.field")
    assert_same(trained, train(config))
    assert not list(tmp_path.glob(".*part*"))


def test_the_command_goes_on(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    scene, out = write_scene(tmp_path / "egg", SCENE), tmp_path / "egg.field"
    arguments = ["field", "train", str(scene), "--out", str(out), "--preset", "draft"]
    arguments += ["--iterations", "60", "--resolutions", "8", "12", "--rays-per-step", "256"]
    bar = command.training_bar

    def interrupting(label, **options):
        def report(progress: Progress) -> None:
            raise KeyboardInterrupt

        context = bar(label, **options)
        context.gen = _with_report(context.gen, report)
        return context

    with monkeypatch.context() as patched:
        patched.setattr(command, "training_bar", interrupting)
        assert main(arguments) == INTERRUPTED
    assert "--resume" in capsys.readouterr().err
    folder = tmp_path / "egg.field.training"
    assert checkpoint_in(folder).step == 50
    assert main(arguments) == 1
    assert "--resume" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 0
    assert load_field(out).facts.training.iterations == 60
    assert not folder.exists()


def _with_report(generator, report):
    """A bar that shows nothing and stops the training at its first report."""
    next(generator)
    try:
        yield report
    except KeyboardInterrupt as error:
        generator.throw(error)
