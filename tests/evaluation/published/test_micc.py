"""MICC Florence on small data in its layout, with hand-checked values."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.published.mesh_files import Mesh, write_obj
from mien.evaluation.published.micc import (
    SETTINGS,
    _one_way,
    evaluate,
    micc_error_mm,
    read_ljson,
    read_template,
)
from mien.geometry.alignment import Similarity
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.evaluation.published.published_data import sphere, write_ljson

MOVED = Similarity(12.0, matrix_from_rotation_vector(np.array([0.2, 0.4, -0.3])), np.array([5.0, -3, 1]))


def _face(subdivisions: int = 2) -> Mesh:
    """An egg, two decimetres high, with bumps."""
    vertices, triangles = sphere(1.0, subdivisions=subdivisions)
    return Mesh(vertices * [0.75, 1.0, 0.85] + 0.08 * np.sin(4 * vertices[:, ::-1]), triangles)


def _nose_first(mesh: Mesh) -> np.ndarray:
    """68 vertices; the 30th is the foremost point."""
    vertices = np.arange(0, 680, 10) % len(mesh.vertices)
    vertices[30] = mesh.vertices[:, 2].argmax()
    return vertices


def test_a_chequered_plate_by_hand():
    """Vertices 0.5 mm above and below a plane, by turns: 0.5 mm from it whatever the alignment does."""
    side = np.linspace(-1, 1, 40)
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    sign = np.where((np.arange(40)[:, None] + np.arange(40)) % 2, 1, -1).ravel()
    rough = Mesh(np.stack([x, y, 0.005 * sign], axis=1), np.zeros((0, 3), int))
    plane = Mesh(
        np.array([[-9.0, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]]), np.array([[0, 1, 2], [0, 2, 3]])
    )
    assert _one_way(rough, np.zeros(3), plane, None, 0.95) == pytest.approx(0.5, abs=1e-3)


def test_the_same_shape_has_no_error_however_it_was_moved():
    scan = _face()
    landmarks = scan.vertices[_nose_first(scan)]
    turned = Mesh(scan.vertices @ MOVED.rotation.T + 0.3, scan.triangles)
    same_topology = micc_error_mm(scan, landmarks, turned, turned.vertices[_nose_first(scan)])
    assert same_topology < 1e-6
    # Another topology: one vertex more, any unit; its landmarks are 0.1 mm off.
    marked = landmarks + np.random.default_rng(0).normal(0, 0.001, landmarks.shape)
    other = Mesh(np.concatenate([MOVED.apply(scan.vertices), np.zeros((1, 3))]), scan.triangles)
    assert micc_error_mm(scan, landmarks, other, MOVED.apply(marked)) < 0.05


def test_only_what_is_near_the_nose_counts():
    scan = _face()
    landmarks = scan.vertices[_nose_first(scan)]
    wrong_behind = scan.vertices.copy()
    far = np.linalg.norm(scan.vertices - landmarks[30], axis=1) > 1.2
    wrong_behind[far] *= 1.3
    assert far.sum() > 20
    assert micc_error_mm(scan, landmarks, Mesh(wrong_behind, scan.triangles), landmarks) < 1e-6
    wrong_in_front = scan.vertices.copy()
    wrong_in_front[~far, 2] += 0.05 * np.sin(9 * scan.vertices[~far, 0])
    assert micc_error_mm(scan, landmarks, Mesh(wrong_in_front, scan.triangles), landmarks) > 0.5


def _write(folder: Path) -> Mesh:
    scan = _face()
    vertices = _nose_first(scan)
    write_obj(folder / "template.obj", scan.vertices, scan.triangles)
    (folder / "landmark_ids.pkl").write_bytes(pickle.dumps([int(v) for v in vertices], protocol=2))
    for subject in (1, 28):
        for number in (1, 2):
            inner = Path(f"subject_{subject:02d}/Model/frontal{number}/obj")
            shape = scan.vertices if number == 1 else scan.vertices * [1.0, 0.8, 1.0]
            write_obj(folder / "registered" / inner / "1.obj", shape, scan.triangles)
            original = MOVED.apply(scan.vertices[vertices])  # original scans are in millimetres, elsewhere
            write_ljson(folder / "landmarks" / inner / "1.ljson", original, version=1 + number)
    return scan


def test_a_submission_in_the_published_layout(tmp_path):
    scan = _write(tmp_path)
    template = read_template(tmp_path / "template.obj", tmp_path / "landmark_ids.pkl")
    for setting in SETTINGS[:2]:
        write_obj(tmp_path / f"mine/subject_01/{setting}.obj", scan.vertices + 0.2, scan.triangles)
    write_obj(tmp_path / "mine/subject_28/PTZ-Indoor.obj", scan.vertices[:-1], scan.triangles[:9])
    result = evaluate(tmp_path / "registered", tmp_path / "landmarks", template, tmp_path / "mine")
    assert result.subjects == (1, 28)
    figures = result.figures()
    assert figures["Indoor-Cooperative"]["mean_mm"] == pytest.approx(0, abs=1e-4)  # the better of two scans
    assert figures["Indoor-Cooperative"]["subjects"] == 1
    assert figures["PTZ-Outdoor"]["subjects"] == 0
    reasons = dict(result.missing)
    assert len(reasons) == 4
    assert "161 vertices" in reasons["subject_28/PTZ-Indoor"]
    assert "not predicted" in reasons["subject_01/PTZ-Outdoor"]


def test_landmark_files(tmp_path):
    points = np.arange(204.0).reshape(68, 3)
    for version in (1, 2, 3):
        write_ljson(tmp_path / "a.ljson", points, version=version)
        np.testing.assert_array_equal(read_ljson(tmp_path / "a.ljson"), points)
    write_ljson(tmp_path / "a.ljson", points[:67])
    with pytest.raises(InputError, match=r"\(67, 3\)"):
        read_ljson(tmp_path / "a.ljson")
    (tmp_path / "a.ljson").write_text("[]")
    with pytest.raises(InputError, match=r"no \.ljson"):
        read_ljson(tmp_path / "a.ljson")


def test_pickles_are_data_not_programs(tmp_path):
    write_obj(tmp_path / "template.obj", *sphere(1.0))

    class Harm:
        def __reduce__(self):
            return (print, ("harm",))

    (tmp_path / "landmark_ids.pkl").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(InputError, match="runs nothing"):
        read_template(tmp_path / "template.obj", tmp_path / "landmark_ids.pkl")
    np.save(tmp_path / "ids.npy", np.arange(60))
    with pytest.raises(InputError, match="68 vertices"):
        read_template(tmp_path / "template.obj", tmp_path / "ids.npy")
    with pytest.raises(InputError, match="no such file"):
        read_template(tmp_path / "template.obj", tmp_path / "none.pkl")


def test_what_is_wrong_with_the_data_is_said(tmp_path):
    _write(tmp_path)
    template = read_template(tmp_path / "template.obj", tmp_path / "landmark_ids.pkl")
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="predictions"):
        evaluate(tmp_path / "registered", tmp_path / "landmarks", template, tmp_path / "none")
    with pytest.raises(InputError, match="registered scans"):
        evaluate(tmp_path / "landmarks", tmp_path / "landmarks", template, tmp_path / "mine")
    with pytest.raises(InputError, match=r"no \.ljson"):
        evaluate(tmp_path / "registered", tmp_path / "registered", template, tmp_path / "mine")
