"""Label translation: exact on linear data, moves and grows with the face, absorbs a constant convention."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import ShapeError
from mien.evaluation.landmarks.label_translation import PENALTIES, LabelTranslation


def _faces(count, seed):
    rng = np.random.default_rng(seed)
    shape = rng.normal(0, 1, (12, 2)) + 0.2 * rng.normal(0, 1, (count, 12, 2))
    return 100 + 300 * rng.random((count, 1, 2)) + rng.uniform(20, 60, (count, 1, 1)) * shape


def _labels(points_px):
    """Labels that a linear map of the normalised points gives exactly, five of them."""
    mixing = np.random.default_rng(9).normal(0, 0.3, (24, 10))
    center = points_px.mean(axis=1, keepdims=True)
    radius = np.sqrt(((points_px - center) ** 2).sum(axis=2).mean(axis=1))[:, None, None]
    flat = ((points_px - center) / radius).reshape(len(points_px), -1)
    return (flat @ mixing + 0.3).reshape(-1, 5, 2) * radius + center


def test_exact_on_linear_data():
    train, test = _faces(80, 1), _faces(20, 2)
    translation = LabelTranslation.fit(train, _labels(train), penalty=1e-9)
    assert np.allclose(translation(test), _labels(test), atol=1e-4)


def test_translated_labels_move_and_grow_with_the_face():
    train, test = _faces(60, 1), _faces(5, 2)
    translation = LabelTranslation.fit(train, _labels(train), penalty=0.1)
    assert np.allclose(translation(3 * test + 7), 3 * translation(test) + 7)


def test_noise_asks_for_a_penalty_that_helps():
    rng = np.random.default_rng(3)
    train, test = _faces(40, 1), _faces(200, 2)
    noisy = _labels(train) + rng.normal(0, 15, (40, 5, 2))
    chosen = LabelTranslation.fit(train, noisy)
    bare = LabelTranslation.fit(train, noisy, penalty=PENALTIES[0])
    errors = [np.abs(each(test) - _labels(test)).mean() for each in (chosen, bare)]
    assert chosen.penalty > PENALTIES[0]
    assert errors[0] < errors[1]


def test_grouped_folds_choose_from_people_apart():
    train = _faces(40, 1)
    labels = _labels(train)
    translation = LabelTranslation.fit(train, labels, groups=[str(index // 8) for index in range(40)])
    assert translation.penalty in PENALTIES


def test_label_counts_must_agree():
    with pytest.raises(ShapeError):
        LabelTranslation.fit(_faces(3, 0)[:1], _faces(1, 0), penalty=1.0)
