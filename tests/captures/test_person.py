"""Who is seen by most cameras, and where points seen by several are."""

from __future__ import annotations

import numpy as np

from mien.cameras import Camera
from mien.captures.bundle import BundlePriors, adjust_bundle
from mien.captures.key_frames import choose_key_frames
from mien.captures.person import consistent_people
from mien.landmarks.triangulation import triangulate
from mien.landmarks.types import Landmarks2D


def looking_at_origin(azimuth: float, distance_m: float = 1.0) -> Camera:
    eye = distance_m * np.array([np.sin(azimuth), 0.1, np.cos(azimuth)])
    forward = -eye / np.linalg.norm(eye)
    right = np.cross(forward, [0.0, 1, 0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    pose[:3, 3] = -pose[:3, :3] @ eye
    return Camera.from_focal(400.0, width_px=320, height_px=320, camera_from_world=pose)


CAMERAS = [looking_at_origin(azimuth) for azimuth in np.linspace(-1.1, 1.1, 9)]
RNG = np.random.default_rng(0)
CLOUD_M = 0.07 * RNG.normal(size=(40, 3))


def face(camera: Camera, shift_m: np.ndarray, noise_px: float = 0.3) -> Landmarks2D:
    points = camera.project(CLOUD_M + shift_m) + noise_px * RNG.normal(size=(len(CLOUD_M), 2))
    return Landmarks2D(points, np.ones(len(points)), "any", 0.9)


def test_the_person_in_most_pictures_comes_first_and_a_stray_face_is_left_out():
    first, second = np.zeros(3), np.array([0.3, 0.05, -0.1])
    faces = [[face(camera, first)] for camera in CAMERAS]
    for index in range(4):
        faces[index].insert(0, face(CAMERAS[index], second))
    faces[6].append(face(CAMERAS[6], np.array([-0.5, 0.4, 0.2])))  # a picture on the wall, seen once
    people = consistent_people(faces, CAMERAS)
    assert [person.views for person in people] == [9, 4]
    np.testing.assert_allclose(people[0].centre_m, CLOUD_M.mean(axis=0), atol=0.003)
    np.testing.assert_allclose(people[1].centre_m, CLOUD_M.mean(axis=0) + second, atol=0.003)
    assert all(person_face is faces[index][-1 if index != 6 else 0]
               for index, person_face in enumerate(people[0].faces))  # fmt: skip


def test_one_picture_makes_no_person():
    assert consistent_people([[face(CAMERAS[0], np.zeros(3))], []], CAMERAS[:2]) == []


def test_wrong_views_do_not_move_triangulated_points():
    seen = np.stack([camera.project(CLOUD_M) for camera in CAMERAS])
    seen[4] += 40.0
    found = triangulate(seen, np.ones(seen.shape[:2]), CAMERAS, sweeps=20)
    assert np.linalg.norm(found - CLOUD_M, axis=1).max() < 0.01


def test_bundle_adjustment_finds_cameras_focal_length_and_lens():
    k1 = -0.08
    seen = []
    for camera in CAMERAS:
        plane = (camera.project(CLOUD_M) - camera.intrinsics[:2, 2]) / camera.focal_px
        seen.append(
            camera.intrinsics[:2, 2] + camera.focal_px * plane * (1 + k1 * (plane**2).sum(1)[:, None])
        )
    start = [
        Camera(camera.with_focal(430.0).intrinsics, camera.camera_from_world, 320, 320) for camera in CAMERAS
    ]
    for number, camera in enumerate(start):
        camera.camera_from_world[:3, 3] += 0.02 * np.sin(number + np.arange(3))
    found = adjust_bundle(
        np.stack(seen),
        np.full((len(CAMERAS), len(CLOUD_M)), 0.3),
        start,
        CLOUD_M + 0.003 * RNG.normal(size=CLOUD_M.shape),
        BundlePriors(log_focal=0.5, distortion=0.5),
    )
    assert found.median_px < 0.02
    assert abs(found.distortion - k1) < 0.02
    assert abs(found.cameras[0].focal_px / 400 - 1) < 0.01


def test_key_frames_are_sharp_and_from_all_sides():
    sharp = RNG.integers(0, 255, (320, 320, 3), dtype=np.uint8)
    blurred = np.full_like(sharp, 120)
    blurred[::8] = 124
    way = [looking_at_origin(azimuth) for azimuth in np.linspace(-1, 1, 30)]
    images = [sharp if index % 2 else blurred for index in range(30)]
    chosen = choose_key_frames(images, [face(camera, np.zeros(3), 0.0) for camera in way], most=8)
    assert all(index % 2 for index in chosen)
    assert 6 <= len(chosen) <= 8
    assert chosen[0] < 5
    assert chosen[-1] > 24
    assert choose_key_frames(images[:1], [None], most=3) == []
