"""Tracks on the disk: written in parts, read in parts, small, and checked."""

from __future__ import annotations

import dataclasses
import zipfile

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.results import TRACK_ROWS, HeadTrack
from mien.tracking.track_file import open_track, write_track

NAMES = tuple(f"shape{index}" for index in range(52))


def long_track(frames: int = 700, landmarks: int = 320) -> HeadTrack:
    """A face that moves smoothly, with noise, and is lost now and then."""
    rng = np.random.default_rng(0)
    time = np.arange(frames) / 25
    face_px = rng.normal(0, 80, (landmarks, 2))
    points_px = 300 + 50 * np.sin(time)[:, None, None] + face_px + rng.normal(0, 0.2, (frames, landmarks, 2))
    sigma_px = rng.uniform(1, 4, landmarks) * (1 + 0.02 * rng.normal(size=(frames, 1)))
    tracked = np.arange(frames) % 100 > 4
    points_px[~tracked], sigma_px[~tracked] = np.nan, np.nan
    return HeadTrack(
        times_s=time + 3,
        identity=rng.normal(size=20),
        expression=rng.uniform(0, 1, (frames, 52)),
        joint_rotations=rng.normal(0, 0.1, (frames, 4, 3)),
        root_rotation=rng.normal(0, 0.1, (frames, 3)),
        root_translation_m=rng.normal(0, 1, (frames, 3)),
        tracked=tracked,
        camera=Camera.from_focal(800.0, width_px=640, height_px=480, camera_from_world=np.eye(4)),
        points_px=points_px,
        sigma_px=sigma_px,
        set_name="dense320",
        head_name="some",
        head_version="1",
        frames_per_second=25.0,
        first_frame=75,
    )


@pytest.fixture(scope="module")
def track() -> HeadTrack:
    return long_track()


@pytest.fixture
def path(track, tmp_path):
    write_track(track.parts(100), tmp_path / "clip.npz", expression_names=NAMES)
    return tmp_path / "clip.npz"


def test_a_track_comes_back(track, path):
    saved = open_track(path)
    assert (len(saved), saved.first_frame, saved.start_time_s) == (700, 75, 3.0)
    loaded = saved.load()
    np.testing.assert_array_equal(loaded.times_s, track.times_s)
    np.testing.assert_array_equal(loaded.tracked, track.tracked)
    np.testing.assert_array_equal(loaded.identity, track.identity)
    for name in ("expression", "joint_rotations", "root_rotation", "root_translation_m"):
        np.testing.assert_allclose(getattr(loaded, name), getattr(track, name), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(loaded.points_px, track.points_px, atol=0.51 * 640 / 32768)
    np.testing.assert_allclose(loaded.sigma_px, track.sigma_px, rtol=0.01)
    assert dataclasses.replace(loaded, camera=track.camera).camera == track.camera
    np.testing.assert_array_equal(loaded.camera.intrinsics, track.camera.intrinsics)


def test_parts_and_frames_are_those_of_the_whole(path):
    saved = open_track(path)
    whole, parts = saved.load(), list(saved.parts(64))
    assert [part.first_frame for part in parts] == list(range(75, 775, 64))
    for name in TRACK_ROWS:
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name)
        )
    late, early = saved.frames([650, 7])
    assert (late.time_s, early.time_s) == (whole.times_s[650], whole.times_s[7])
    np.testing.assert_array_equal(late.parameters.expression, whole.expression[650])
    assert not saved.frame(2).tracked


def test_parts_of_a_track_in_memory(track):
    for name in TRACK_ROWS:
        np.testing.assert_array_equal(getattr(HeadTrack.joined(track.parts(99)), name), getattr(track, name))
    assert [part.first_frame for part in track.parts(300)] == [75, 375, 675]


def test_a_file_is_a_plain_npz_and_small(track, path):
    with np.load(path, allow_pickle=False) as archive:
        offsets = np.cumsum(archive["points_change"], axis=0, dtype=np.int16)
        points_px = archive["points_center_px"][:, None] + 640 / 32768 * offsets
        np.testing.assert_allclose(points_px, track.points_px, atol=0.02)
    assert path.stat().st_size / len(track) < 1700  # mostly the noise of this test's motion


def test_landmarks_far_outside_are_kept_at_the_border(track, tmp_path):
    far = track.points_px.copy()
    far[:, 0] += 1e6
    write_track(
        dataclasses.replace(track, points_px=far).parts(), tmp_path / "far.npz", expression_names=NAMES
    )
    assert np.isfinite(open_track(tmp_path / "far.npz").load().points_px[track.tracked]).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_files_that_were_cut_short_say_so(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="damaged"):
        open_track(path)


def test_mutated_files_end_in_an_error_or_are_whole(path, tmp_path):
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            changed[place] = rng.integers(256)
        (tmp_path / "bad.npz").write_bytes(changed)
        try:
            loaded = open_track(tmp_path / "bad.npz").load()
        except InputError:
            continue
        assert np.isfinite(loaded.expression).all()


def test_arrays_of_other_sizes_are_refused(path, tmp_path):
    with np.load(path) as archive:
        arrays = dict(archive)
    for name, value in (("expression", arrays["expression"][:-1]), ("tracked", arrays["times_s"]),
                        ("root_rotation", arrays["root_rotation"] * np.nan)):  # fmt: skip
        np.savez(tmp_path / "bad.npz", **{**arrays, name: value.astype(value.dtype)})
        with pytest.raises(InputError, match="damaged"):
            open_track(tmp_path / "bad.npz").load()
    with zipfile.ZipFile(tmp_path / "none.npz", "w"):
        pass
    with pytest.raises(InputError, match="read_track"):
        open_track(tmp_path / "none.npz")
    with pytest.raises(InputError, match="no such file"):
        open_track(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("expression", lambda a: a + np.float32(1e30)),
        ("root_rotation", lambda a: a * np.float32(np.inf)),
        ("times_s", lambda a: a * np.nan),
        ("sigma_px", lambda a: -a),
        ("sigma_px", lambda a: a * np.float16(np.nan)),
        ("points_center_px", lambda a: a * np.float32(np.nan)),
        ("points_change", lambda a: a.astype("<i4")),
        ("identity", lambda a: a * np.inf),
        ("camera_intrinsics", lambda a: -a),
        ("camera_from_world", lambda a: a * 3),
        ("tracked", lambda a: a[:0]),
        ("document", lambda a: np.array(3)),
        ("document", lambda a: np.array("[" * 100_000)),
        ("document", lambda a: np.array(str(a).replace('"points_unit_px": ', '"points_unit_px": -'))),
        ("document", lambda a: np.array(str(a).replace('"first_frame": 75', '"first_frame": null'))),
    ],
)
def test_values_that_no_track_has_are_refused(path, tmp_path, name, make):
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(tmp_path / "bad.npz", **{**arrays, name: make(arrays[name])})
    with pytest.raises(InputError, match=r"bad\.npz"):
        open_track(tmp_path / "bad.npz").load()


def test_landmarks_that_are_not_known_stay_so(track, tmp_path):
    points_px, sigma_px = track.points_px.copy(), track.sigma_px.copy()
    points_px[50:60, 3], sigma_px[50:60, 3] = np.nan, np.nan
    sigma_px[61, 4] = np.inf
    some = dataclasses.replace(track, points_px=points_px, sigma_px=sigma_px)
    write_track(some.parts(), tmp_path / "some.npz", expression_names=NAMES)
    loaded = open_track(tmp_path / "some.npz").load()
    np.testing.assert_array_equal(np.isnan(loaded.points_px), np.isnan(points_px))
    np.testing.assert_allclose(loaded.points_px, points_px, atol=0.51 * 640 / 32768)
    assert loaded.sigma_px[61, 4] > 1e4
