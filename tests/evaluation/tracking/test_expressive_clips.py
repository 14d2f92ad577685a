"""Clips compared with another tracker's points, on points that are made up and on a written clip."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.landmarks.portrait_points import FACE_MESH_INDICES, IBUG68_INDICES
from mien.evaluation.tracking.expressive_clips import (
    SOURCES,
    ExpressionResult,
    compare,
    measure_clip,
    read_clips,
)
from mien.evaluation.tracking.face_movements import FACE_MESH, IBUG68, MOVEMENTS
from mien.evaluation.tracking.resting_faces import RestingFaces
from mien.fitting.context import Context
from mien.heads.arkit_names import ARKIT_NAMES
from mien.images.video import VideoWriter
from tests.commands.fakes import FakeLandmarker
from tests.evaluation.tracking.test_face_movements import face, moving


def no_weights(chosen: np.ndarray) -> RestingFaces:
    return RestingFaces.none()


def test_a_clip_is_compared_by_source():
    theirs = moving()
    halved = theirs.mean(axis=0) + 0.5 * (theirs - theirs.mean(axis=0))
    full_px, half_px = face(IBUG68, 68, theirs), face(IBUG68, 68, halved)
    lost_px = half_px.copy()
    lost_px[7] = np.nan
    clip = compare(
        "anna",
        {"landmarks": full_px, "live": lost_px, "finished": half_px},
        face(FACE_MESH, 468, theirs),
        rest=no_weights,
    )
    assert (clip.frames, clip.lost) == (len(theirs), 1)
    for movement in MOVEMENTS:
        assert clip.following["landmarks"][movement].slope == pytest.approx(1)
        assert clip.following["live"][movement].slope == pytest.approx(0.5, abs=0.02)
    means = ExpressionResult((clip, clip)).means("finished")
    assert means["lips"] == pytest.approx((1, 0.5, 2))


def test_what_the_other_tracker_hardly_sees_move_is_not_in_the_mean():
    theirs = moving()
    theirs[:, MOVEMENTS.index("brows")] = 0.25 + 1e-3 * np.sin(np.arange(len(theirs)))
    points = {source: face(IBUG68, 68, theirs) for source in SOURCES}
    clip = compare("anna", points, face(FACE_MESH, 468, theirs), rest=no_weights)
    result = ExpressionResult((clip,))
    assert result.means("live")["brows"][2] == 0
    assert np.isnan(result.means("live")["brows"][0])
    assert result.means("live")["lids"][2] == 1
    assert result.rest() == {}


def test_jitter_of_still_faces_and_frames_at_rest():
    rng = np.random.default_rng(1)
    frames = 200
    theirs_px = np.broadcast_to(rng.uniform(0, 100, (468, 2)), (frames, 468, 2)).copy()
    theirs_px[:, FACE_MESH.lips] = (50, 70)
    theirs_px[:, FACE_MESH.eyes[0]], theirs_px[:, FACE_MESH.eyes[3]] = (0, 30), (100, 30)
    theirs_px[:, 159, 1] += 3 * (np.arange(frames) % 2)  # lids are wider in every second frame
    points_px = np.broadcast_to(rng.uniform(0, 100, (68, 2)), (frames, 68, 2)).copy()
    points_px[:, list(IBUG68_INDICES)] = theirs_px[:, list(FACE_MESH_INDICES)]
    noisy = points_px + rng.normal(0, 0.5, points_px.shape)
    chosen_frames = []

    def rest(chosen: np.ndarray) -> RestingFaces:
        chosen_frames.append(np.flatnonzero(chosen))
        weights = np.zeros((int(chosen.sum()), len(ARKIT_NAMES)))
        weights[:, ARKIT_NAMES.index("browInnerUp")] = 0.2
        angles = np.zeros((len(weights), 2))
        return RestingFaces(weights, weights / 4, angles, angles)

    clip = compare(
        "anna", {"landmarks": noisy, "live": points_px, "finished": points_px}, theirs_px, rest=rest
    )
    assert clip.still > 150
    assert clip.jitter["landmarks"] > 0.005
    assert clip.jitter["live"] == pytest.approx(0, abs=1e-9)
    assert len(set((chosen_frames[0] % 2).tolist())) == 1
    result = ExpressionResult((clip,))
    assert result.jitter("landmarks") == pytest.approx(clip.jitter["landmarks"])
    assert result.rest()["browInnerUp"] == pytest.approx((0.2, 0.2, 0.05))
    assert result.rest()["jawOpen"] == (0, 0, 0)


def test_a_written_clip_is_tracked(tmp_path):
    with VideoWriter(tmp_path / "anna.mp4", frames_per_second=25.0) as writer:
        for _ in range(20):
            writer.write(np.full((240, 240, 3), 90, np.uint8))
    theirs_px = np.random.default_rng(0).uniform(0, 240, (20, 468, 2))
    np.savez(tmp_path / "face_mesh.npz", anna=theirs_px)
    [(clip, points_px)] = read_clips(tmp_path).items()
    context = Context(landmarker=FakeLandmarker())
    result = measure_clip(clip, points_px, context=context)
    assert (result.name, result.frames, result.lost) == ("anna", 20, 0)
    assert result.rest.weights.shape[1] == len(ARKIT_NAMES)
    assert set(result.following) == set(SOURCES)
    with pytest.raises(InputError, match="has 20 frames"):
        measure_clip(clip, points_px[:9], context=context)


def test_broken_folders_are_named(tmp_path):
    with pytest.raises(InputError, match=r"face_mesh\.npz"):
        read_clips(tmp_path)
    np.savez(tmp_path / "face_mesh.npz", anna=np.zeros((3, 468, 2)))
    with pytest.raises(InputError, match="no such clip"):
        read_clips(tmp_path)
    np.savez(tmp_path / "face_mesh.npz", anna=np.zeros((3, 5)))
    with pytest.raises(InputError, match="frames, 468, 2"):
        read_clips(tmp_path)
