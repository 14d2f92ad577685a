"""Identity statistics over people of both sources: mean, principal components and a mixture prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.people import Heads

SHRINKAGE = 0.8
"""How far each source's covariance is drawn to that of all people, which is the identity. Landmarks that a
network finds do not tell which source somebody is like: with 0.1 fits to them are 5 % worse than with a plain
normal prior, though those to exact landmarks are 8 % better."""

Mixture = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class IdentityStatistics:
    """How people differ.

    Attributes:
        mean_m: (V, 3) symmetric; identity_m: (I, V, 3) displacement for one standard deviation.
        centres_m: (2, 3) the eyeballs' centres; centres_identity_m: (I, 2, 3).
        mixture: weights, means and covariances of the prior.
        decided_by: (S,) vertices whose variance the components explain; directions: (3 S, I) orthonormal.
    """

    mean_m: np.ndarray
    identity_m: np.ndarray
    centres_m: np.ndarray
    centres_identity_m: np.ndarray
    mixture: Mixture
    decided_by: np.ndarray
    directions: np.ndarray

    @staticmethod
    def of(
        people: tuple[Heads, Heads],
        *,
        mirror: np.ndarray,
        decided_by: np.ndarray,
        components: int,
        ict_share: float,
        rng: np.random.Generator,
    ) -> IdentityStatistics:
        """Principal components of the skin, which all else follows.

        Args:
            people: of ICT-FaceKit and of MakeHuman, equally many.
            mirror: (V,) partners; decided_by: (S,) vertices that the components are told from.
            ict_share: weight of ICT-FaceKit's people.
        """
        count = len(people[0].vertices_m)
        shares = np.repeat([ict_share / count, (1 - ict_share) / count], count)
        everyone = np.concatenate([heads.vertices_m for heads in people]).reshape(2 * count, -1)
        centres = np.concatenate([heads.eye_centres_m for heads in people]).reshape(2 * count, -1)
        mean_m = symmetric((shares @ everyone).reshape(-1, 3), mirror)
        centres_m = (shares @ centres).reshape(2, 3)
        centres_m = (centres_m + centres_m[::-1] * [-1, 1, 1]) / 2
        rows = everyone - mean_m.reshape(-1).astype(np.float32)
        weight = np.sqrt(shares)[:, None].astype(np.float32)
        columns = (3 * decided_by[:, None] + np.arange(3)).ravel()
        directions, singular = principal_components(weight * rows[:, columns], components, rng)
        coordinates = rows[:, columns] @ (directions / singular)
        # What a weight of one does to every vertex, least squares over the people themselves.
        gram = coordinates.T @ (shares[:, None] * coordinates)
        towards = np.linalg.solve(gram, (coordinates * shares[:, None]).T)
        identity_m = (towards.astype(np.float32) @ rows).astype(float).reshape(components, -1, 3)
        centres_identity = towards @ (centres - centres_m.reshape(-1))
        return IdentityStatistics(
            mean_m=mean_m,
            identity_m=identity_m,
            centres_m=centres_m,
            centres_identity_m=centres_identity.reshape(components, 2, 3),
            mixture=identity_mixture(coordinates, ict_share),
            decided_by=decided_by,
            directions=directions,
        )

    def errors_mm(self, heads: Heads, skin: np.ndarray, name: str) -> dict[str, float]:
        """How far the head is from people it was not learned from, all components in use, millimetres: mean,
        95 % quantile, and with the mean head alone."""
        count = len(heads.vertices_m)
        own_m = heads.vertices_m[:, self.decided_by] - self.mean_m[self.decided_by]
        flat = own_m.reshape(count, -1)
        left_m = (flat - (flat @ self.directions) @ self.directions.T).reshape(own_m.shape)
        at = np.isin(self.decided_by, skin)
        error_mm = 1000 * np.linalg.norm(left_m[:, at], axis=2)
        mean_mm = 1000 * np.linalg.norm(own_m[:, at], axis=2)
        return {
            f"{name}_mean_error_mm": round(float(error_mm.mean()), 3),
            f"{name}_95_percent_error_mm": round(float(np.percentile(error_mm, 95)), 3),
            f"{name}_mean_head_error_mm": round(float(mean_mm.mean()), 3),
        }


def symmetric(vertices_m: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    return (vertices_m + vertices_m[mirror] * [-1.0, 1.0, 1.0]) / 2


def principal_components(
    rows: np.ndarray, components: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Leading right singular vectors (D, K) and singular values (K,) of rows (N, D).

    By a randomised range finder with power iterations (Halko, Martinsson & Tropp 2011, algorithm 4.4).
    """
    sketch = rows.T @ rng.normal(size=(len(rows), components + 40)).astype(np.float32)
    for _ in range(3):
        sketch, _ = np.linalg.qr(sketch)
        sketch = rows.T @ (rows @ sketch)
    sketch, _ = np.linalg.qr(sketch)
    _, singular, small = np.linalg.svd(rows @ sketch, full_matrices=False)
    return (sketch @ small.T)[:, :components].astype(float), singular[:components].astype(float)


def identity_mixture(coordinates: np.ndarray, ict_share: float) -> Mixture:
    """One Gaussian a source: a mixture prior whose components are known, not guessed."""
    halves = np.split(coordinates, 2)
    means = np.stack([h.mean(axis=0) for h in halves])
    covariances = []
    for half in halves:
        covariance = np.cov(half.T)
        covariances.append((1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(len(covariance)))
    return np.array([ict_share, 1 - ict_share]), means, np.stack(covariances)
