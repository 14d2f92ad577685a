"""From a network's landmarks to the way a dataset labels faces, for benchmarks only.

Datasets disagree with each other, and with any head model, about where a jaw point or a brow point lies. A
small linear regressor, fitted on a part of the dataset that is not measured on, takes that difference away
(Wood et al. 2021, "Fake It Till You Make It", §4; Wood et al. 2022, §4.1). The product never uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import ShapeError

PENALTIES = tuple(10.0**exponent for exponent in np.arange(-4, 2.01, 0.5))
"""Ridge penalties that are tried when none is given."""


@dataclass(frozen=True)
class LabelTranslation:
    """A linear map from normalised landmarks to normalised labels.

    Both are normalised by the predicted landmarks: minus their mean, over their root-mean-square radius.

    Attributes:
        weights: (2L, 2K) and offset (2K,).
        feature_mean: (2L,) subtracted from the features.
        penalty: ridge penalty used.
    """

    weights: Float[np.ndarray, "features outputs"]
    offset: Float[np.ndarray, " outputs"]
    feature_mean: Float[np.ndarray, " features"]
    penalty: float

    @staticmethod
    def fit(
        points_px: Float[np.ndarray, "faces landmarks 2"],
        labels_px: Float[np.ndarray, "faces labels 2"],
        *,
        penalty: float | None = None,
        groups: Sequence[str] | None = None,
    ) -> LabelTranslation:
        """Ridge regression from predictions to labels.

        Args:
            points_px: predicted landmarks.
            labels_px: the dataset's labels of the same faces.
            penalty: ridge penalty; the best of `PENALTIES` in cross-validation when None.
            groups: who each face is: cross-validation keeps a group's faces together.

        Raises:
            ShapeError: different numbers of faces, or fewer than two.
        """
        if len(points_px) != len(labels_px) or len(points_px) < 2:
            raise ShapeError("labels", expected=f"({len(points_px)} ≥ 2, K, 2)", actual=labels_px.shape)
        center_px, radius_px = _frames(points_px)
        features = ((points_px - center_px) / radius_px).reshape(len(points_px), -1)
        outputs = ((labels_px - center_px) / radius_px).reshape(len(labels_px), -1)
        if penalty is None:
            penalty = _best_penalty(features, outputs, _folds(len(features), groups))
        weights, offset, feature_mean = _ridge(features, outputs, [penalty])[0]
        return LabelTranslation(weights, offset, feature_mean, penalty)

    def __call__(
        self, points_px: Float[np.ndarray, "faces landmarks 2"]
    ) -> Float[np.ndarray, "faces labels 2"]:
        """The labels, in pixels, that the dataset would give faces with these landmarks."""
        center_px, radius_px = _frames(points_px)
        features = ((points_px - center_px) / radius_px).reshape(len(points_px), -1)
        outputs = (features - self.feature_mean) @ self.weights + self.offset
        return outputs.reshape(len(points_px), -1, 2) * radius_px + center_px


def _frames(points_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 1, 2) mean and (N, 1, 1) root-mean-square radius of every face's points."""
    center_px = points_px.mean(axis=1, keepdims=True)
    square = ((points_px - center_px) ** 2).sum(axis=2).mean(axis=1)
    return center_px, np.sqrt(square)[:, None, None]


def _ridge(
    features: np.ndarray, outputs: np.ndarray, penalties: Sequence[float]
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Weights, offset and feature mean for each penalty, from one decomposition."""
    feature_mean, offset = features.mean(axis=0), outputs.mean(axis=0)
    left, singular, right = np.linalg.svd(features - feature_mean, full_matrices=False)
    projected = left.T @ (outputs - offset)
    return [
        (right.T @ (projected * (singular / (singular**2 + penalty))[:, None]), offset, feature_mean)
        for penalty in penalties
    ]


def _folds(count: int, groups: Sequence[str] | None, *, most: int = 5) -> np.ndarray:
    """(N,) number of each face's fold; a group lies in one fold."""
    names = np.arange(count) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    return names % most


def _best_penalty(features: np.ndarray, outputs: np.ndarray, folds: np.ndarray) -> float:
    """The penalty with the least mean point error on faces left out."""
    errors = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        kept = folds != fold
        if kept.sum() < 2:
            continue
        for index, (weights, offset, mean) in enumerate(_ridge(features[kept], outputs[kept], PENALTIES)):
            wrong = (features[~kept] - mean) @ weights + offset - outputs[~kept]
            errors[index] += np.linalg.norm(wrong.reshape(len(wrong), -1, 2), axis=2).mean(axis=1).sum()
    return PENALTIES[int(np.argmin(errors))]
