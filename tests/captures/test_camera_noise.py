"""Noisy cameras: turned or shifted is told from what their pictures share, and corrected accordingly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.captures.bundle import BundlePriors, adjust_bundle
from mien.captures.camera_noise import likeliest_noise
from mien.geometry.rotations import matrix_from_rotation_vector

POINTS_M = np.random.default_rng(3).uniform(-0.12, 0.12, (60, 3))


def around() -> list[Camera]:
    out = []
    for angle in np.linspace(-2.5, 2.5, 14):
        pose = np.eye(4)
        c, s = np.cos(angle), np.sin(angle)
        pose[:3, :3] = np.array([[c, 0, -s], [0, -1, 0], [-s, 0, -c]])
        pose[:3, 3] = [0.0, 0.0, 0.9]
        out.append(Camera(np.array([[500.0, 0, 160], [0, 500, 160], [0, 0, 1]]), pose, 320, 320))
    return out


def noisy(cameras: list[Camera], *, turn_rad: float, shift_m: float) -> list[Camera]:
    rng = np.random.default_rng(7)
    out = []
    for camera in cameras:
        pose = camera.camera_from_world.copy()
        centre_m = camera.world_from_camera[:3, 3] + shift_m * rng.normal(size=3)
        pose[:3, :3] = matrix_from_rotation_vector(turn_rad * rng.normal(size=3)) @ pose[:3, :3]
        pose[:3, 3] = -pose[:3, :3] @ centre_m
        out.append(replace(camera, camera_from_world=pose))
    return out


@pytest.mark.parametrize(
    ("turn_deg", "shift_mm"), [(1.0, 0.0), (0.0, 10.0), (0.8, 8.0)], ids=["turned", "shifted", "both"]
)
def test_noise_is_told_and_taken_out(turn_deg, shift_mm):
    true = around()
    given = noisy(true, turn_rad=np.radians(turn_deg), shift_m=shift_mm / 1000)
    rng = np.random.default_rng(11)
    seen = np.stack([camera.project(POINTS_M) for camera in true])
    seen += 0.3 * rng.normal(size=seen.shape)
    seen[rng.uniform(size=seen.shape[:2]) < 0.5] = np.nan
    sigma = np.full(seen.shape[:2], 0.3)
    start_m = POINTS_M + 0.004 * rng.normal(size=POINTS_M.shape)
    noise = likeliest_noise(seen, sigma, given, start_m, BundlePriors())
    assert 0.4 * turn_deg <= np.degrees(noise.turn_rad) <= max(2.5 * turn_deg, 0.1)
    assert 0.4 * shift_mm <= 1000 * noise.shift_m <= max(2.5 * shift_mm, 1.5)
    found = adjust_bundle(
        seen, sigma, given, start_m, BundlePriors(turn_rad=noise.turn_rad, shift_m=noise.shift_m)
    )

    def places_px(cameras) -> float:
        middle = np.zeros((1, 3))
        return float(
            np.mean(
                [
                    np.linalg.norm(a.project(middle) - b.project(middle))
                    for a, b in zip(cameras, true, strict=True)
                ]
            )
        )

    assert places_px(found.cameras) < 0.4 * places_px(given)


def test_a_bundle_goes_on_from_an_earlier_one():
    true = around()
    given = noisy(true, turn_rad=np.radians(0.5), shift_m=0.0)
    seen = np.stack([camera.project(POINTS_M) for camera in true])
    sigma = np.full(seen.shape[:2], 0.3)
    priors = BundlePriors(turn_rad=np.radians(1), shift_m=0.001)
    first = adjust_bundle(seen, sigma, given, POINTS_M, priors)
    again = adjust_bundle(seen, sigma, given, first.points_m, priors, start=first)
    np.testing.assert_allclose(again.motion, first.motion, atol=1e-4)
