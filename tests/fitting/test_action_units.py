"""Action units of fits, frames and tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mien
from mien.fitting.arkit_weights import arkit_weights
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.heads.library import load_head
from mien.heads.model import Head
from tests.fitting.scenes import exact_landmarks, some_parameters
from tests.heads.formats.near_flame import near_flame


@pytest.fixture
def fit(head: Head, camera):
    landmarks = exact_landmarks(head, some_parameters(head, seed=1), camera)
    return fit_landmarks(landmarks, camera, context=Context(head))


def track_of(fit, expression: np.ndarray, tracked: np.ndarray) -> mien.HeadTrack:
    frames, parameters = len(expression), fit.parameters
    return mien.HeadTrack(
        times_s=np.arange(frames) / 25,
        identity=parameters.identity,
        expression=expression,
        joint_rotations=np.tile(parameters.joint_rotations, (frames, 1, 1)),
        root_rotation=np.tile(parameters.root_rotation, (frames, 1)),
        root_translation_m=np.tile(parameters.root_translation_m, (frames, 1)),
        tracked=tracked,
        camera=fit.camera,
        points_px=np.zeros((frames, 3, 2)),
        sigma_px=np.ones((frames, 3)),
        set_name="toy",
        head_name=fit.head_name,
        head_version=fit.head_version,
        frames_per_second=25.0,
    )


def test_of_a_fit_and_its_weights(head: Head, fit):
    units = mien.action_units(fit, head=head)
    named = units.named()
    smile = [head.expression_names.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    expected = np.clip(fit.parameters.expression[smile], 0, 1)
    assert named["AU12"] == pytest.approx(expected.max())
    assert units.left[units.labels.index("AU12")] == pytest.approx(expected[0])
    assert np.isnan(named["AU9"])  # the toy has no nose to wrinkle
    weights = arkit_weights(fit, context=Context(head))
    of_weights = mien.action_units(weights).named()
    assert of_weights["AU12"] == pytest.approx(
        max(weights.named()[f"mouthSmile{s}"] for s in ("Left", "Right"))
    )


def test_of_a_track_lost_frames_have_none(head: Head, fit):
    expression = np.zeros((4, head.expression_count))
    expression[:, head.expression_names.index("jawOpen")] = (0, 0.3, 0.6, 1.2)
    track = track_of(fit, expression, np.array([True, True, False, True]))
    units = mien.action_units(track, head=head)
    assert units.left.shape == (4, len(units.labels))
    np.testing.assert_allclose(units.named()["AU26"], [0, 0.6, np.nan, 1])
    frame = mien.action_units(track.frame(1), head=head)
    np.testing.assert_array_equal(frame.left, units.left[1])
    with pytest.raises(mien.FitError, match="lost"):
        mien.action_units(track.frame(2), head=head)


def test_of_another_head_through_its_shapes(fit, tmp_path):
    np.savez(tmp_path / "flame2023.npz", **near_flame().arrays)
    flame = load_head(tmp_path / "flame2023.npz")
    wide = np.zeros(flame.expression_count)
    wide[flame.expression_names.index("jawOpen")] = 0.9
    parameters = replace(flame.neutral(), expression=wide)
    of_flame = replace(fit, parameters=parameters, head_name="flame", head_version="flame2023")
    assert mien.action_units(of_flame, head=tmp_path / "flame2023.npz").named()["AU26"] > 0.9
    with pytest.raises(mien.InputError, match="flame flame2023"):
        mien.action_units(of_flame)


def test_a_drawn_face_reads_as_it_was_drawn(fit):
    head = load_head()
    weights = mien.action_unit_weights({"AU1": 0.4, "AU6": (0.2, 0.5), "AU12": 0.8, "AU26": 0.6})
    expression = np.array([weights.get(name, 0.0) for name in head.expression_names])
    parameters = replace(head.neutral(), expression=expression)
    drawn = replace(fit, parameters=parameters, head_name=head.name, head_version=head.version)
    named = mien.action_units(drawn).named()
    for label, intensity in {"AU1": 0.4, "AU6": 0.5, "AU12": 0.8, "AU26": 0.6, "AU4": 0, "AU27": 0}.items():
        assert named[label] == pytest.approx(intensity)
