"""Regions: which controls change which splats, and where splats may not be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from mien.avatars.rig import AvatarControls, rig_of  # noqa: E402
from mien.avatars.splats.config import SplatAvatarConfig  # noqa: E402
from mien.avatars.splats.emptiness import in_empty_space  # noqa: E402
from mien.avatars.splats.regions import regions_of  # noqa: E402
from mien.avatars.splats.splat_head import ExpressionCodes, spread_anchors  # noqa: E402
from mien.avatars.splats.training import CLEARED_AT, SplatTraining  # noqa: E402
from tests.avatars.talking_head import talking_head  # noqa: E402


def _rig_and_anchors():
    rig, controls = rig_of(talking_head(), points=34)
    rest_m = rig.vertices_m(AvatarControls(rig.rest_weights, np.zeros((2, 3))))
    rng = np.random.default_rng(0)
    hair_m = 0.02 * (rest_m[:, 1] > 0.06)
    anchors = spread_anchors(rest_m, rig.triangles, on_skin=900, in_hair=60, rng=rng, hair_m=hair_m)
    return rig, controls, rest_m, anchors


def test_regions_are_where_their_controls_move_the_head():
    rig, _, rest_m, anchors = _rig_and_anchors()
    regions = regions_of(rig, anchors, 12)
    assert [region.codes for region in regions] == [4, 3, 3, 2]
    assert sum(region.codes for region in regions_of(rig, anchors, 2)) == 2
    places_m = rest_m[anchors.triangles].mean(axis=1)
    mouth, left, right, rest = (region.splats for region in regions)
    assert places_m[left, 0].mean() > 0.02 > -0.02 > places_m[right, 0].mean()  # the subject's left is +x
    assert places_m[mouth, 1].mean() < places_m[left, 1].mean()
    assert not (rest & (mouth | left | right)).any()
    assert (mouth | left | right | rest).all()
    names = rig.head.expression_names
    assert regions[0].controls[names.index("jawOpen")]
    assert not regions[1].controls[names.index("jawOpen")]
    assert regions[1].controls[names.index("eyeBlinkLeft")]
    assert not regions[1].controls[names.index("eyeBlinkRight")]


def test_codes_of_one_region_do_not_hear_another():
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(40, 6))
    codes = ExpressionCodes(6, 4)
    first, second = np.arange(6) < 3, np.arange(6) >= 3
    codes.learn(seen, [(first, 2), (second, 2)])
    mean = torch.from_numpy(seen.mean(axis=0)).float()
    pushed = codes(mean + torch.tensor([0, 0, 0, 0.5, 0.2, 0.1]))
    assert pushed[:2].abs().max() < 1e-5
    assert pushed[2:].abs().max() > 0.05
    for far in (1e3, -1e3):  # and none goes beyond what was seen
        code = codes(mean + far)
        assert (code <= codes.high).all()
        assert (code >= codes.low).all()
    learned = torch.stack([codes(torch.from_numpy(row).float()) for row in seen])
    torch.testing.assert_close(learned.std(dim=0, correction=0), torch.ones(4), atol=1e-3, rtol=0)


def test_splats_change_with_their_own_region_alone():
    data = talking_head()
    rig, controls, _, _ = _rig_and_anchors()
    config = SplatAvatarConfig(on_skin=300, in_hair=40, codes=12, steps=10)
    training = SplatTraining(data, rig, controls, config)
    training.prepare(9, 0.0)
    training.losses(None)["loss"].backward()
    gradient = training.head.color_changes.grad
    changed = (gradient.abs().sum(dim=2) > 0).numpy()  # (codes, splats)
    mouth, rest = changed[:4].any(axis=0), changed[10:].any(axis=0)
    assert mouth.any()
    assert not (mouth & rest).any()


def test_what_lies_in_empty_space_is_found_and_fades():
    data = talking_head()
    rig, controls, *_ = _rig_and_anchors()
    nose_m = rig.landmarks_m(controls[0])[30]
    points_m = torch.tensor(np.stack([nose_m - [0, 0, 0.01], nose_m + [0.16, 0.1, 0]]), dtype=torch.float32)
    assert in_empty_space(data, lambda row: points_m).tolist() == [False, True]
    unknown = replace(data, known=np.zeros_like(data.known))
    assert not in_empty_space(unknown, lambda row: points_m).any()
    config = SplatAvatarConfig(on_skin=200, in_hair=40, codes=2, steps=10)
    training = SplatTraining(data, rig, controls, config)
    with torch.no_grad():
        training.head.offsets_m[0, 2] = 0.2
    training.prepare(int(10 * CLEARED_AT[0]), 0.0)
    assert torch.sigmoid(training.head.opacity_logits[0]) < 1e-3
    assert (torch.sigmoid(training.head.opacity_logits) > 0.5).float().mean() > 0.5
