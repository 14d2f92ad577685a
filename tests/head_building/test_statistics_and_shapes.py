"""Identity statistics, and ICT-FaceKit's shapes under ARKit's names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.head_building.arkit_shapes import arkit_shapes, close_eyes
from mien.head_building.identity_statistics import (
    identity_mixture,
    principal_components,
    symmetric,
)
from mien.heads.library import load_head
from tests.head_building.assets import fake_ict


def test_principal_components_of_known_directions():
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(300, 4)))[0]
    spread = np.array([9.0, 5.0, 3.0, 2.0])
    rows = np.linalg.qr(rng.normal(size=(80, 4)))[0] * spread @ directions.T
    basis, singular = principal_components(rows.astype(np.float32), 4, rng)
    np.testing.assert_allclose(singular, spread, rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.einsum("dk,dk->k", basis, directions)), 1, atol=1e-4)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-5)


def test_mixture_has_one_gaussian_a_source():
    rng = np.random.default_rng(1)
    first, second = rng.normal(2, 1, (400, 3)), rng.normal(-1, 0.5, (400, 3))
    weights, means, covariances = identity_mixture(np.concatenate([first, second]), 0.6)
    np.testing.assert_allclose(weights, [0.6, 0.4])
    np.testing.assert_allclose(means, [[2, 2, 2], [-1, -1, -1]], atol=0.2)
    assert np.trace(covariances[0]) == pytest.approx(np.trace(np.cov(first.T)))
    assert np.linalg.eigvalsh(covariances[1]).min() > 0


def test_symmetric_mean():
    vertices = np.array([[1.0, 0, 0], [-3.0, 2, 0], [0.5, 1, 1]])
    mirror = np.array([1, 0, 2])
    made = symmetric(vertices, mirror)
    np.testing.assert_allclose(made[mirror], made * [-1, 1, 1])
    np.testing.assert_allclose(made, [[2, 1, 0], [-2, 1, 0], [0, 1, 1]])


def test_shapes_have_arkit_names_in_order():
    wanted = load_head().expression_names
    merged = ("browInnerUp", "cheekPuff")
    upstream = []
    for name in wanted:
        if name in merged:
            upstream += [f"{name}_L", f"{name}_R"]
        elif name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            upstream.append(name)
        else:
            upstream.append(name.replace("Left", "_L").replace("Right", "_R"))
    assert len(upstream) == 53
    carried = np.zeros((53, 1, 3))
    carried[:, 0, 0] = 2.0 ** -np.arange(53)
    ict = replace(fake_ict(), expression_names=tuple(upstream))
    names, shapes = arkit_shapes(ict, carried)
    assert names == wanted
    for name, shape in zip(names, shapes, strict=True):
        sources = [f"{name}_L", f"{name}_R"] if name in merged else [upstream[wanted.index(name)]]
        if name not in merged:
            sources = [u for u in upstream if u.replace("_L", "Left").replace("_R", "Right") == name]
        assert shape[0, 0] == sum(carried[upstream.index(u), 0, 0] for u in sources)


@pytest.mark.parametrize(("strength", "closes"), [(0.85, True), (1.5, True), (0.4, False)])
def test_blinks_are_scaled_until_the_lids_meet(strength: float, closes: bool):
    ibug = np.arange(68)
    mean_m = np.zeros((68, 3))
    mean_m[[37, 38, 43, 44], 1] = 0.010
    names = ("eyeBlinkLeft", "eyeBlinkRight")
    expression = np.zeros((2, 68, 3))
    expression[0, [43, 44], 1] = expression[1, [37, 38], 1] = -0.010 * strength
    before = expression.copy()
    close_eyes(expression, names, mean_m, ibug)
    gap_m = mean_m[43, 1] + expression[0, 43, 1]
    assert (gap_m < 0) == closes
    if strength > 1:  # already closed: left as it is
        np.testing.assert_array_equal(expression, before)
    else:
        assert np.abs(expression / np.where(before == 0, 1, before)).max() <= 1.35 + 1e-9
