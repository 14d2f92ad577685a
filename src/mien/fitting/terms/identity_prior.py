"""Likely identities: a standard normal, or the head's own Gaussian mixture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from mien.fitting.scene.head_state import HeadState
from mien.heads.model import Head
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True, eq=False)
class NormalIdentityTerm:
    """½ ‖β / deviation‖²."""

    deviation: float
    name: str = "identity"

    def cost(self, state: HeadState) -> float:
        identity = state.x[state.scene.unknowns.identity]
        return 0.5 * float(identity @ identity) / self.deviation**2

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        columns = state.scene.unknowns.identity
        identity = state.x[columns] / self.deviation
        normal.add_diagonal(columns, identity, np.full_like(identity, 1 / self.deviation))


@dataclass(frozen=True, eq=False)
class MixtureIdentityTerm:
    """−log Σ γ N(β | ν, Σ) (Wood et al. 2022, §3.2), up to the constant of the best component.

    The Hessian is the responsibility-weighted precision, an upper bound of the true one as in
    expectation–maximisation, so it is always positive definite.

    Attributes:
        log_scales: (G,) log γ − ½ log det Σ, shifted so that the largest is 0.
        means: (G, I).
        precisions: (G, I, I).
        deviation: as for the normal prior; the energy is divided by its square.
    """

    log_scales: Float[np.ndarray, " components"]
    means: Float[np.ndarray, "components identity"]
    precisions: Float[np.ndarray, "components identity identity"]
    deviation: float = 1.0
    name: str = "identity"

    def _pulls(self, state: HeadState) -> tuple[np.ndarray, np.ndarray, float]:
        offsets = state.x[state.scene.unknowns.identity] - self.means
        pulls = np.matmul(self.precisions, offsets[:, :, None])[:, :, 0]
        logs = self.log_scales - 0.5 * (offsets * pulls).sum(axis=1)
        top = logs.max()
        shares = np.exp(logs - top)
        cost = -(top + np.log(shares.sum())) / self.deviation**2
        return pulls, shares / shares.sum(), float(cost)

    def cost(self, state: HeadState) -> float:
        return self._pulls(state)[2]

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        pulls, responsibilities, cost = self._pulls(state)
        columns = state.scene.unknowns.identity
        responsibilities = responsibilities / self.deviation**2
        normal.gradient[columns] += responsibilities @ pulls
        normal.sparse[columns, columns] += np.tensordot(responsibilities, self.precisions, axes=1)
        normal.cost += cost


def identity_term(head: Head, *, deviation: float) -> NormalIdentityTerm | MixtureIdentityTerm:
    """The head's mixture prior when it has one, else a standard normal."""
    mixture = _mixture(head)
    if mixture is None:
        return NormalIdentityTerm(deviation)
    return MixtureIdentityTerm(*mixture, deviation=deviation)


@lru_cache(maxsize=4)
def _mixture(head: Head) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    if head.identity_mixture is None:
        return None
    weights, means, covariances = (np.asarray(part, float) for part in head.identity_mixture)
    precisions = np.linalg.inv(covariances)
    logs = np.log(np.maximum(weights, 1e-300)) - 0.5 * np.linalg.slogdet(covariances)[1]
    return logs - logs.max(), means, (precisions + precisions.transpose(0, 2, 1)) / 2
