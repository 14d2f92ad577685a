"""DAD-3DHeads on small data in its layout, with hand-checked values."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.published import dad3d_metrics as metrics
from mien.evaluation.published.dad3d import evaluate, read_heads, read_submission, score
from mien.evaluation.published.flame_landmarks import FLAME_VERTICES, read_flame_files
from mien.evaluation.published.scan_to_mesh import SEVEN_POINTS
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.evaluation.published.published_data import dad_annotation, write_dad, write_flame_files

TRIANGLES = np.arange(600).reshape(-1, 3)
FACE, HEAD = np.arange(1000, 1300), np.arange(300, 1500)
OPENCV = np.diag([1.0, -1.0, -1.0])


@pytest.fixture(scope="module")
def flame(tmp_path_factory):
    return read_flame_files(write_flame_files(tmp_path_factory.mktemp("flame"), TRIANGLES, FACE, HEAD))


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    path = tmp_path_factory.mktemp("dad") / "ground_truth_val.json"
    entry = {**dad_annotation(3), "id": "a", "bbox": [50, 40, 100, 25], "image_height": 200}
    path.write_text(json.dumps([entry]))
    return read_heads(path)[0]


def _perfect(head) -> dict:
    landmarks = head.vertices[TRIANGLES[:68, 0]]
    seen = head.seen @ OPENCV
    # The pinhole of `dad_annotation` by hand: x = 100 + 500 X / -Z, y counted from the top.
    eye = head.seen[TRIANGLES[:68, 0]]
    x, y = 100 + 500 * eye[:, 0] / -eye[:, 2], 100 - 500 * eye[:, 1] / -eye[:, 2]
    assert len(landmarks) == 68
    return {
        "68_landmarks_2d": np.stack([x, y], axis=1).tolist(),
        "N_landmarks_3d": seen.tolist(),
        "7_landmarks_3d": seen[TRIANGLES[:68, 0]][list(SEVEN_POINTS)].tolist(),
        "rotation_matrix": OPENCV.tolist(),
    }


def test_a_perfect_submission(head, flame):
    found = score(head, _perfect(head), flame)
    for name in ("nme_percent", "chamfer", "pose", "mlme_px", "mve_face_mm", "mve_head_mm"):
        assert getattr(found, name) == pytest.approx(0, abs=1e-9), name
    assert found.z5 == 1
    assert found.z5_nearest == 1
    assert np.isnan(found.mrle_px)


def test_errors_by_hand(head, flame):
    prediction = _perfect(head)
    prediction["68_landmarks_2d"] = (np.array(prediction["68_landmarks_2d"]) + [3, 4]).tolist()
    quarter = matrix_from_rotation_vector(np.array([0, np.pi / 2, 0]))
    prediction["rotation_matrix"] = (quarter @ OPENCV).tolist()
    prediction["landmarks_2d"] = [[0, 0], [1, 1]]
    prediction["reprojected_landmarks_2d"] = [[3, 4], [1, 2]]
    found = score(head, prediction, flame)
    assert found.mlme_px == pytest.approx(5)
    assert found.nme_percent == pytest.approx(10)  # 5 px over √(100 · 25) = 50 px
    assert found.pose == pytest.approx(2)  # 2√2 sin 45°
    assert found.mrle_px == pytest.approx(3)  # (5 + 1) / 2


def test_chamfer_by_hand():
    """Points far apart, 2 mm off, and a face whose inner eye corners are 40 mm apart: 1 unit, squared."""
    grid = np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3) / 10
    seven = (
        np.array([[-4, 3, 0], [-2, 3, 1], [2, 3, 1], [4, 3, 0], [0, 0, 3], [-2, -3, 1], [2, -3, 1.0]]) / 100
    )
    face = np.arange(10)
    moved = grid + [0, 0, 0.002]
    assert metrics.chamfer_distance(moved, seven, grid, seven, face) == pytest.approx(1, rel=1e-9)
    # The submission's frame and unit do not matter.
    turn = matrix_from_rotation_vector(np.array([0.4, 0.1, -0.7]))
    there, seven_there = 1000 * moved @ turn.T + 7, 1000 * seven @ turn.T + 7
    assert metrics.chamfer_distance(there, seven_there, grid, seven, face) == pytest.approx(1, rel=1e-6)
    # One-sided: what the prediction has besides costs nothing.
    more = np.concatenate([moved, np.full((5, 3), 9.0)])
    assert metrics.chamfer_distance(more, seven, grid, seven, face) == pytest.approx(1, rel=1e-9)


def test_order_in_depth():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(60, 3))
    assert metrics.ordinal_depth(true, true) == 1
    assert metrics.ordinal_depth(true * [1, 1, -1], true) == 0
    assert metrics.ordinal_depth(true + [5, 0, 3], true) == 1  # only the order counts
    # Four points on a line, the last two swapped in depth: neighbours (1) of each are the one beside it.
    line = np.array([[0.0, 0, 0], [1, 0, 1], [2.5, 0, 2], [3.1, 0, 3]])
    swapped = line[[0, 1, 3, 2]]
    assert metrics.ordinal_depth(swapped, line, neighbours=1) == 0.5


def test_order_in_depth_as_published():
    """Against the published rule, spelled out: argsort along the first axis, then columns 1 to 5."""
    rng = np.random.default_rng(1)
    true, predicted = rng.normal(size=(2, 40, 3))
    distances = np.linalg.norm(true[:, None] - true[None], axis=2)
    partners = np.argsort(distances, axis=0)[:, 1:6]
    same = [
        (true[i, 2] >= true[j, 2]) == (predicted[i, 2] >= predicted[j, 2])
        for i in range(40)
        for j in partners[i]
    ]
    assert metrics.ordinal_depth_published(predicted, true) == pytest.approx(np.mean(same))
    assert metrics.ordinal_depth_published(true, true) == 1


def test_vertex_errors_are_in_millimetres(head, flame):
    prediction = _perfect(head)
    cloud = np.array(prediction["N_landmarks_3d"])
    cloud[FACE] += [0, 0.003, 0]  # 300 of the head's 1200 vertices
    prediction["N_landmarks_3d"] = cloud.tolist()
    found = score(head, prediction, flame)
    assert found.mve_face_mm == pytest.approx(3)
    assert found.mve_head_mm == pytest.approx(0.75)


def test_the_published_layout_and_what_is_missing(tmp_path, flame):
    data = write_dad(tmp_path, ["a", "b", "c", "d"])
    heads = read_heads(data)
    assert [head.image_height_px for head in heads] == [200] * 4
    submission = {
        "a": _perfect(heads[0]),
        "b": {"rotation_matrix": OPENCV.tolist()},
        "c": {"7_landmarks_3d": [1]},
    }
    (tmp_path / "mine.json").write_text(json.dumps(submission))
    result = evaluate(heads, read_submission(tmp_path / "mine.json"), flame)
    assert [head.name for head in result.heads] == ["a", "b"]
    assert dict(result.missing)["d"] == "was not predicted"
    assert "7_landmarks_3d" in dict(result.missing)["c"]
    figures = result.figures()
    assert figures["heads"] == 2
    assert figures["pose"] == pytest.approx(0)
    assert figures["nme_percent"] == pytest.approx(0, abs=1e-9)  # of the one that has points
    assert result.attributes == [("pose", "atypical"), ("pose", "front")]
    assert np.isnan(result.figures(("pose", "front"))["z5"])


def test_other_topologies_have_no_z5(head, flame):
    prediction = _perfect(head)
    prediction["N_landmarks_3d"] = prediction["N_landmarks_3d"][:-1]
    found = score(head, prediction, flame)
    assert np.isnan(found.z5)
    assert np.isnan(found.mve_head_mm)
    assert found.chamfer == pytest.approx(0, abs=1e-9)


def test_flame_files(tmp_path, flame):
    vertices = np.random.default_rng(0).normal(size=(FLAME_VERTICES, 3))
    np.testing.assert_array_equal(flame.landmarks(vertices), vertices[TRIANGLES[:68, 0]])
    folder = write_flame_files(tmp_path / "deep/er", TRIANGLES, FACE, HEAD)
    np.testing.assert_array_equal(read_flame_files(tmp_path).face, FACE)
    (folder / "flame_mesh_faces.pt").write_bytes(b"old torch file")
    with pytest.raises(InputError, match=r"flame_mesh_faces\.npy"):
        read_flame_files(tmp_path)
    (folder / "flame_mesh_faces.pt").unlink()
    np.save(folder / "flame_mesh_faces.npy", TRIANGLES)
    np.testing.assert_array_equal(read_flame_files(tmp_path).landmarks.corners, TRIANGLES[:68])
    np.save(folder / "face.npy", np.array([9999]))
    with pytest.raises(InputError, match="5023"):
        read_flame_files(tmp_path)
    (folder / "face.npy").unlink()
    with pytest.raises(InputError, match=r"face\.npy"):
        read_flame_files(tmp_path)


def test_what_is_wrong_with_the_data_is_said(tmp_path):
    with pytest.raises(InputError, match="DAD-3DHeadsDataset"):
        read_heads(tmp_path)
    (tmp_path / "list.json").write_text("[{}]")
    with pytest.raises(InputError, match="no annotation"):
        read_heads(tmp_path / "list.json")
    for text, said in (("{", "no readable JSON"), ("[]", "holds a list"), ('{"a": 1}', "no submission")):
        (tmp_path / "mine.json").write_text(text)
        with pytest.raises(InputError, match=said):
            read_submission(tmp_path / "mine.json")
