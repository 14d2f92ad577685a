"""Local fields: where they reach, what they see, and that gradients reach them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.avatars.config import AvatarConfig
from mien.avatars.local_fields import LocalFields, encoding_window, matched_hidden
from mien.avatars.rig import AvatarControls, AvatarRig, controls_of
from mien.errors import InputError
from mien.heads.library import load_head

CENTRES = torch.tensor([[[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]]])


def _two_fields() -> LocalFields:
    torch.manual_seed(0)
    masks = torch.tensor([[True, False, True], [False, True, True]])
    fields = LocalFields(masks, hidden=8, frequencies=3, radius_m=0.01, cutoff=1e-2)
    torch.nn.init.normal_(fields.last)
    return fields


def _ask(fields: LocalFields, points: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
    learned, _, _ = fields(
        points,
        torch.zeros(len(points), dtype=torch.long),
        centres_m=CENTRES,
        conditions=conditions,
        window=encoding_window(3, 1.0),
        centre_motion_m=torch.zeros_like(CENTRES),
    )
    return learned.detach()


def test_fields_end_where_equation_9_is_cut_off():
    fields = _two_fields()
    assert fields.reach_m == pytest.approx(0.01 * np.sqrt(-2 * np.log(0.01)))
    near, far = torch.tensor([[0.005, 0.0, 0.0]]), torch.tensor([[0.0, fields.reach_m * 1.01, 0.0]])
    conditions = torch.ones(1, 3)
    assert _ask(fields, near, conditions).abs().max() > 0
    assert _ask(fields, far, conditions).abs().max() == 0


def test_a_field_does_not_see_what_its_mask_hides():
    fields = _two_fields()
    at_first, at_second = torch.tensor([[0.002, 0.0, 0.0]]), torch.tensor([[0.102, 0.0, 0.0]])
    rest, changed = torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 0.0]])
    torch.testing.assert_close(_ask(fields, at_first, rest), _ask(fields, at_first, changed))
    assert not torch.allclose(_ask(fields, at_second, rest), _ask(fields, at_second, changed))


def test_conditions_of_one_field_alone():
    fields = _two_fields()
    points = torch.tensor([[0.002, 0.0, 0.0], [0.102, 0.0, 0.0]])
    plain = torch.zeros(1, 2, 3)
    injected = plain.clone()
    injected[0, 1, 1] = 1.0
    before, after = _ask(fields, points, plain), _ask(fields, points, injected)
    torch.testing.assert_close(before[0], after[0])
    assert not torch.allclose(before[1], after[1])


def test_frequencies_come_in_one_after_the_other():
    assert encoding_window(4, 0.0).sum() == 0
    torch.testing.assert_close(encoding_window(4, 1.0), torch.ones(4))
    half = encoding_window(4, 0.5)
    assert half[0] == 1
    assert half[3] == 0


@pytest.mark.parametrize("count", [1, 5])
def test_fewer_fields_have_as_many_parameters(count: int):
    inputs = 63 + 91
    width = matched_hidden(inputs, fields=count, hidden=40)

    def parameters(fields: int, hidden: int) -> int:
        return fields * (inputs * hidden + hidden + hidden * hidden + hidden + 3 * hidden + 3)

    assert parameters(34, 40) == 270_742  # appendix A: three layers of 40 for 34 landmarks
    assert parameters(count, width) == pytest.approx(270_742, rel=0.02)


def test_attention_masks_of_arkit_shapes():
    rig = AvatarRig(np.zeros(load_head().identity_count), points=34)
    absolute = rig.attention("absolute", threshold=0.01, reach_m=0.015)
    quantile = rig.attention("quantile", threshold=0.01, reach_m=0.015)
    assert absolute.mean() < quantile.mean()  # the paper's rule hides only what does not move at all
    names = rig.head.expression_names
    left_eye = next(i for i, group in enumerate(rig.groups) if group == (44,))
    assert absolute[left_eye, names.index("eyeBlinkLeft")]
    assert not absolute[left_eye, names.index("eyeBlinkRight")]
    assert not absolute[left_eye, names.index("jawOpen")]


def test_turned_eyes_become_weights():
    names = load_head().expression_names
    joints = np.zeros((4, 3))
    joints[2, 0] = 0.25  # the left eye looks down
    weights = controls_of(np.zeros(len(names)), joints, names).weights
    assert weights[names.index("eyeLookDownLeft")] == pytest.approx(0.5)
    assert np.count_nonzero(weights) == 1


def test_motion_of_the_mesh_takes_the_lip_back():
    rig = AvatarRig(np.zeros(load_head().identity_count), points=34)
    weights = np.zeros(len(rig.head.expression_names))
    weights[rig.head.expression_names.index("jawOpen")] = 1.0
    surface = rig.posed(AvatarControls(weights, np.zeros((2, 3))))
    motion_m, distance_m = surface.motion_m(surface.vertices_m)
    assert distance_m.max() < 1e-6
    off_mm = 1000 * np.linalg.norm(surface.vertices_m + motion_m - rig.canonical_m, axis=1)
    assert np.median(off_mm) < 0.2
    assert np.abs(surface.to_canonical_m).max() > 0.02


def test_unknown_variants_are_refused():
    with pytest.raises(InputError, match="nerface"):
        AvatarConfig.variant("nobody")
