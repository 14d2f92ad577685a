"""Augmentation: points stay on their features, mirroring swaps partners, a seed gives one sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.datasets.crops.augment import AugmentConfig, make_sample
from mien.datasets.crops.degradation import DegradationConfig, degrade
from mien.datasets.crops.negatives import off_region
from mien.datasets.crops.occluders import add_occluders
from mien.datasets.crops.shards import Face, face_region
from mien.datasets.crops.warp import (
    WarpConfig,
    jittered_region,
    mirrored_points,
    net_from_picture,
    transform_points,
    warp,
)
from tests.datasets.crops.fake_faces import COUNT, MIRROR, SIZE, draw_face

GEOMETRY_ONLY = AugmentConfig(clean_share=1.0, negative_share=0.0)


def _face(rng, layout, *, dot=None) -> Face:
    picture, points_px = draw_face(rng, dots=dot is not None)
    if dot is not None:
        rows, columns = np.mgrid[:SIZE, :SIZE]
        away = (columns - points_px[dot, 0]) ** 2 + (rows - points_px[dot, 1]) ** 2
        picture[:] = np.uint8(np.rint(255 * np.exp(-away / (2 * 3.0**2))))[..., None]
    return Face(picture, points_px, np.zeros(COUNT, np.uint8), face_region(points_px, layout))


@pytest.mark.parametrize("flip_share", [0.0, 1.0])
@pytest.mark.parametrize("landmark", [0, 6, 10, 13])
def test_points_stay_on_their_features(layout, landmark, flip_share):
    """A spot drawn at one landmark is found where the targets say (for its partner if mirrored)."""
    options = replace(GEOMETRY_ONLY, warp=WarpConfig(flip_share=flip_share))
    size = 128
    for seed in range(6):
        rng = np.random.default_rng(seed)
        face = _face(rng, layout, dot=landmark)
        sample = make_sample(face, face, layout, size=size, rng=rng, options=options)
        target = sample.points[MIRROR[landmark] if flip_share else landmark]
        brightness = sample.crop[..., 0].astype(float)
        rows, columns = np.mgrid[:size, :size]
        found_px = np.array([(brightness * columns).sum(), (brightness * rows).sum()]) / brightness.sum()
        assert np.abs((found_px + 0.5) * (2 / size) - 1 - target).max() < 0.02


def test_warp_without_jitter_is_the_regions_crop(layout):
    face = _face(np.random.default_rng(0), layout)
    expected = face.region.crop(face.picture, 64)
    drawn = warp(face.picture, net_from_picture(face.region), 64)
    assert np.abs(expected.astype(int) - drawn).max() <= 6
    points = transform_points(net_from_picture(face.region), face.points_px)
    assert np.allclose(points, face.region.picture_to_network(face.points_px))


def test_mirroring_twice_is_nothing(layout):
    points = np.random.default_rng(0).normal(size=(COUNT, 2))
    assert np.array_equal(mirrored_points(mirrored_points(points, layout), layout), points)
    assert mirrored_points(points, layout)[0, 0] == -points[3, 0]


def test_the_same_seed_gives_the_same_sample_and_another_another(layout):
    face = _face(np.random.default_rng(0), layout)
    other = _face(np.random.default_rng(1), layout)

    def draw(seed):
        rng = np.random.default_rng(seed)
        return make_sample(face, other, layout, size=64, rng=rng, options=AugmentConfig())

    assert np.array_equal(draw(3).crop, draw(3).crop)
    assert np.array_equal(draw(3).points, draw(3).points)
    assert not np.array_equal(draw(3).crop, draw(4).crop)


def test_every_share_of_options_is_met(layout):
    face = _face(np.random.default_rng(0), layout)
    drawn = [
        make_sample(face, face, layout, size=64, rng=np.random.default_rng(seed), options=AugmentConfig())
        for seed in range(400)
    ]
    negatives = [sample for sample in drawn if sample.presence == 0]
    assert 0.03 < len(negatives) / len(drawn) < 0.15
    assert all(np.isfinite(sample.points).all() and sample.crop.shape == (64, 64, 3) for sample in drawn)
    assert all(not sample.points.any() for sample in negatives)


@pytest.mark.parametrize(
    "field", [name for name in vars(DegradationConfig.none()) if name.endswith("_share")]
)
def test_each_degradation_changes_the_crop_and_none_leaves_it(field):
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    one = replace(DegradationConfig.none(), **{field: 1.0})
    changed = [not np.array_equal(degrade(crop, np.random.default_rng(s), one), crop) for s in range(5)]
    assert sum(changed) >= 4
    assert np.array_equal(degrade(crop, np.random.default_rng(0), DegradationConfig.none()), crop)


def test_degradation_moves_nothing():
    """Low resolution, blur and JPEG keep a spot's centre."""
    rows, columns = np.mgrid[:64, :64]
    spot = np.exp(-((columns - 40.0) ** 2 + (rows - 21.0) ** 2) / (2 * 5.0**2))
    crop = np.repeat(np.uint8(np.rint(255 * spot))[..., None], 3, axis=2)
    options = replace(
        DegradationConfig.none(), blur_share=1.0, small_share=1.0, jpeg_share=1.0, worst_jpeg=60
    )
    for seed in range(10):
        got = degrade(crop, np.random.default_rng(seed), options)[..., 0].astype(float)
        got[got < 60] = 0
        found = np.array([(got * columns).sum(), (got * rows).sum()]) / got.sum()
        assert np.abs(found - [40, 21]).max() < 0.9


def test_occluders_cover_a_part_but_not_all():
    crop = np.full((64, 64, 3), 99, np.uint8)
    other = np.zeros((96, 96, 3), np.uint8)
    covered = [
        (add_occluders(crop, other, np.random.default_rng(seed)) != 99).any(axis=-1).mean()
        for seed in range(60)
    ]
    assert 0.02 < np.mean(covered) < 0.5
    assert np.mean(np.array(covered) > 0) > 0.85


def test_jitter_keeps_the_face_and_negatives_lose_it(layout):
    face = _face(np.random.default_rng(0), layout)
    rng = np.random.default_rng(1)
    options = WarpConfig()
    for _ in range(50):
        near = jittered_region(face.region, rng, options)
        assert abs(near.roll_rad - face.region.roll_rad) <= options.roll_rad + 1e-9
        assert options.smallest_scale <= near.side_px / face.region.side_px <= options.largest_scale
        far = off_region(face, rng)
        shift = np.linalg.norm(far.center_px - face.region.center_px) / face.region.side_px
        scale = far.side_px / face.region.side_px
        turn = abs(far.roll_rad - face.region.roll_rad)
        assert shift > 0.6 or scale < 0.45 or scale > 2.2 or turn > 1.4
