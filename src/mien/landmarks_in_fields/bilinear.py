"""Landmarks of a person with an expression: the bilinear model (FLNeRF, eq. 1) and the linear one beside it.

The bilinear model is a Tucker decomposition of the tensor landmarks × expressions × people in which the
landmarks' mode is kept. Plain numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


def unfold(tensor: np.ndarray, mode: int) -> np.ndarray:
    """The tensor as a matrix whose rows run along one mode."""
    return np.moveaxis(tensor, mode, 0).reshape(tensor.shape[mode], -1)


def mode_product(tensor: np.ndarray, matrix: np.ndarray, mode: int) -> np.ndarray:
    """The tensor with one mode multiplied by a matrix (rows × that mode's length)."""
    return np.moveaxis(np.tensordot(matrix, tensor, axes=(1, mode)), 0, mode)


def _leading(tensor: np.ndarray, mode: int, rank: int) -> np.ndarray:
    """The first left singular vectors of an unfolding, (length, rank)."""
    matrix = unfold(tensor, mode)
    _, vectors = np.linalg.eigh(matrix @ matrix.T)
    leading = vectors[:, ::-1][:, :rank]
    # eigenvectors have no sign of their own: the largest entry is made positive
    return leading * np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(rank)])


def partial_tucker(
    tensor: np.ndarray, *, ranks: dict[int, int], sweeps: int = 3
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Tucker decomposition of some modes: HOSVD, then higher-order orthogonal iterations (HOOI).

    Args:
        ranks: mode to rank; the other modes are kept.
        sweeps: HOOI sweeps; 0 is the truncated HOSVD.

    Returns:
        The core, and per mode its orthonormal factor (length, rank): the tensor is about the core multiplied
        by all factors (de Lathauwer et al. 2000).
    """
    factors = {mode: _leading(tensor, mode, rank) for mode, rank in ranks.items()}
    for _ in range(sweeps):
        for mode, rank in ranks.items():
            partly = tensor
            for other, factor in factors.items():
                if other != mode:
                    partly = mode_product(partly, factor.T, other)
            factors[mode] = _leading(partly, mode, rank)
    core = tensor
    for mode, factor in factors.items():
        core = mode_product(core, factor.T, mode)
    return core, factors


@dataclass(frozen=True)
class BilinearModel:
    """Landmarks from weights of expression and identity: core ×(expression) ×(identity).

    Attributes:
        core_m: (L, 3, E, I) metres.
        expression_mean, expression_spread: (E,) of the weights over the training expressions.
        identity_mean, identity_spread: (I,) over the training people.
    """

    core_m: Float[np.ndarray, "landmarks 3 expression identity"]
    expression_mean: Float[np.ndarray, " expression"]
    expression_spread: Float[np.ndarray, " expression"]
    identity_mean: Float[np.ndarray, " identity"]
    identity_spread: Float[np.ndarray, " identity"]

    def landmarks_m(
        self, expression: Float[np.ndarray, " expression"], identity: Float[np.ndarray, " identity"]
    ) -> Float[np.ndarray, "landmarks 3"]:
        """Landmarks in the head's frame, metres (FLNeRF, eq. 1)."""
        return (self.core_m @ identity) @ expression


@dataclass(frozen=True)
class LinearModel:
    """Landmarks as a mean plus identity plus expression: the 3DMM of FLNeRF's Tables 3 and 6.

    Attributes:
        mean_m: (L, 3); expression_m: (E, L, 3); identity_m: (I, L, 3), each for a weight of one standard
            deviation.
    """

    mean_m: Float[np.ndarray, "landmarks 3"]
    expression_m: Float[np.ndarray, "expression landmarks 3"]
    identity_m: Float[np.ndarray, "identity landmarks 3"]

    def landmarks_m(
        self, expression: Float[np.ndarray, " expression"], identity: Float[np.ndarray, " identity"]
    ) -> Float[np.ndarray, "landmarks 3"]:
        """Landmarks in the head's frame, metres."""
        return (
            self.mean_m
            + np.tensordot(expression, self.expression_m, axes=1)
            + np.tensordot(identity, self.identity_m, axes=1)
        )


def fit_bilinear(
    landmarks_m: Float[np.ndarray, "shapes people landmarks 3"],
    activations: Float[np.ndarray, "samples shapes"],
    *,
    expression_rank: int,
    identity_rank: int,
) -> BilinearModel:
    """The bilinear model of people who all make the same expressions.

    Args:
        landmarks_m: the first expression is neutral, each other one a single shape fully on.
        activations: of typical expressions: how far each shape is on (the neutral's own entry is ignored).
            They decide what an expression weight of one standard deviation is.
    """
    shapes, people, count, _ = landmarks_m.shape
    tensor = landmarks_m.reshape(shapes, people, count * 3)
    ranks = {0: min(expression_rank, shapes), 1: min(identity_rank, people)}
    core, factors = partial_tucker(tensor, ranks=ranks)
    mixed = np.concatenate([1 - activations[:, 1:].sum(axis=1, keepdims=True), activations[:, 1:]], axis=1)
    expression = mixed @ factors[0]
    return BilinearModel(
        core_m=np.moveaxis(core, 2, 0).reshape(count, 3, *core.shape[:2]),
        expression_mean=expression.mean(axis=0),
        expression_spread=expression.std(axis=0) + 1e-6,
        identity_mean=factors[1].mean(axis=0),
        identity_spread=factors[1].std(axis=0) + 1e-6,
    )


def fit_linear(
    landmarks_m: Float[np.ndarray, "shapes people landmarks 3"],
    activations: Float[np.ndarray, "samples shapes"],
    *,
    expression_rank: int,
    identity_rank: int,
) -> LinearModel:
    """The linear model of the same people: principal components of neutral faces and of mean
    displacements."""
    neutral = landmarks_m[0]
    offsets = (landmarks_m - neutral).mean(axis=1)  # (shapes, L, 3): the mean person's expressions
    typical = np.tensordot(activations[:, 1:], offsets[1:], axes=1)
    mean = neutral.mean(axis=0) + typical.mean(axis=0)
    return LinearModel(
        mean_m=mean,
        expression_m=_principal(typical, expression_rank),
        identity_m=_principal(neutral, identity_rank),
    )


def _principal(samples: Sequence[np.ndarray] | np.ndarray, rank: int) -> np.ndarray:
    """(rank, L, 3) principal directions scaled to one standard deviation."""
    matrix = np.asarray(samples).reshape(len(samples), -1)
    _, values, directions = np.linalg.svd(matrix - matrix.mean(axis=0), full_matrices=False)
    scaled = directions * (values / np.sqrt(len(matrix)))[:, None]
    return scaled[:rank].reshape(-1, *np.shape(samples)[1:])
