"""Several looks at a region: how they are combined, and what a card may ask for."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fake_networks import (
    TOY_MIRROR,
    TOY_POINTS,
    install_toy_set,
    picture_with_patches,
    write_landmark_network,
    write_search_network,
)

from mien.errors import InputError
from mien.landmarks.crops import combine
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import Region


@pytest.fixture(autouse=True)
def _toy_set(monkeypatch):
    install_toy_set(monkeypatch)


def network_with(folder, **entries):
    path = write_landmark_network(folder)
    card = path.with_suffix(".card.json")
    card.write_text(json.dumps(json.loads(card.read_text()) | entries))
    return path


def test_the_surer_look_counts_more():
    points_px = np.array([[[0.0, 0.0]], [[3.0, 0.0]]])
    mean_px, sigma_px = combine(points_px, np.array([[1.0], [2.0]]))
    assert np.allclose(mean_px, [[0.6, 0.0]])  # weights 4/5 and 1/5
    assert sigma_px[0] == pytest.approx(np.sqrt(1 / 0.625))  # mean of 1 and 1/4


def test_disagreement_raises_sigma():
    points_px = np.array([[[0.0, 0.0]], [[20.0, 0.0]]])
    _, sigma_px = combine(points_px, np.ones((2, 1)))
    assert sigma_px[0] == pytest.approx(10 / np.sqrt(2))  # 10 px along one of two axes


def test_a_mirrored_look_gives_the_partners_points(tmp_path):
    image = picture_with_patches(300, 300, [(160, 140, 60)])
    region = Region(np.array([150.0, 150.0]), 150.0, 0.2)
    plain = LandmarkPredictor(network_with(tmp_path))(image, region)
    mirrored = LandmarkPredictor(network_with(tmp_path, looks=[{"scale": 1.0, "mirrored": True}]))(
        image, region
    )
    assert np.allclose(mirrored.points_px.mean(axis=0), plain.points_px.mean(axis=0), atol=0.3)
    radius_px = np.sqrt(((plain.points_px - plain.points_px.mean(axis=0)) ** 2).sum(axis=1).mean())
    offsets = mirrored.points_px - mirrored.points_px.mean(axis=0)
    # the fake network draws its template into the mirrored crop; undone, partners have changed places
    expected = (TOY_POINTS[TOY_MIRROR] * np.array([-1.0, 1.0])) @ region.axes
    assert np.allclose(offsets / radius_px, expected, atol=0.03)


def test_looks_at_other_scales_agree_where_the_network_does(tmp_path):
    image = picture_with_patches(300, 300, [(160, 140, 60)])
    region = Region(np.array([150.0, 150.0]), 150.0)
    looks = [{"scale": 0.8}, {"scale": 1.2, "mirrored": True}]
    both = LandmarkPredictor(network_with(tmp_path, looks=looks, sigma_scale=0.5))(image, region)
    assert np.allclose(both.points_px.mean(axis=0), [159.5, 139.5], atol=0.8)
    # between the two looks' σ (0.8 and 1.2 of the region's), halved by the card
    assert (both.sigma_px > 0.5 * 0.8 * np.exp(-4.0) * 75).all()


@pytest.mark.parametrize("looks", [[], "twice", [{"mirrored": True}], [{"scale": "wide"}]])
def test_broken_looks_are_refused(tmp_path, looks):
    with pytest.raises(InputError, match="looks"):
        LandmarkPredictor(network_with(tmp_path, looks=looks))


def test_windows_find_what_the_search_network_finds(tmp_path):
    network, search = network_with(tmp_path), write_search_network(tmp_path)
    image = picture_with_patches(200, 260, [(80, 120, 40)])
    windows = Landmarker(network, search="windows")(image)
    searched = Landmarker(network, search=search)(image)
    assert len(windows) == len(searched) == 1
    assert np.allclose(windows[0].points_px, searched[0].points_px, atol=1.5)
    assert Landmarker(network, search="windows")(picture_with_patches(200, 260, [])) == []
