"""Targets agree with what the runtime decodes, and losses prefer them."""

from __future__ import annotations

import numpy as np
import torch

from mien.datasets.search_scenes.targets import PlacedFace, make_targets
from mien.landmarks.candidates import decode, encode
from mien.landmarks.region import Region
from mien.training.search.losses import center_loss, geometry_loss
from mien.training.search.validation import match

FACES = [
    PlacedFace(Region(np.array([50.3, 61.0]), 40.0, 0.5)),
    PlacedFace(Region(np.array([130.0, 120.0]), 90.0, -1.0)),
    PlacedFace(Region(np.array([30.0, 160.0]), 25.0, 0.0)),  # too small to be demanded
    PlacedFace(Region(np.array([160.0, 30.0]), 60.0, 0.0), visible=False),
]


def test_decoding_the_targets_gives_the_faces():
    targets = make_targets(FACES, rows=24, columns=24)
    logits = np.log(np.clip(targets.heat, 1e-6, 1 - 1e-6) / (1 - np.clip(targets.heat, 1e-6, 1 - 1e-6)))
    found = decode(logits.astype(float), targets.geometry.astype(float), min_score=0.9)
    assert len(found) == 2
    for candidate, face in zip(found, FACES[:2], strict=True):
        assert np.allclose(candidate.region.center_px, face.region.center_px, atol=1e-3)
        assert np.isclose(candidate.region.side_px, face.region.side_px, rtol=1e-4)
        assert np.isclose(candidate.region.roll_rad, face.region.roll_rad, atol=1e-4)
    errors, false = match(found, FACES)
    assert len(errors) == 2
    assert false == 0
    assert np.allclose(errors, 0, atol=1e-2)


def test_geometry_is_the_runtimes_code():
    targets = make_targets(FACES[:1], rows=24, columns=24)
    row, column = np.argwhere(targets.geometry_weight == 1)[0].tolist()
    assert np.allclose(targets.geometry[:, row, column], encode(FACES[0].region, row, column), atol=1e-5)
    assert np.count_nonzero(targets.geometry_weight) < 16


def test_faces_that_need_not_be_found_are_left_out_of_the_loss():
    targets = make_targets(FACES, rows=24, columns=24)
    assert targets.weight[20, 3] == 0
    assert targets.weight[3, 20] == 0
    assert targets.weight[0, 0] == 1
    assert targets.heat[20, 3] < 0.01


def test_the_right_answer_costs_least():
    targets = make_targets(FACES, rows=24, columns=24)
    heat, weight = (torch.from_numpy(each)[None] for each in (targets.heat, targets.weight))
    good = torch.where(heat >= 0.999, 6.0, -6.0)
    free = torch.where(weight == 0, 6.0, good)
    missed = torch.full_like(heat, -6.0)
    everywhere = torch.full_like(heat, 6.0)
    assert center_loss(good, heat, weight) < 0.05
    assert torch.isclose(center_loss(free, heat, weight), center_loss(good, heat, weight))
    assert center_loss(missed, heat, weight) > 2
    assert center_loss(everywhere, heat, weight) > 10
    geometry = torch.from_numpy(targets.geometry)[None]
    importance = torch.from_numpy(targets.geometry_weight)[None]
    assert geometry_loss(geometry, geometry, importance) == 0
    assert geometry_loss(geometry + 0.1, geometry, importance) > 0.05


def test_an_empty_scene_has_a_loss():
    targets = make_targets([], rows=4, columns=5)
    heat, weight = (torch.from_numpy(each)[None] for each in (targets.heat, targets.weight))
    assert 0 < center_loss(torch.zeros_like(heat), heat, weight) < 20
