"""Framing, pose and identity of random scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.gaze import eye_rotations
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.landmarks.region import region_from_points
from mien.synthetic.scenes.drawn_face import LABEL_SET
from mien.synthetic.scenes.scene import Scene, random_identity, random_pose, random_scene
from tests.toy_head import toy_head

SIZE_PX = 160
SEEDS = range(40)


@pytest.fixture(scope="module")
def landmark_head() -> Head:
    return load_head().subset(load_head().landmark_set(LABEL_SET).vertices)


@pytest.fixture(scope="module")
def scenes(landmark_head: Head) -> list[Scene]:
    return [
        random_scene(load_head(), landmark_head, np.random.default_rng(seed), size_px=SIZE_PX)
        for seed in SEEDS
    ]


def test_face_has_the_size_and_place_it_was_given(scenes: list[Scene], landmark_head: Head):
    for scene in scenes:
        points_px = scene.camera.project(landmark_head.vertices_m(scene.parameters))
        region = region_from_points(points_px, LABEL_SET)
        assert 0.5 < scene.face_side < 0.8
        assert region.side_px / SIZE_PX == pytest.approx(scene.face_side, rel=0.02)
        assert np.abs(region.center_px - (SIZE_PX - 1) / 2).max() < 0.055 * SIZE_PX


def test_whole_head_is_in_front_of_the_camera(scenes: list[Scene]):
    head = load_head()
    for scene in scenes[:8]:
        depth_m = scene.camera.to_camera(head.vertices_m(scene.parameters))[:, 2]
        assert depth_m.min() > 0.05
        distance_m = -scene.parameters.root_translation_m[2]
        # the clip planes
        assert max(0.05, distance_m - 0.35) < depth_m.min() < depth_m.max() < distance_m + 0.5


def test_distances_range_from_selfies_to_telephoto(scenes: list[Scene]):
    distance_m = np.array([-s.parameters.root_translation_m[2] for s in scenes])
    assert 0.25 <= distance_m.min() < 0.4  # the head's origin is 0.1 m behind the face
    assert 2.0 < distance_m.max() <= 5.1
    # the face fills the picture anyway: the focal length grows with the distance
    focal_px = np.array([s.camera.focal_px for s in scenes])
    assert np.corrcoef(distance_m, focal_px)[0, 1] > 0.9


def test_a_seed_gives_a_scene(scenes: list[Scene], landmark_head: Head):
    again = random_scene(load_head(), landmark_head, np.random.default_rng(SEEDS[3]), size_px=SIZE_PX)
    np.testing.assert_array_equal(again.parameters.identity, scenes[3].parameters.identity)
    np.testing.assert_array_equal(again.camera.intrinsics, scenes[3].camera.intrinsics)
    assert again.pose == scenes[3].pose


def _nose_share_of_level_face(scene: Scene) -> float:
    """Where the nose's tip lies between the eyes (0) and the mouth (1) in the picture without pitch."""
    head, pose = load_head(), scene.pose
    turn = matrix_from_rotation_vector(np.array([0, 0, -pose.roll_rad])) @ matrix_from_rotation_vector(
        np.array([0, pose.yaw_rad, 0])
    )
    level = replace(scene.parameters, root_rotation=rotation_vector_from_matrix(turn))
    points_px = scene.camera.project(head.vertices_m(level)[head.landmark_set("ict68").vertices])
    eyes_y, mouth_y = points_px[36:48, 1].mean(), points_px[48:68, 1].mean()
    return float((points_px[30, 1] - eyes_y) / (mouth_y - eyes_y))


def test_pose_means_what_it_says(scenes: list[Scene]):
    head = load_head()
    ict68 = head.landmark_set("ict68").vertices
    checked = {"yaw": 0, "pitch": 0, "roll": 0}
    for scene in scenes:
        pose = scene.pose
        points_px = scene.camera.project(head.vertices_m(scene.parameters)[ict68])
        eyes, mouth = points_px[36:48].mean(axis=0), points_px[48:68].mean(axis=0)
        nose = points_px[30]
        if abs(pose.yaw_rad) > 0.6 and abs(pose.roll_rad) < 0.3:
            # the subject's left is the picture's right
            assert np.sign(nose[0] - (eyes[0] + mouth[0]) / 2) == np.sign(pose.yaw_rad)
            checked["yaw"] += 1
        if abs(pose.roll_rad) > 0.25 and abs(pose.yaw_rad) < 0.5:
            # clockwise: up points to the picture's right
            assert np.sign(eyes[0] - mouth[0]) == np.sign(pose.roll_rad)
            checked["roll"] += 1
        forward = -np.sin(pose.pitch_rad)
        if abs(pose.pitch_rad) > 0.35 and abs(pose.yaw_rad) < 0.5 and abs(pose.roll_rad) < 0.4:
            # looking up brings the nose nearer to the eyes than it is on the same person's level face
            share = (nose[1] - eyes[1]) / (mouth[1] - eyes[1])
            assert np.sign(share - _nose_share_of_level_face(scene)) == np.sign(forward)
            checked["pitch"] += 1
    assert min(checked.values()) >= 2, checked


def test_eyes_look_where_the_gaze_goes(scenes: list[Scene]):
    names = load_head().expression_names
    for scene in scenes:
        left, right = eye_rotations(scene.parameters, names)
        assert left[0] == pytest.approx(right[0], abs=1e-9)
        # eyes are parallel or turned inwards: the left one to the subject's right, which is -y
        assert left[1] <= right[1] + 1e-9


def test_half_of_the_poses_are_nearly_frontal():
    poses = [random_pose(np.random.default_rng(seed)) for seed in range(600)]
    yaw = np.degrees(np.abs([pose.yaw_rad for pose in poses]))
    assert 0.48 < (yaw <= 25).mean() < 0.62
    assert 95 < yaw.max() <= 100
    assert np.degrees(np.abs([pose.pitch_rad for pose in poses])).max() <= 45


def test_identity_is_drawn_from_the_prior():
    head = load_head()
    rng = np.random.default_rng(0)
    drawn = np.stack([random_identity(head, rng) for _ in range(300)])
    assert head.identity_mixture is not None
    weights, means, _ = head.identity_mixture
    assert np.abs(drawn.mean(axis=0) - weights @ means).max() < 0.35
    assert 0.6 < drawn.std(axis=0).mean() < 1.2


def test_head_without_a_mixture_has_normal_identities():
    identity = random_identity(toy_head(), np.random.default_rng(0))
    np.testing.assert_array_equal(identity, np.random.default_rng(0).normal(size=12))
