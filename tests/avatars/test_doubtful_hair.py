"""A curtain of the hair's colour above the head is not hair; what the picture cuts off is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.avatars.doubtful_hair import without_doubtful_hair
from tests.avatars.talking_head import talking_head


def _with_alpha(rows: slice, columns: slice):
    data = talking_head(frames=2, size=64)
    intrinsics = data.intrinsics.copy()
    intrinsics[:, 1, 2] += 12  # lower in the picture, with room above
    rgba = np.roll(data.rgba, 12, axis=1)
    rgba[:, :12] = 0
    rgba[:, rows, columns, 3] = 255
    return replace(data, rgba=rgba, intrinsics=intrinsics, known=np.full(rgba.shape[:3], 255, np.uint8))


def test_a_curtain_is_not_known():
    data = _with_alpha(slice(0, 20), slice(26, 40))
    without = without_doubtful_hair(data)
    known = without.known
    assert (without.rgba[:, :6, 27:39, 3] == 0).all()
    assert (without.rgba[:, 40:] == data.rgba[:, 40:]).all()
    assert (known[:, :6, 27:39] == 0).all()
    assert (known[:, 40:] == 255).all()  # the face
    assert (known[:, :10, :15] == 255).all()  # and where the matte says that there is nothing


def test_what_stays_near_the_head_or_away_from_the_edge_is_hair():
    plain = _with_alpha(slice(0, 0), slice(0, 0))
    assert (without_doubtful_hair(plain).known == 255).all()
    bun = _with_alpha(slice(8, 20), slice(26, 40))
    assert (without_doubtful_hair(bun).known == 255).all()
    cut_off = _with_alpha(slice(0, 1), slice(26, 40))
    assert (without_doubtful_hair(cut_off).known == 255).all()
