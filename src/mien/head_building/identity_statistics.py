"""Identity statistics over people of both sources: mean, principal components and a mixture prior."""

from __future__ import annotations

import numpy as np


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


def identity_mixture(coordinates: np.ndarray, ict_share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One Gaussian a source: a mixture prior whose components are known, not guessed."""
    halves = np.split(coordinates, 2)
    means = np.stack([h.mean(axis=0) for h in halves])
    covariances = []
    for half in halves:
        covariance = np.cov(half.T)
        covariances.append(
            0.9 * covariance + 0.1 * np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
        )
    return np.array([ict_share, 1 - ict_share]), means, np.stack(covariances)
