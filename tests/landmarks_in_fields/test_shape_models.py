"""Tucker decomposition, bilinear and linear model, Wing loss, position encoding, rotations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.landmarks_in_fields.bilinear import (
    fit_bilinear,
    fit_linear,
    mode_product,
    partial_tucker,
    unfold,
)
from mien.landmarks_in_fields.decoders import rotation_from_6d
from mien.landmarks_in_fields.network import wing_of
from mien.landmarks_in_fields.position_encoding import CHANNELS, encode_positions, encoded_grid
from mien.landmarks_in_fields.wing import OMEGA, millimetres_of_wing, wing


def low_rank(rng: np.random.Generator, noise: float = 0.0) -> np.ndarray:
    core = rng.normal(size=(3, 4, 12))
    tensor = mode_product(mode_product(core, rng.normal(size=(9, 3)), 0), rng.normal(size=(11, 4)), 1)
    return tensor + noise * rng.normal(size=tensor.shape)


def test_mode_product_and_unfold_agree_with_einsum():
    rng = np.random.default_rng(0)
    tensor, matrix = rng.normal(size=(3, 4, 5)), rng.normal(size=(6, 4))
    np.testing.assert_allclose(mode_product(tensor, matrix, 1), np.einsum("ijk,aj->iak", tensor, matrix))
    np.testing.assert_allclose(unfold(mode_product(tensor, matrix, 1), 1), matrix @ unfold(tensor, 1))


def test_tucker_of_a_low_rank_tensor_is_exact_and_keeps_the_other_mode():
    tensor = low_rank(np.random.default_rng(1))
    core, factors = partial_tucker(tensor, ranks={0: 3, 1: 4})
    assert core.shape == (3, 4, 12)
    rebuilt = mode_product(mode_product(core, factors[0], 0), factors[1], 1)
    np.testing.assert_allclose(rebuilt, tensor, atol=1e-9)
    for factor in factors.values():
        np.testing.assert_allclose(factor.T @ factor, np.eye(factor.shape[1]), atol=1e-9)


def test_hooi_is_never_worse_than_hosvd_and_as_good_as_a_direct_optimum():
    rng = np.random.default_rng(2)
    tensor = low_rank(rng, noise=1.0)

    def error(sweeps: int) -> float:
        core, factors = partial_tucker(tensor, ranks={0: 2, 1: 2}, sweeps=sweeps)
        rebuilt = mode_product(mode_product(core, factors[0], 0), factors[1], 1)
        return float(np.linalg.norm(rebuilt - tensor))

    assert error(8) <= error(1) + 1e-9 <= error(0) + 2e-9
    # reference: alternate exact least squares, each by a full SVD of the explicitly projected tensor
    best = np.inf
    for _ in range(6):
        u, v = (np.linalg.qr(rng.normal(size=(n, 2)))[0] for n in tensor.shape[:2])
        for _ in range(60):
            u = np.linalg.svd(np.einsum("ijk,jb->ibk", tensor, v).reshape(9, -1), full_matrices=False)[0][
                :, :2
            ]
            v = np.linalg.svd(np.einsum("ijk,ia->jak", tensor, u).reshape(11, -1), full_matrices=False)[0][
                :, :2
            ]
        best = min(
            best, float(np.linalg.norm(np.einsum("ijk,ia,la,jb,mb->lmk", tensor, u, u, v, v) - tensor))
        )
    assert error(60) == pytest.approx(best, rel=1e-3)


def people(rng: np.random.Generator, *, personal: float) -> tuple[np.ndarray, np.ndarray]:
    """(shapes, people, L, 3) and activations; `personal`: how much expressions depend on the person."""
    identity = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 24)).reshape(3, -1) * 0.004
    shapes = rng.normal(size=(5, 24)) * 0.005
    shapes[0] = 0
    mean = rng.normal(size=24) * 0.05
    gain = 1 + personal * identity[:, :5].T / identity[:, :5].std()
    landmarks = mean + identity[None] + gain[..., None] * shapes[:, None]
    return landmarks.reshape(5, 40, 8, 3), np.concatenate([np.zeros((60, 1)), rng.random((60, 4))], axis=1)


def test_bilinear_follows_expressions_that_depend_on_the_person_and_linear_cannot():
    shapes, activations = people(np.random.default_rng(3), personal=0.4)
    bilinear = fit_bilinear(shapes, activations, expression_rank=5, identity_rank=12)
    linear = fit_linear(shapes, activations, expression_rank=4, identity_rank=12)
    assert bilinear.core_m.shape == (8, 3, 5, 12)
    truth = shapes[3, 7]  # shape 3 fully on, person 7
    design = bilinear.core_m.reshape(24, -1)
    weights, *_ = np.linalg.lstsq(design, truth.ravel(), rcond=None)
    np.testing.assert_allclose(design @ weights, truth.ravel(), atol=1e-6)
    # the linear model's person 7: best identity for the neutral face, best expression for the mean person
    flat = linear.identity_m.reshape(len(linear.identity_m), -1)
    mean = linear.landmarks_m(np.zeros(len(linear.expression_m)), np.zeros(len(flat)))
    assert mean.shape == (8, 3)
    offsets = (shapes - shapes[0]).mean(axis=1)
    assert np.abs(shapes[0, 7] + offsets[3] - truth).max() > 2e-4


def test_bilinear_weights_are_centred_on_typical_expressions():
    shapes, activations = people(np.random.default_rng(4), personal=0.2)
    model = fit_bilinear(shapes, activations, expression_rank=5, identity_rank=10)
    typical = model.landmarks_m(model.expression_mean, model.identity_mean)
    mean_on = activations.mean(axis=0)
    expected = shapes[0].mean(axis=0) + np.tensordot(mean_on, (shapes - shapes[0]).mean(axis=1), axes=1)
    np.testing.assert_allclose(typical, expected, atol=2e-4)


@pytest.mark.parametrize("millimetres", [0.0, 0.3, 1.45, 5.9, 80.0, 950.0, 1500.0])
def test_wing_is_taken_back_to_millimetres_exactly(millimetres: float):
    point = np.zeros((1, 3))
    value = wing(point + millimetres / 1000, point).mean()
    assert millimetres_of_wing(float(value)) == pytest.approx(millimetres, abs=1e-9)


def test_wing_of_the_papers_table():
    # 0.72 in Table 1 is 1.45 mm a coordinate
    assert millimetres_of_wing(0.072) == pytest.approx(1.45, abs=0.01)
    # eq. 4 joins at omega
    below, above = (
        wing(np.full((1, 3), 0.1 * OMEGA - 1e-9), np.zeros((1, 3))),
        wing(np.full((1, 3), 0.1 * OMEGA + 1e-9), np.zeros((1, 3))),
    )
    np.testing.assert_allclose(below, above, atol=1e-6)


def test_differentiable_wing_is_the_same():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 68, 3)) * 0.6, rng.normal(size=(2, 68, 3)) * 0.6
    torch.testing.assert_close(
        wing_of(torch.from_numpy(a), torch.from_numpy(b)), torch.from_numpy(wing(a, b).mean(axis=(1, 2)))
    )


def test_position_encoding_has_27_channels_and_starts_with_the_position():
    places = torch.rand(5, 3)
    encoded = encode_positions(places)
    assert encoded.shape == (5, CHANNELS) == (5, 27)
    torch.testing.assert_close(encoded[:, :3], places)
    torch.testing.assert_close(encoded[:, 3:6], (torch.pi * places).sin())
    torch.testing.assert_close(encoded[:, 24:], (8 * torch.pi * places).cos())
    grid = encoded_grid(4)
    assert grid[0, 3, 0, 0] == pytest.approx(0.875)
    assert grid[2, 0, 0, 3] == pytest.approx(0.875)


def test_six_numbers_make_rotations():
    rotation = rotation_from_6d(torch.randn(20, 6))
    torch.testing.assert_close(
        rotation @ rotation.transpose(1, 2), torch.eye(3).expand(20, 3, 3), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(20), atol=1e-5, rtol=0)
