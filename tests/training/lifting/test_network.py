"""The lifting network: geometry of its answers, losses, start and training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.datasets.lifting.encoded_lifts import EncodedLifts, joined, lift_shard_path
from mien.datasets.lifting.labels import PseudoLabels
from mien.files import write_text
from mien.geometry.rotations import matrix_from_rotation_vector, random_rotation
from mien.learning.config import TrainingConfig
from mien.lifting.camera_space import CameraSpace
from mien.training.lifting.batches import ViewSamples
from mien.training.lifting.config import LiftingNetworkConfig, LiftingTrainingConfig, SizedLiftingConfig
from mien.training.lifting.encoders import FrozenEncoder
from mien.training.lifting.linear_start import start_linear
from mien.training.lifting.losses import laplacian_log_likelihood
from mien.training.lifting.network import LiftingNetwork, project, to_sphere_m
from mien.training.lifting.rotation6d import geodesic_rad, rotation_from_6d
from mien.training.lifting.standardisation import standardise
from mien.training.lifting.training import DecaySchedule, train_lifting

LANDMARKS, POINTS = 6, 20
SMALL = {"width": 8, "heads": 2, "blocks": 2, "summary": 8, "point_tokens": 2}
SIZED = SizedLiftingConfig(
    **SMALL, landmarks=LANDMARKS, points=POINTS, first_points=POINTS, maps=((4, 2, 2),)
)
TEMPLATE_M = np.random.default_rng(0).normal(0, 0.04, (LANDMARKS, 3)) + [0, 0, 0.05]
SHAPE_M = np.random.default_rng(1).normal(0, 0.05, (POINTS, 3)) + [0, 0, 0.05]


def samples(count: int, *, seed: int = 0, people: int = 40) -> tuple[EncodedLifts, PseudoLabels]:
    """Crops of people who differ in one thing, which the "encoder" points show."""
    rng, space = np.random.default_rng(seed), CameraSpace()
    who = rng.normal(size=people)
    labels_m = TEMPLATE_M[None] + 0.01 * who[:, None, None] * np.ones((1, LANDMARKS, 1)) * [0.0, 1.0, 0.5]
    rotations, shifts, points = [], [], []
    latents = rng.integers(0, people, count)
    for latent in latents:
        rotation = space.rotation(rng.uniform(-0.4, 0.4), rng.uniform(-0.2, 0.2), rng.uniform(-0.3, 0.3))
        shift = space.to_sphere_m(rotation) + rng.uniform(-0.02, 0.02, 3)
        shape_m = SHAPE_M + 0.01 * who[latent] * np.array([0.0, 1.0, 0.5]) * (np.arange(POINTS)[:, None] % 2)
        local = shape_m @ rotation.T + shift
        at = 2 * space.focal * local[:, :2] / local[:, 2:]
        points.append(np.column_stack([(at + 1) * 96, local[:, 2] * 100]))
        rotations.append(rotation)
        shifts.append(shift)
    lifts = EncodedLifts(
        points=np.stack(points).astype(np.float32),
        features=np.zeros((count, 16), np.float16),
        latents=latents.astype(np.int64),
        mirrored=np.zeros(count, bool),
        rotation=np.stack(rotations).astype(np.float32),
        translation_m=np.stack(shifts).astype(np.float32),
        jpeg=np.zeros(count, np.uint8),
        starts=np.arange(count + 1),
    )
    labels = PseudoLabels(
        latents=np.arange(people),
        points_m=labels_m.astype(np.float32),
        rms_px=np.zeros(people, np.float32),
        views=np.full((people, LANDMARKS), 5),
        exact_m=labels_m.astype(np.float32),
        common_from_world=np.tile(np.eye(3, 4), (people, 1, 1)),
        template_m=labels_m.mean(axis=0),
        normals=np.tile([0.0, 0.0, 1.0], (LANDMARKS, 1)),
        set_name="mine",
        detector="exact",
    )
    return lifts, labels


def test_six_numbers_are_a_rotation_and_all_rotations():
    rng = np.random.default_rng(2)
    turns = torch.tensor(np.stack([random_rotation(rng, largest_rad=3.0) for _ in range(5)])).float()
    six = torch.cat([2.0 * turns[:, :, 0], 0.5 * turns[:, :, 1] + turns[:, :, 0]], 1)
    torch.testing.assert_close(rotation_from_6d(six), turns, atol=1e-5, rtol=0)
    half = torch.tensor(matrix_from_rotation_vector(np.array([0.0, 0.5, 0.0]))).float()[None]
    assert float(geodesic_rad(half, torch.eye(3)[None])) == pytest.approx(0.5, abs=1e-4)


def test_the_likelihood_is_that_of_a_laplacian_with_this_covariance():
    cholesky = torch.tensor([[[np.log(0.3), 0.1, np.log(0.2)]]], dtype=torch.float64)
    error = torch.tensor([[[0.4, -0.2]]], dtype=torch.float64)
    factor = np.array([[0.3, 0], [0.1, 0.2]])
    covariance = factor @ factor.T
    e = np.array([0.4, -0.2])
    expected = 0.5 * np.log(np.linalg.det(covariance)) + np.sqrt(3 * e @ np.linalg.inv(covariance) @ e)
    assert float(laplacian_log_likelihood(error, cholesky)) == pytest.approx(expected, rel=1e-6)


def test_landmarks_are_projected_as_cameras_do():
    space = CameraSpace()
    camera = space.camera(0.5, 0.2, roll_rad=0.1, size_px=192)
    points_m = TEMPLATE_M
    seen = project(
        torch.tensor(points_m)[None],
        torch.tensor(camera.camera_from_world[None, :3, :3]),
        torch.tensor(camera.camera_from_world[None, :3, 3]),
        focal=space.focal,
    )[0].numpy()
    np.testing.assert_allclose((seen + 1) * 96 - 0.5, camera.project(points_m), atol=1e-6)
    rotation = torch.tensor(camera.camera_from_world[None, :3, :3])
    sphere_m = to_sphere_m(rotation, torch.tensor(space.look_at_m, dtype=torch.float64), space.radius_m)
    np.testing.assert_allclose(sphere_m[0], space.to_sphere_m(camera.camera_from_world[:3, :3]), atol=1e-7)


def fresh() -> tuple[LiftingNetwork, ViewSamples]:
    torch.manual_seed(0)
    lifts, labels = samples(600)
    network = LiftingNetwork(SIZED)
    network.template_m.copy_(torch.from_numpy(labels.template_m))
    at_m = lifts.rotation @ np.array(CameraSpace().look_at_m, np.float32) + lifts.translation_m
    standardise(network, lifts.points, lifts.features, at_m[:, 2])
    return network, ViewSamples(lifts, labels, mirror=None)


def test_a_crop_turned_in_its_plane_turns_the_camera_and_keeps_the_face():
    network, views = fresh()
    network.eval()
    points, features = views.inputs(np.arange(4))
    cosine, sine = np.cos(0.4), np.sin(0.4)
    turn = torch.tensor([[cosine, -sine], [sine, cosine]], dtype=torch.float32)
    turned = points.clone()
    turned[..., :2] = (points[..., :2] - 96) @ turn.T + 96
    # what is told of the frame itself must not leak into the rest
    with torch.no_grad():
        for layer in (network.linear, network.encoder.rectified):
            layer.weight[:, 3 * POINTS : 3 * POINTS + 5] = 0
        first, second = network(points, features), network(turned, features)
    torch.testing.assert_close(first.points_m, second.points_m, atol=1e-5, rtol=0)
    torch.testing.assert_close(first.points @ turn.T, second.points, atol=2e-3, rtol=0)


def test_vectors_tell_of_the_whole_face_and_maps_become_tokens():
    config = SizedLiftingConfig(
        **SMALL,
        landmarks=LANDMARKS,
        points=POINTS,
        first_points=POINTS,
        depth=False,
        maps=((4, 2, 2), (3, 10, 1), (5, 1, 1)),
    )
    encoder = FrozenEncoder(config).eval()
    encoder.reference.copy_(torch.randn(POINTS, 2))
    assert encoder.input_count == 2 * POINTS + 5 + 5
    points, features = torch.rand(2, POINTS, 3), torch.rand(2, 16 + 30 + 5)
    face = encoder(points, features)
    # four cells, ten places as two tokens of neighbours, and those of the whole face
    assert face.tokens.shape == (2, 4 + 2 + config.point_tokens, config.width)
    changed = features.clone()
    changed[:, 16 + 2] += 1.0  # the third place's first number: its first token alone
    other = encoder(points, changed)
    torch.testing.assert_close(other.inputs, face.inputs)
    moved = (other.tokens - face.tokens).abs().amax(dim=(0, 2)) > 0
    assert moved.tolist() == [False] * (config.point_tokens + 4) + [True, False]
    changed = features.clone()
    changed[:, -1] += 1.0  # a vector's number
    assert not torch.equal(encoder(points, changed).inputs, face.inputs)


def test_the_encoder_calls_faces_upright_as_the_crops_show_them():
    network, views = fresh()
    points, features = views.inputs(np.arange(len(views)))
    _, roll, _, _ = network.encoder.raw(points, features)
    assert abs(float(torch.atan2(*roll.mean(0).flip(0)))) < 0.02


def test_a_linear_start_sees_what_is_linear():
    network, views = fresh()
    start_linear(network, views)
    with torch.no_grad():
        network.direct.weight.zero_()
    batch = views.batch(np.arange(200))
    with torch.no_grad():
        output = network.eval()(*batch.inputs)
    away = (output.points_m - batch.points_m).square().sum()
    usual = (network.template_m - batch.points_m).square().sum()
    assert float(away) < 0.2 * float(usual)
    assert float(torch.rad2deg(geodesic_rad(output.rotation, batch.rotation)).mean()) < 4
    assert (
        float(
            (output.points - project(batch.points_m, batch.rotation, batch.translation_m, focal=3.2))
            .abs()
            .mean()
        )
        < 0.03
    )


def test_mirrored_crops_have_mirrored_labels():
    lifts, labels = samples(4)
    mirrored = EncodedLifts(**{**vars(lifts), "mirrored": np.ones(4, bool)})
    partner = np.array([1, 0, 2, 4, 3, 5])
    views = ViewSamples(mirrored, labels, mirror=partner)
    plain = ViewSamples(lifts, labels, mirror=partner)
    rows = np.arange(4)
    np.testing.assert_allclose(
        views.labels_m(rows), plain.labels_m(rows)[:, partner] * np.array([-1, 1, 1], np.float32)
    )
    assert len(ViewSamples(mirrored, labels, mirror=None)) == 0


def test_the_rate_falls_to_nine_tenths_so_many_times():
    schedule = DecaySchedule(TrainingConfig(max_steps=100, warm_up=0.0), decays=10, first_steps=20)
    rates = [schedule.rate(step, 0.0) for step in range(100)]
    assert rates[0] == 1
    assert rates[19] < 0.07
    assert rates[20] == 1
    assert rates[99] == pytest.approx(0.9**9)
    assert len(set(rates[20:])) == 10


def written(folder: Path) -> LiftingTrainingConfig:
    lifts, labels = samples(300)
    (folder / "views").mkdir()
    joined([lifts.rows(np.arange(150)), lifts.rows(np.arange(150, 300))]).save(
        lift_shard_path(folder / "views", Path("views-000000.npz"))
    )
    labels.save(folder / "labels.npz")
    manifest = (
        '{"encoders": ["fake"], "points": 20, "first_points": 20, "features": 16, "maps": [[4, 2, 2]], '
        '"views": []}'
    )
    write_text(folder / "views" / "manifest.json", manifest)
    return LiftingTrainingConfig(
        views=(folder / "views",),
        labels=folder / "labels.npz",
        held_out=8,
        batch=8,
        summary_steps=4,
        summary_batch=16,
        network=LiftingNetworkConfig(**SMALL),
        training=TrainingConfig(max_steps=8, learning_rate=1e-3, threads=1, half_precision=False),
    )


def test_training_resumes_where_it_stopped(tmp_path: Path):
    from dataclasses import replace

    config = written(tmp_path)
    whole = train_lifting(config, out=tmp_path / "whole")
    assert whole.step == 8
    assert whole.figures["held_out"]["explained"] > 0.3
    # stopped after six steps of the same course, each of which leaves a checkpoint
    half = replace(config, training=replace(config.training, checkpoint_minutes=0.0, log_steps=1))
    from mien.training.lifting import training as module

    original = module.LiftingTraining.prepare

    def prepare(self: module.LiftingTraining, step: int, elapsed_s: float) -> None:
        if step == 6:
            raise KeyboardInterrupt
        original(self, step, elapsed_s)

    module.LiftingTraining.prepare = prepare
    try:
        with pytest.raises(KeyboardInterrupt):
            train_lifting(half, out=tmp_path / "half")
    finally:
        module.LiftingTraining.prepare = original
    resumed = train_lifting(half, out=tmp_path / "half", resume=True)
    assert resumed.step == 8
    for name, value in whole.tensors["network"].items():
        torch.testing.assert_close(resumed.tensors["network"][name], value, atol=0, rtol=0)
