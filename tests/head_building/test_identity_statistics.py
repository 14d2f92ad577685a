"""Identity statistics: components of known people, a symmetric mean, one Gaussian a source."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.identity_statistics import (
    SHRINKAGE,
    IdentityStatistics,
    identity_mixture,
    principal_components,
    symmetric,
)
from mien.head_building.people import Heads

MIRROR = np.array([1, 0, 2, 3, 5, 4])


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
    drawn = (1 - SHRINKAGE) * np.cov(first.T) + SHRINKAGE * np.eye(3)  # to everybody's
    np.testing.assert_allclose(covariances[0], drawn)
    assert np.linalg.eigvalsh(covariances[1]).min() > 0


def test_symmetric_mean():
    vertices = np.array([[1.0, 0, 0], [-3.0, 2, 0], [0.5, 1, 1]])
    mirror = np.array([1, 0, 2])
    made = symmetric(vertices, mirror)
    np.testing.assert_allclose(made[mirror], made * [-1, 1, 1])
    np.testing.assert_allclose(made, [[2, 1, 0], [-2, 1, 0], [0, 1, 1]])


def drawn(count: int, seed: int, *, modes: np.ndarray) -> Heads:
    """People of three modes of six vertices; what is not decided on (the last two) is twice vertex 2."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(count, len(modes)))
    mean = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0, 0], [-0.5, 0, 0]])
    vertices = mean + np.tensordot(weights, modes, axes=1)
    return Heads(vertices.astype(np.float32), vertices[:, 4:6] * 2)


@pytest.fixture(scope="module")
def statistics() -> tuple[IdentityStatistics, np.ndarray]:
    modes = 0.01 * np.random.default_rng(5).normal(size=(3, 6, 3))
    modes[:, 4] = modes[:, 5] = 2 * modes[:, 2]
    people = drawn(4000, 6, modes=modes), drawn(4000, 7, modes=modes)
    found = IdentityStatistics.of(
        people, mirror=MIRROR, decided_by=np.arange(4), components=3, ict_share=0.5,
        rng=np.random.default_rng(8),
    )  # fmt: skip
    return found, modes


def test_components_are_one_standard_deviation_and_reach_everything(
    statistics: tuple[IdentityStatistics, np.ndarray],
):
    found, modes = statistics
    covariance = np.einsum("ivc,iwd->vcwd", modes, modes)
    again = np.einsum("ivc,iwd->vcwd", found.identity_m, found.identity_m)
    np.testing.assert_allclose(again, covariance, atol=0.08 * np.abs(covariance).max())
    np.testing.assert_allclose(found.identity_m[:, 4], 2 * found.identity_m[:, 2], atol=1e-6)
    np.testing.assert_allclose(found.centres_identity_m[:, 0], 2 * found.identity_m[:, 4], atol=1e-6)
    np.testing.assert_allclose(found.mean_m[MIRROR], found.mean_m * [-1, 1, 1], atol=1e-9)
    _, means, covariances = found.mixture
    np.testing.assert_allclose(means, 0, atol=0.2)
    np.testing.assert_allclose(covariances.mean(axis=0), np.eye(3), atol=0.2)


def test_people_made_of_the_components_are_reproduced_and_others_are_not(
    statistics: tuple[IdentityStatistics, np.ndarray],
):
    found, modes = statistics
    skin = np.arange(4)
    within = found.errors_mm(drawn(50, 9, modes=modes), skin, "known")
    assert within["known_mean_error_mm"] < 0.02 * within["known_mean_head_error_mm"]
    strange = drawn(50, 9, modes=0.01 * np.random.default_rng(10).normal(size=(3, 6, 3)))
    assert found.errors_mm(strange, skin, "new")["new_mean_error_mm"] > 1
