"""One head's expressions told by another's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError, LandmarkSetError, ShapeError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.expression_map import ExpressionMap, map_expressions
from mien.heads.expression_map_files import read_expression_map, save_expression_map
from mien.heads.library import load_head
from mien.heads.model import Head
from tests.heads.formats.files import write_flame_pickle
from tests.heads.formats.near_flame import near_flame
from tests.toy_head import toy_head


@pytest.fixture(scope="module")
def flame(tmp_path_factory) -> Head:
    path = tmp_path_factory.mktemp("flame") / "flame2023.pkl"
    write_flame_pickle(path, near_flame().arrays)
    return load_head(path)


@pytest.fixture(scope="module")
def to_itself() -> ExpressionMap:
    return map_expressions(None, None, ridge=0.001)


def some_weights(head: Head, *, frames: int, seed: int) -> np.ndarray:
    weights = np.random.default_rng(seed).uniform(-1, 1, size=(frames, head.expression_count)).clip(0, 1)
    close, jaw = (head.expression_names.index(name) for name in ("mouthClose", "jawOpen"))
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    return weights


def test_a_head_in_terms_of_itself_is_the_identity(to_itself: ExpressionMap):
    head = load_head()
    np.testing.assert_allclose(to_itself.weights, np.eye(head.expression_count), atol=5e-3)
    seen = ~np.isnan(to_itself.residual_mm)
    assert seen.sum() >= 51
    assert to_itself.residual_mm[seen].max() < 0.01
    assert to_itself.explained[seen].min() > 0.9999
    weights = some_weights(head, frames=5, seed=0)
    converted = to_itself.convert(weights)
    np.testing.assert_allclose(converted.weights, weights, atol=0.02)
    assert converted.residual_mm.max() < 0.02


def test_mixtures_moved_turned_and_scaled_are_recovered():
    head, rng = load_head(), np.random.default_rng(1)
    mixing = rng.uniform(size=(6, head.expression_count)) * (rng.random((6, head.expression_count)) < 0.15)
    mixing[:, head.expression_names.index("tongueOut")] = 0  # no point shows it
    turn = 1.2 * matrix_from_rotation_vector(np.array([0.2, -0.3, 0.1]))
    mixed = replace(
        head,
        name="mixed",
        mean_m=head.mean_m @ turn.T + [0.1, 0.2, 0.3],
        expression_basis_m=np.tensordot(mixing, head.expression_basis_m, axes=1) @ turn.T,
        expression_names=tuple("abcdef"),
    )
    found = map_expressions(mixed, None, ridge=1e-3)
    np.testing.assert_allclose(found.weights, mixing, atol=0.02)
    assert found.residual_mm.max() < 0.02
    # Millimetres are those of the head that weights are for, whatever the size of the other.
    back = map_expressions(None, mixed)
    np.testing.assert_allclose(back.motion_mm, 1.2 * map_expressions(None).motion_mm, rtol=1e-6)


def test_flame_and_arkit_there_and_back(flame: Head):
    head = load_head()
    there, back = map_expressions(None, flame), map_expressions(flame, None)
    assert there.to_names[:4] == ("jawOpen", "jawLeft", "jawRight", "flame000Plus")
    # The jaw is a joint there: it, and not components, opens the mouth.
    jaw = head.expression_names.index("jawOpen")
    assert there.weights[jaw, 0] > 0.5
    assert back.weights[0, jaw] > 0.8
    soft = [k for k, name in enumerate(there.from_names) if not name.startswith("jaw")]
    assert np.nanmedian(there.explained[soft]) > 0.97  # no point shows a tongue
    for weights in (there.weights, back.weights):
        assert weights.min() >= 0
        assert weights.max() <= 1
    wanted = 0.5 * some_weights(head, frames=4, seed=2)
    wanted[
        :, [k for k, name in enumerate(head.expression_names) if name.startswith(("jaw", "mouthC", "tongue"))]
    ] = 0
    on_flame = there.convert(wanted)
    returned = back.convert(on_flame.weights)
    assert on_flame.explained.min() > 0.97
    assert returned.explained.min() > 0.97
    assert np.abs(returned.weights - wanted).mean() < 0.05


def test_residuals_are_the_distances_between_the_faces(flame: Head):
    from mien.heads.fittable import fittable_head
    from mien.heads.landmark_sets import landmark_groups

    found = map_expressions(flame, flame)
    weights = np.random.default_rng(3).uniform(0, 1, size=(3, flame.expression_count))
    converted = found.convert(weights)
    fittable = fittable_head(flame)
    dense = fittable.landmark_set("dense703")
    vertices = dense.vertices[np.setdiff1d(landmark_groups("dense703")["face"], dense.missing)]
    offsets_m = np.tensordot(weights - converted.weights, fittable.expression_basis_m[:, vertices], axes=1)
    expected_mm = 1000 * np.sqrt((offsets_m**2).sum(axis=2).mean(axis=1))
    np.testing.assert_allclose(converted.residual_mm, expected_mm, atol=1e-4)


def test_weights_stay_within_their_bounds_and_lost_frames_are_lost(flame: Head):
    found = map_expressions(flame)
    weights = np.full((3, flame.expression_count), 0.9)
    weights[1], weights[2] = np.nan, 0
    converted = found.convert(weights)
    assert converted.weights[0].min() >= 0
    assert converted.weights[0].max() <= 1
    close, jaw = found.to_names.index("mouthClose"), found.to_names.index("jawOpen")
    assert converted.weights[0, close] <= converted.weights[0, jaw]
    assert np.isnan(converted.weights[1]).all()
    assert np.isnan(converted.residual_mm[1])
    np.testing.assert_allclose(converted.weights[2], 0, atol=1e-9)
    assert converted.explained[2] == 1
    single = found.convert(weights[0])
    assert single.weights.shape == (len(found.to_names),)
    np.testing.assert_allclose(single.weights, converted.weights[0])


def test_shapes_that_no_point_sees_go_by_their_names():
    head = load_head()
    tongue = 0 * head.expression_basis_m[:1]
    longer = replace(
        head,
        expression_names=(*head.expression_names, "aTongue"),
        expression_basis_m=np.concatenate([head.expression_basis_m, tongue]),
    )
    found = map_expressions(longer, longer)
    assert found.weights[-1, -1] == 1
    assert np.isnan(found.residual_mm[-1])
    weights = np.zeros(longer.expression_count)
    weights[-1] = 0.7
    np.testing.assert_allclose(found.convert(weights).weights, weights, atol=1e-9)
    assert not map_expressions(longer, None).weights[-1].any()


def test_refusals(flame: Head):
    with pytest.raises(LandmarkSetError, match="dense703"):
        map_expressions(toy_head())
    with pytest.raises(InputError, match="ridge"):
        map_expressions(flame, ridge=-1)
    with pytest.raises(ShapeError, match="expression weights of flame"):
        map_expressions(flame).convert(np.zeros((2, 51)))


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_files_come_back_without_loss(flame: Head, tmp_path: Path, suffix: str):
    found = map_expressions(flame)
    path = save_expression_map(found, tmp_path / f"map.{suffix}")
    back = read_expression_map(path)
    assert (back.from_head, back.from_version) == ("flame", "flame2023")
    assert (back.from_names, back.to_names, back.ridge) == (found.from_names, found.to_names, found.ridge)
    for name in ("weights", "motion_mm", "residual_mm", "gram_mm2", "cross_mm2", "own_mm2"):
        np.testing.assert_array_equal(getattr(back, name), getattr(found, name))
    weights = np.random.default_rng(4).uniform(size=flame.expression_count)
    np.testing.assert_array_equal(back.convert(weights).weights, found.convert(weights).weights)


@pytest.mark.parametrize("content", [b"", b"{}", b"PK nothing", b'{"kind": "fit"}'])
@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_other_files_are_refused(tmp_path: Path, content: bytes, suffix: str):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no expression map"):
        read_expression_map(path)
    with pytest.raises(InputError, match="no such file"):
        read_expression_map(tmp_path / f"missing.{suffix}")
    with pytest.raises(InputError, match="ends in"):
        read_expression_map(tmp_path / "map.csv")
