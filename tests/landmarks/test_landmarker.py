"""Search, verification and tracking with networks whose answers are known."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from fake_networks import (
    TOY_POINTS,
    TOY_SET,
    install_toy_set,
    picture_with_patches,
    write_landmark_network,
    write_search_network,
)

from mien.errors import InputError, ShapeError
from mien.landmarks.acceptance import Acceptance
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import Region, region_from_points
from mien.landmarks.search import FaceSearch


@pytest.fixture(autouse=True)
def _toy_set(monkeypatch):
    install_toy_set(monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("networks")
    write_landmark_network(path)
    write_search_network(path)
    return path


@pytest.fixture
def landmarker(folder):
    return Landmarker(folder / "fake.onnx", search=everywhere(folder))


def everywhere(folder):
    """The fake search network knows one size only, and gives no hints at others."""
    return FaceSearch(folder / "fake_search.onnx", everywhere=True)


def test_predictor_maps_points_and_sigma_to_the_picture(folder):
    predictor = LandmarkPredictor(folder / "fake.onnx")
    image = picture_with_patches(300, 300, [(160, 140, 60)])
    region = Region(np.array([150.0, 150.0]), 150.0, 0.4)
    landmarks = predictor(image, region)
    assert landmarks.set_name == TOY_SET
    assert np.allclose(landmarks.points_px.mean(axis=0), [159.5, 139.5], atol=0.8)
    assert np.allclose(landmarks.sigma_px, np.exp(-4.0) * 75)
    assert landmarks.score > 0.9
    offsets = landmarks.points_px - landmarks.points_px.mean(axis=0)
    radius_px = np.sqrt((offsets**2).sum(axis=1).mean())
    assert radius_px == pytest.approx(1.2 * 60 / np.sqrt(6), rel=0.05)
    # the crop is rolled, so the upright template comes out rolled in the picture
    assert np.allclose(offsets / radius_px, TOY_POINTS @ region.axes, atol=0.02)


def test_presence_is_low_where_nothing_is(folder):
    predictor = LandmarkPredictor(folder / "fake.onnx")
    image = picture_with_patches(100, 100, [])
    assert predictor(image, Region(np.array([50.0, 50.0]), 80.0)).score < 0.05


def test_search_finds_patches_of_all_sizes(folder):
    patches = [(100, 120, 32), (400, 300, 150), (620, 100, 60)]
    candidates = everywhere(folder)(picture_with_patches(600, 800, patches))
    for x, y, side in patches:
        near = [c for c in candidates if np.linalg.norm(c.region.center_px - (x, y)) < 0.35 * side]
        assert near, (x, y, side)
        assert 1.2 < near[0].region.side_px / side < 3.5
    assert len(candidates) == len(patches)


def test_faces_come_largest_first_and_once_each(landmarker):
    patches = [(100, 120, 32), (400, 300, 150), (620, 100, 60)]
    image = picture_with_patches(600, 800, patches)
    faces = landmarker(image)
    centers = [face.points_px.mean(axis=0) for face in faces]
    assert np.allclose(centers, [(399.5, 299.5), (619.5, 99.5), (99.5, 119.5)], atol=2)
    assert [len(face) for face in faces] == [12, 12, 12]
    assert len(landmarker(image, max_faces=2)) == 2


def test_no_face_in_an_empty_or_tiny_picture(landmarker):
    assert landmarker(picture_with_patches(300, 400, [])) == []
    assert landmarker(np.zeros((1, 1, 3), np.uint8)) == []
    assert landmarker(np.full((3, 500, 3), 255, np.uint8)) == []


def test_a_large_picture_is_searched_small_and_measured_in_full(landmarker):
    image = picture_with_patches(3600, 5400, [(4000, 1500, 400)])
    (face,) = landmarker(image)
    assert np.allclose(face.points_px.mean(axis=0), [3999.5, 1499.5], atol=8)


def test_doubtful_points_are_no_face(folder, landmarker):
    image = picture_with_patches(300, 300, [(150, 150, 60)])
    assert len(landmarker(image)) == 1
    strict = Acceptance(max_relative_sigma=0.001)
    assert Landmarker(folder / "fake.onnx", search=landmarker.search, found=strict)(image) == []


def test_a_network_may_ask_for_more_evidence(folder, landmarker, tmp_path):
    image = picture_with_patches(300, 300, [(150, 150, 60)])
    for name in ("fake.onnx", "fake.card.json"):
        shutil.copy(folder / name, tmp_path / name)
    card = tmp_path / "fake.card.json"
    for evidence, count in ((1.0, 1), (50.0, 0)):
        card.write_text(json.dumps(json.loads(card.read_text()) | {"found_evidence": evidence}))
        assert len(Landmarker(tmp_path / "fake.onnx", search=landmarker.search)(image)) == count


def test_track_follows_a_moving_face_and_says_when_it_is_lost(landmarker):
    (face,) = landmarker(picture_with_patches(300, 300, [(150, 150, 60)]))
    for step in range(1, 6):
        x = 150 + 12 * step
        face = landmarker.track(picture_with_patches(300, 300, [(x, 150, 60)]), face)
        assert np.allclose(face.points_px.mean(axis=0), [x - 0.5, 149.5], atol=2)
    assert landmarker.track(picture_with_patches(300, 300, []), face) is None


def test_tracked_points_do_not_depend_on_the_path(landmarker):
    """After a quick move the face is looked at again, framed as a search would have framed it."""
    image = picture_with_patches(300, 300, [(170, 150, 60)])
    (start,) = landmarker(picture_with_patches(300, 300, [(150, 150, 60)]))
    (searched,) = landmarker(image)
    tracked = landmarker.track(image, start)
    assert np.allclose(tracked.points_px, searched.points_px, atol=0.8)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((40, 40, 3), np.float32),
        np.zeros((0, 40, 3), np.uint8),
    ],
)
def test_wrong_pictures_are_refused(landmarker, image):
    with pytest.raises(ShapeError, match="uint8"):
        landmarker(image)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(InputError, match="nonesuch"):
        Landmarker("nonesuch")
    with pytest.raises(InputError, match=r"elsewhere\.onnx"):
        Landmarker(tmp_path / "elsewhere.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(InputError, match="card"):
        LandmarkPredictor(broken)
    (tmp_path / "broken.card.json").write_text('{"format_version": 1, "set_name": "toy12", "input_size": 32}')
    with pytest.raises(InputError, match="ONNX"):
        LandmarkPredictor(broken)


def test_region_from_points_uses_the_sets_groups():
    region = region_from_points(100 + 10 * TOY_POINTS, TOY_SET)
    assert region.roll_rad == pytest.approx(0)
    assert region.side_px == pytest.approx(44)
