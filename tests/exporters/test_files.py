"""Dispatch by suffix, the text formats, and refusals."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import trimesh

import mien.exporters
from mien.errors import InputError
from mien.exporters.arkit import export_weights
from mien.exporters.files import export, export_files
from mien.exporters.live_link_face import timecode
from mien.exporters.motion import head_angles_rad
from mien.fitting.views import ViewsFit

_HEADER = (
    "Timecode,BlendShapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,EyeLookUpLeft,"
    "EyeSquintLeft,EyeWideLeft,EyeBlinkRight,EyeLookDownRight,EyeLookInRight,EyeLookOutRight,EyeLookUpRight,"
    "EyeSquintRight,EyeWideRight,JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,"
    "MouthRight,MouthLeft,MouthSmileLeft,MouthSmileRight,MouthFrownLeft,MouthFrownRight,MouthDimpleLeft,"
    "MouthDimpleRight,MouthStretchLeft,MouthStretchRight,MouthRollLower,MouthRollUpper,MouthShrugLower,"
    "MouthShrugUpper,MouthPressLeft,MouthPressRight,MouthLowerDownLeft,MouthLowerDownRight,MouthUpperUpLeft,"
    "MouthUpperUpRight,BrowDownLeft,BrowDownRight,BrowInnerUp,BrowOuterUpLeft,BrowOuterUpRight,CheekPuff,"
    "CheekSquintLeft,CheekSquintRight,NoseSneerLeft,NoseSneerRight,TongueOut,HeadYaw,HeadPitch,HeadRoll,"
    "LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll"
)


def test_csv_has_the_header_and_a_row_per_frame(track, head, tmp_path):
    path = export(track, tmp_path / "clip.csv", head=head)
    lines = path.read_text().splitlines()
    assert lines[0] == _HEADER
    rows = list(csv.DictReader(lines))
    assert len(rows) == len(track)
    assert {row["BlendShapeCount"] for row in rows} == {"61"}
    weights = export_weights(track.expression, head.expression_names)
    assert float(rows[4]["JawOpen"]) == pytest.approx(weights[4, 0], abs=1e-6)
    assert float(rows[3]["EyeBlinkLeft"]) == pytest.approx(weights[2, 2], abs=1e-6)  # a lost frame holds
    assert float(rows[4]["TongueOut"]) == 0
    assert rows[4]["Timecode"] == "00:00:02:04.000"  # on the video's own clock
    note = (tmp_path / "clip.csv.txt").read_text()
    assert "radians" in note
    assert "Frames per second: 25." in note
    assert "2.000 s after the start" in note


def test_head_angles_have_the_documented_signs():
    still = np.zeros((4, 3))
    np.testing.assert_allclose(head_angles_rad(np.array([0, 0.3, 0]), still), (0.3, 0, 0), atol=1e-12)
    np.testing.assert_allclose(head_angles_rad(np.array([0.2, 0, 0]), still), (0, 0.2, 0), atol=1e-12)
    np.testing.assert_allclose(head_angles_rad(np.array([0, 0, 0.1]), still), (0, 0, 0.1), atol=1e-12)
    neck = still.copy()
    neck[0, 1] = neck[1, 1] = 0.25
    np.testing.assert_allclose(head_angles_rad(np.zeros(3), neck), (0.5, 0, 0), atol=1e-12)


def test_timecode_counts_frames_and_carries():
    assert timecode(3723.5, 60.0) == "01:02:03:30.000"
    assert timecode(0.99999999, 60.0) == "00:00:01:00.000"


def test_weights_stay_in_arkits_range():
    names = ("jawOpen", "mouthClose", "cheekPuff")
    weights = export_weights(np.array([[0.3, 0.8, 1.4], [-0.2, 0.1, np.nan]]), names)
    np.testing.assert_allclose(weights, [[0.3, 0.3, 1.0], [0, 0, 0]])


def test_obj_keeps_vertices_faces_and_groups(fit, head, tmp_path):
    path = export(fit, tmp_path / "face.obj", head=head, origin="camera")
    mesh = trimesh.load(path, process=False, force="mesh", maintain_order=True)
    expected_m = head.vertices_m(fit.parameters)[head.triangles]
    np.testing.assert_allclose(mesh.vertices[mesh.faces], expected_m, atol=1e-6)
    assert [line[2:] for line in path.read_text().splitlines() if line.startswith("g ")] == list(
        head.part_names
    )


def test_refusals_say_what_to_do(fit, track, head, tmp_path):
    with pytest.raises(InputError, match=r"\.glb, \.obj"):
        export(fit, tmp_path / "face.fbx", head=head)
    with pytest.raises(InputError, match="not a track"):
        export(track, tmp_path / "clip.obj", head=head)
    with pytest.raises(InputError, match="a head alone"):
        export(head, tmp_path / "head.csv")
    with pytest.raises(InputError, match="toy 2"):
        export(replace(fit, head_version="2"), tmp_path / "face.glb", head=head)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("result", "advice"),
    [
        (lambda fit: [fit, fit], r"a list of 2.*export each: for number, fit in enumerate"),
        (lambda fit: [], "no face was found"),
        (lambda fit: None, "was a face found"),
        (lambda fit: fit.landmarks, r"mien\.fit_landmarks"),
        (lambda fit: [fit.landmarks], r"mien\.fit_landmarks"),
        (lambda fit: fit.parameters, r"replace\(fit, parameters="),
        (lambda fit: np.zeros((4, 4, 3)), r"mien\.write_image"),
        (lambda fit: ViewsFit((fit,), fit.status, 1, ()), r"views\.found\[0\]"),
        (lambda fit: 3, "give a HeadFit"),
    ],
)
def test_what_is_no_result_is_refused_with_advice(fit, tmp_path, result, advice):
    with pytest.raises(InputError, match=advice):
        export(result(fit), tmp_path / "face.glb")
    assert not list(tmp_path.iterdir())


def test_other_arguments_of_a_wrong_kind_are_refused(fit, head, tmp_path):
    with pytest.raises(InputError, match="swapped"):
        export(tmp_path / "face.glb", fit)
    with pytest.raises(InputError, match="file's name, not a Head"):
        export(fit, head)
    with pytest.raises(InputError, match='"head" or "camera"'):
        export(fit, tmp_path / "face.glb", head=head, origin="world")
    with pytest.raises(InputError, match="HeadLook"):
        export(fit, tmp_path / "face.glb", head=head, look=np.zeros((4, 4, 3)))
    with pytest.raises(InputError, match="neutral"):
        export(fit, tmp_path / "face.json", head=head, neutral=True)


def test_all_files_written_are_told(track, head, tmp_path):
    assert [path.name for path in export_files(track, tmp_path / "a.csv", head=head)] == [
        "a.csv",
        "a.csv.txt",
    ]


def test_a_track_has_a_neutral_obj(track, head, tmp_path):
    path = export(track, tmp_path / "face.obj", head=head, neutral=True)
    mesh = trimesh.load(path, process=False, force="mesh", maintain_order=True)
    rest_m = head.rest_vertices_m(track.identity, np.zeros(5))
    np.testing.assert_allclose(mesh.vertices[mesh.faces], rest_m[head.triangles], atol=1e-6)


def test_fits_of_an_earlier_version_of_the_same_parameters_are_exported(fit, head, tmp_path):
    path = export(replace(fit, head_version="1.0"), tmp_path / "face.glb", head=replace(head, version="1.2"))
    assert path.stat().st_size > 0


def test_the_package_is_callable_as_the_public_function(fit, head, tmp_path):
    assert mien.export(fit, tmp_path / "deep" / "face.npz", head=head).exists()
