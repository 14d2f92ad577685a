"""The whole studio, where the public assets are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.synthetic.scenes.drawn_face import LABEL_SET, OUTSIDE, VISIBLE
from mien.synthetic.scenes.renderer import Renderer
from mien.synthetic.scenes.studio import Studio
from tests.head_building.shared_assets import ASSETS


def test_missing_assets_are_named(tmp_path: Path):
    with pytest.raises(InputError, match="--assets"):
        Studio(tmp_path, size_px=64)


@pytest.mark.slow
@pytest.mark.skipif(not ASSETS.exists(), reason="ICT-FaceKit and MakeHuman are not here; set MIEN_ASSETS")
def test_labels_lie_on_the_drawn_head(renderer: Callable[[int], Renderer]):
    renderer(32)  # skips where there is no OpenGL
    size_px = 96
    studio = Studio(ASSETS, size_px=size_px)
    ict68 = np.isin(studio.head.landmark_set(LABEL_SET).vertices, studio.head.landmark_set("ict68").vertices)
    for seed in (3, 8):
        sample = studio.shoot(seed)
        assert sample.picture.shape == (size_px, size_px, 3)
        assert sample.points_px.shape == (703, 2)
        inside = np.all((sample.points_px > -0.5) & (sample.points_px < size_px - 0.5), axis=1)
        np.testing.assert_array_equal(inside, sample.visibility != OUTSIDE)
        assert inside[ict68].all()
        # what can be seen lies on the person
        seen = sample.points_px[sample.visibility == VISIBLE].round().astype(int)
        assert len(seen) > 100  # of a profile half under hair
        assert (sample.mask[seen[:, 1], seen[:, 0]] > 0).mean() > 0.97
        assert 0.2 < (sample.mask > 127).mean() < 0.98
        again = studio.shoot(seed)
        np.testing.assert_array_equal(again.picture, sample.picture)
        np.testing.assert_array_equal(again.visibility, sample.visibility)
        assert again.details == sample.details
