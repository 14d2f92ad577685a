"""iBUG's points from lifted ones."""

from __future__ import annotations

import numpy as np

from mien.evaluation.lifting.lifted_finder import affine_weights
from mien.heads.library import load_head


def test_one_set_is_told_from_another_by_sums_of_neighbours():
    head = load_head()
    given, wanted = (head.landmark_set(name).vertices for name in ("wflw98", "ibug68"))
    weights = affine_weights("wflw98", "ibug68")
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(weights @ head.mean_m[given], head.mean_m[wanted], atol=1e-9)
    # points that both sets have are taken as they are
    shared = np.isin(wanted, given)
    assert shared.sum() >= 58
    assert np.array_equal(weights[shared].max(axis=1), np.ones(shared.sum()))
    # on other people the others are nearly right
    rng = np.random.default_rng(3)
    for _ in range(3):
        parameters = head.neutral()
        identity = rng.normal(size=head.identity_count)
        points_m = head.vertices_m(type(parameters)(**{**vars(parameters), "identity": identity}))
        away_m = np.linalg.norm(weights @ points_m[given] - points_m[wanted], axis=1)
        assert away_m.max() < 0.004
