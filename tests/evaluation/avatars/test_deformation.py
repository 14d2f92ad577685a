"""Errors of deformation grow with those of the tracker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from mien.avatars.avatar import AvatarFacts
from mien.avatars.field_avatar import FieldAvatar
from mien.avatars.model import AvatarModel
from mien.avatars.rig import rig_of
from mien.avatars.space import head_bounds_m
from mien.evaluation.avatars.deformation import deformation_errors_mm
from mien.fields.grids.occupancy import Occupancy
from tests.avatars.talking_head import talking_head
from tests.avatars.test_avatars import TINY


def test_errors_are_those_of_the_tracked_jaw():
    data = talking_head()
    rig, _ = rig_of(data, points=34)
    model = AvatarModel(TINY, rig, head_bounds_m(rig), observed=Occupancy.full(4), frames=2)
    avatar = FieldAvatar(model, camera=data.camera(0), facts=AvatarFacts())
    right = deformation_errors_mm(avatar, data, data.expression, every=1)
    assert np.median(right) < 0.2  # the mesh is the guide, and the fields have learned nothing yet
    off = data.expression.copy()
    off[:, data.expression_names.index("jawOpen")] += 0.3
    wrong = deformation_errors_mm(avatar, data, off, every=1)
    jaw_mm = 1000 * np.linalg.norm(
        rig.head.expression_shapes_m(rig.identity)[data.expression_names.index("jawOpen")], axis=1
    )
    assert 1 < np.quantile(wrong, 0.95) < 0.3 * jaw_mm.max() + 1
    assert len(wrong) == len(right)


def test_only_held_out_frames_count():
    data = talking_head()
    rig, _ = rig_of(data, points=34)
    model = AvatarModel(TINY, rig, head_bounds_m(rig), observed=Occupancy.full(4), frames=2)
    avatar = FieldAvatar(model, camera=data.camera(0), facts=AvatarFacts())
    one = replace(data, test=np.arange(len(data)) == 3)
    two = replace(data, test=np.isin(np.arange(len(data)), (3, 7)))
    errors = [deformation_errors_mm(avatar, each, data.expression, every=1) for each in (one, two)]
    assert len(errors[1]) == 2 * len(errors[0])
