"""The lower border of a head, and the lid that closes it."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.synthetic.scenes.neck import NeckLid, neck_border
from mien.synthetic.scenes.renderer import DrawItem


def test_the_neck_has_one_lower_border_and_a_lid_that_looks_down():
    head = load_head()
    edges = neck_border(head)
    assert (np.unique(edges, return_counts=True)[1] == 2).all()  # a closed ring
    skin = DrawItem("skin", np.zeros((0, 3)), np.zeros((0, 3)), 0, tint=(0.5, 0.5, 0.5))
    lid = NeckLid(head, head.uv[head.uv_triangles]).item(head.mean_m, skin, np.full((8, 8, 3), 255, np.uint8))
    assert lid.position_m[:, 1].max() < head.mean_m[:, 1].min() + 0.045
    assert (lid.normal[:, 1] < 0).all()
    assert lid.tint == pytest.approx((0.5, 0.5, 0.5))
