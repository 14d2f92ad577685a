"""Both kinds of avatars learn a small video, are saved, resumed and driven."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.avatars.avatar import shown
from mien.avatars.avatar_training import AvatarTraining
from mien.avatars.config import AvatarConfig
from mien.avatars.driving import injection_into, read_drive, turned_camera, with_weights
from mien.avatars.files import load_avatar, save_avatar
from mien.avatars.frames import make_frames
from mien.avatars.model import AvatarModel
from mien.avatars.rig import AvatarControls, rig_of
from mien.avatars.space import head_bounds_m, space_of_head
from mien.avatars.surface_config import SurfaceAvatarConfig
from mien.avatars.surface_training import train_surface_avatar
from mien.avatars.train import train_avatar
from mien.errors import InputError
from mien.fields.config import FieldConfig
from tests.avatars.talking_head import talking_head

TINY = AvatarConfig(
    canonical=FieldConfig(
        density_components=3, color_components=4, color_features=8, color_width=16, resolutions=(16,),
        upsample_at=(), sharpening=4.0, direction_frequencies=1,
    ),
    hidden=8, deformation_code=4, appearance_code=4, steps=30, rays=256, frames_per_step=4, step_m=0.008,
)  # fmt: skip
SMALL = SurfaceAvatarConfig(texture=32, plane=16, width=6, iterations=240)


@pytest.fixture(scope="module")
def surface():
    return train_surface_avatar(talking_head(), SMALL)


@pytest.fixture(scope="module")
def fields():
    return train_avatar(talking_head(), TINY)


def _rest(avatar) -> AvatarControls:
    return AvatarControls(np.zeros(len(avatar.rig.head.expression_names)), np.zeros((2, 3)))


def test_avatars_learn(surface, fields):
    assert surface.facts.figures["psnr_db"] > 15
    assert fields.facts.figures["psnr_db"] > 10
    assert (fields.facts.frames, fields.facts.steps) == (8, 30)


@pytest.mark.parametrize("kind", ["surface", "fields"])
def test_saved_avatars_draw_the_same(kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    avatar = request.getfixturevalue(kind)
    back = load_avatar(save_avatar(avatar, tmp_path / "a.avatar"))
    controls = with_weights(avatar.rig, _rest(avatar), {"jawOpen": 0.7})
    first, second = (one.picture(controls, avatar.camera) for one in (avatar, back))
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert shown(first).std() > 10
    assert np.abs(first - avatar.picture(_rest(avatar), avatar.camera)).max() > 0.002  # it moves
    weights = tmp_path / "a.avatar" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-40])
    with pytest.raises(InputError):
        load_avatar(tmp_path / "a.avatar")


def test_the_device_is_a_choice(fields):
    on_cpu = train_avatar(talking_head(), TINY, device="cpu")
    assert on_cpu.model.device == torch.device("cpu")
    if not torch.cuda.is_available():  # where auto is the CPU as well
        first, second = (one.picture(_rest(one), one.camera) for one in (fields, on_cpu))
        np.testing.assert_array_equal(first, second)
        with pytest.raises(InputError, match="GPU"):
            train_avatar(talking_head(), TINY, device="cuda")
    with pytest.raises(InputError, match="abacus"):
        train_avatar(talking_head(), TINY, device="abacus")


def test_a_stopped_training_goes_on(tmp_path: Path):
    from mien.learning.checkpoints import CHECKPOINT_NAME

    config = replace(TINY, steps=8)
    whole = train_avatar(talking_head(), config, out=tmp_path / "whole")

    # A training told to end after a third, as one that was stopped there
    class StopError(Exception):
        pass

    def stop(progress):
        if progress.label == "step 4":
            raise StopError

    with pytest.raises(StopError):
        train_avatar(
            talking_head(), config, out=tmp_path / "part", checkpoint_minutes=0.0, report=stop, log_steps=4
        )
    assert (tmp_path / "part" / CHECKPOINT_NAME).exists()
    resumed = train_avatar(talking_head(), config, out=tmp_path / "part", resume=True)
    assert resumed.facts.steps == whole.facts.steps
    first, second = (one.picture(_rest(one), one.camera) for one in (whole, resumed))
    np.testing.assert_allclose(first, second, atol=1e-4)


@pytest.mark.parametrize("variant", ["ours", "global", "rignerf", "centroids", "paper", "nerface"])
def test_gradients_reach_what_moves(variant: str):
    """A reference implementation cut them off at the canonical field's coordinates."""
    base = replace(TINY, pretraining=0.0)
    config = AvatarConfig.variant(variant, base)
    train, _ = talking_head().split()
    rig, controls = rig_of(train, points=config.points)
    bounds_m = head_bounds_m(rig)
    space = space_of_head(rig, controls, train, bounds_m, cells=24)
    frames = make_frames(train, rig, controls, space, bounds_m)
    model = AvatarModel(config, rig, bounds_m, observed=space, frames=len(frames)).train()
    training = AvatarTraining(model, frames)
    training.prepare(5, 0.0)
    losses = training.losses(None)
    losses["color"].detach()
    losses["loss"].backward()
    network = model.fields if model.fields is not None else model.canonical.change
    assert network is not None
    gradients = [value.grad for value in network.parameters() if value.grad is not None]
    assert max(float(gradient.abs().max()) for gradient in gradients) > 0
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_a_wink_stays_where_it_is_injected(surface, fields):
    for avatar in (surface, fields):
        controls = _rest(avatar)
        injection = injection_into(avatar.rig, controls, "left_eye", {"eyeBlinkLeft": 1.0})
        plain = avatar.picture(controls, avatar.camera)
        wink = avatar.picture(controls, avatar.camera, injection=injection)
        change = np.abs(plain - wink).sum(axis=2)
        assert change.max() > 0
        eye_px = avatar.camera.project(avatar.rig.landmarks_m(controls)[42:48]).mean(axis=0)
        rows, columns = np.mgrid[: change.shape[0], : change.shape[1]]
        away = np.hypot(columns - eye_px[0], rows - eye_px[1]) > 9
        assert change[away].sum() < 0.35 * change.sum()


def test_driving_by_weights_and_turns(surface, tmp_path: Path):
    path = tmp_path / "weights.json"
    path.write_text('[{"jawOpen": 0.5}, {"eyeBlinkLeft": 1}]')
    drive = read_drive(path, surface.rig)
    names = surface.rig.head.expression_names
    assert drive.controls[0].weights[names.index("jawOpen")] == 0.5
    assert len(drive.controls) == len(drive.turns) == 2
    csv = tmp_path / "face.csv"
    shapes = [name[:1].upper() + name[1:] for name in names]
    header = ["Timecode", "BlendShapeCount", *shapes]
    numbers = ["00:00:00:00.000", "61", *["0.25"] * len(names), "0.1", "0", "0"]
    csv.write_text(",".join([*header, "HeadYaw", "HeadPitch", "HeadRoll"]) + "\n" + ",".join(numbers))
    recorded = read_drive(csv, surface.rig)
    np.testing.assert_allclose(recorded.controls[0].weights, 0.25)
    np.testing.assert_allclose(turned_camera(surface.camera, np.eye(3)).camera_from_world,
                               surface.camera.camera_from_world)  # fmt: skip
    path.write_text('{"jawOpen": "wide"}')
    with pytest.raises(InputError, match="jawOpen"):
        read_drive(path, surface.rig)
    with pytest.raises(InputError, match="smirk"):
        with_weights(surface.rig, _rest(surface), {"smirk": 1.0})
