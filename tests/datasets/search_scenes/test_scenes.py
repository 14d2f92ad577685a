"""Scenes: heads land where their regions say, scenes repeat exactly, hidden faces are not demanded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.datasets.search_scenes.cutouts import CutoutStore
from mien.datasets.search_scenes.scenes import SearchSceneConfig, make_scene, paste
from mien.datasets.search_scenes.targets import LARGEST_SIDE_PX, SMALLEST_SIDE_PX
from mien.errors import InputError
from mien.landmarks.region import Region


@pytest.fixture(scope="module")
def store(shards, layout):
    store = CutoutStore([shards], layout)
    assert store.refresh() == 12  # the first shard is held out
    return store


def test_held_out_heads_are_apart_and_limits_hold(shards, layout):
    validation = CutoutStore([shards], layout, part="validation")
    assert validation.refresh() == 6
    assert validation.refresh() == 0
    assert CutoutStore([shards], layout).refresh(limit=0) == 0


def test_missing_folder_and_broken_shard_are_named(tmp_path, layout):
    with pytest.raises(InputError, match="mien synth"):
        CutoutStore([tmp_path / "nowhere"], layout).refresh()
    (tmp_path / "shard-000000.tar").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"shard-000000\.tar"):
        CutoutStore([tmp_path], layout, held_out=0).refresh()


def test_cutout_region_follows_the_face(store):
    cutout = store.cutouts[0]
    crop_mask = cutout.region.crop(np.repeat(cutout.mask[..., None], 3, axis=2), 64)[..., 0]
    rows, columns = np.nonzero(crop_mask > 128)
    assert 28 < columns.mean() < 35
    assert 24 < rows.mean() < 36


@pytest.mark.parametrize("side_px", [30.0, 80.0])
@pytest.mark.parametrize("roll_rad", [0.0, 0.9])
def test_a_pasted_face_fills_its_region(store, side_px, roll_rad):
    cutout = store.cutouts[3]
    expected = cutout.region.crop(cutout.picture, 48).astype(float)
    scene = np.zeros((192, 192, 3), np.uint8)
    region = Region(np.array([90.0, 101.0]), side_px, roll_rad)
    opacity = paste(scene, cutout, region, np.random.default_rng(1), whole=True)
    seen = region.crop(scene, 48).astype(float)
    difference = min(np.abs(seen - expected).mean(), np.abs(seen - expected[:, ::-1]).mean())
    assert difference < 8
    assert opacity[101, 90] == 1
    assert opacity[0, 0] == 0


def test_cut_out_heads_leave_the_scene_around_them_alone(store):
    scene = np.full((192, 192, 3), 77, np.uint8)
    opacity = paste(scene, store.cutouts[0], Region(np.array([90.0, 90.0]), 60.0), np.random.default_rng(0))
    assert np.array_equal(scene[opacity == 0], np.full_like(scene[opacity == 0], 77))
    assert 0.02 < opacity.mean() < 0.3


def test_scenes_repeat_and_differ(store):
    options = SearchSceneConfig()
    one, same, other = (make_scene(store, np.random.default_rng(seed), options) for seed in (5, 5, 6))
    assert np.array_equal(one.picture, same.picture)
    assert not np.array_equal(one.picture, other.picture)
    assert one.picture.shape == (192, 192, 3)


def test_scenes_have_empty_ones_and_faces_of_all_sizes(store):
    scenes = [make_scene(store, np.random.default_rng(seed), SearchSceneConfig()) for seed in range(80)]
    faces = [face for scene in scenes for face in scene.faces]
    assert 10 <= sum(not scene.faces for scene in scenes) <= 40
    sides = np.array([face.region.side_px for face in faces])
    assert sides.min() < SMALLEST_SIDE_PX < LARGEST_SIDE_PX < sides.max()
    demanded = [face for face in faces if face.demanded]
    assert 0.4 < len(demanded) / len(faces) < 0.95
    assert all(SMALLEST_SIDE_PX <= face.region.side_px <= LARGEST_SIDE_PX for face in demanded)
    assert max(abs(face.region.roll_rad) for face in faces) > 0.6


def test_faces_beyond_black_margins_are_not_demanded(store):
    options = replace(SearchSceneConfig(), letterbox_share=1.0, empty_share=0.0)
    for seed in range(30):
        scene = make_scene(store, np.random.default_rng(seed), options)
        for face in scene.faces:
            x, y = np.clip(np.rint(face.region.center_px).astype(int), 0, 191)
            if face.visible:
                assert scene.picture[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].any()
