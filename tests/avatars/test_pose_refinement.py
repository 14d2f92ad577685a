"""Poses refined by colours: nearer to the truth than what they were told, on held-out frames too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.avatars.dataset import AvatarData
from mien.avatars.pose_refinement import refine_poses
from mien.avatars.rig import rig_of
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.avatars.talking_head import talking_head


def _shaken(data: AvatarData) -> AvatarData:
    rng = np.random.default_rng(0)
    poses = data.camera_from_skull.copy()
    for pose in poses:
        pose[:3, :3] = pose[:3, :3] @ matrix_from_rotation_vector(np.radians(0.5) * rng.standard_normal(3))
        pose[:3, 3] += 0.0015 * rng.standard_normal(3)
    return replace(data, camera_from_skull=poses)


def _errors_px(data: AvatarData, truth: AvatarData) -> np.ndarray:
    """(F,) of the face's points, less what is the same on all frames."""
    rig, controls = rig_of(truth, points=1)
    off = np.stack([
        data.camera(row).project(rig.landmarks_m(controls[row]))
        - truth.camera(row).project(rig.landmarks_m(controls[row]))
        for row in range(len(data))
    ])  # fmt: skip
    return np.sqrt(((off - off.mean(axis=0)) ** 2).sum(axis=2).mean(axis=1))


def test_poses_come_nearer_to_the_truth():
    truth = talking_head(10, 96)
    shaken = _shaken(truth)
    refined = refine_poses(shaken)
    before, after = _errors_px(shaken, truth), _errors_px(refined, truth)
    assert before.mean() > 0.4
    assert after[~truth.test].mean() < 0.5 * before[~truth.test].mean()
    assert after[truth.test].mean() < 0.5 * before[truth.test].mean()


def test_brightness_of_a_frame_moves_nothing():
    truth = talking_head(6, 96)
    rgba = truth.rgba.copy()
    rgba[2, ..., :3] = np.rint(0.6 * rgba[2, ..., :3] + 20)
    plain, darker = refine_poses(truth), refine_poses(replace(truth, rgba=rgba))
    assert np.abs(plain.camera_from_skull[2] - darker.camera_from_skull[2]).max() < 3e-3
    np.testing.assert_array_equal(darker.rgba, rgba)


def test_held_out_frames_have_no_say_in_the_others():
    truth = talking_head(10, 64)
    rgba = truth.rgba.copy()
    rgba[truth.test, ..., :3] = 255 - rgba[truth.test, ..., :3]
    plain, other = refine_poses(truth), refine_poses(replace(truth, rgba=rgba))
    learned = ~truth.test
    np.testing.assert_array_equal(plain.camera_from_skull[learned], other.camera_from_skull[learned])


def test_where_no_skin_is_known_poses_stay():
    truth = talking_head(6, 32)
    unknown = replace(truth, known=np.zeros_like(truth.known))
    np.testing.assert_array_equal(refine_poses(unknown).camera_from_skull, truth.camera_from_skull)


def test_the_outline_tells_how_large_a_head_is():
    """Where the skin is of one colour; only half of it, since mattes err."""
    truth = talking_head(10, 96)
    rgba = truth.rgba.copy()
    rgba[..., :3] = 128
    poses = truth.camera_from_skull.copy()
    poses[-1, 2, 3] *= 0.97  # too near, and so too large
    refined = refine_poses(replace(truth, rgba=rgba, camera_from_skull=poses))
    assert abs(refined.camera_from_skull[-1, 2, 3] - 0.8) < 0.6 * 0.03 * 0.8
    off_m = refined.camera_from_skull[:-1, 2, 3] - truth.camera_from_skull[:-1, 2, 3]
    assert np.abs(off_m).max() < 0.008
