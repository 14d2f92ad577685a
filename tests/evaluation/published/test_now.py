"""The NoW benchmark on small data in its layout, with hand-checked values."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.published.mesh_files import Mesh, read_mesh, write_obj
from mien.evaluation.published.now import (
    evaluate,
    now_errors,
    read_picked_points,
    read_pictures,
    read_seven_points,
)
from mien.geometry.alignment import Similarity
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.evaluation.published.published_data import seven_on_sphere, sphere, write_now, write_picked_points

MOVED = Similarity(1.7, matrix_from_rotation_vector(np.array([0.3, -0.5, 0.2])), np.array([0.4, -0.1, 2.0]))


@pytest.fixture(scope="module")
def scan() -> Mesh:
    return Mesh(*sphere(100.0))


def test_a_sphere_two_millimetres_larger(scan):
    """Concentric spheres of 100 and 98 mm: 2 mm everywhere when size counts, else none."""
    smaller, seven = Mesh(*sphere(0.098)), seven_on_sphere(0.098)
    metrical = now_errors(scan, seven_on_sphere(100.0), smaller, seven, metrical_unit="m")
    assert len(metrical.distances_mm) == len(scan.vertices)
    np.testing.assert_allclose(metrical.distances_mm, 2.0, atol=0.02)
    free = now_errors(scan, seven_on_sphere(100.0), smaller, seven)
    np.testing.assert_allclose(free.distances_mm, 0.0, atol=1e-6)


@pytest.mark.parametrize(("unit", "size"), [("m", 0.098), ("cm", 9.8), ("mm", 98.0)])
def test_units_of_metrical_predictions(scan, unit, size):
    prediction = Mesh(*sphere(size))
    found = now_errors(scan, seven_on_sphere(100.0), prediction, seven_on_sphere(size), metrical_unit=unit)
    np.testing.assert_allclose(found.distances_mm, 2.0, atol=0.02)


def test_where_a_prediction_lies_and_how_large_it_is_does_not_matter(scan):
    rng = np.random.default_rng(0)
    bumpy = scan.vertices / 1000 * rng.uniform(0.97, 1.03, (len(scan.vertices), 1))
    seven = seven_on_sphere(0.1) + rng.normal(0, 0.002, (7, 3))
    here = now_errors(scan, seven_on_sphere(100.0), Mesh(bumpy, scan.triangles), seven)
    there = Mesh(MOVED.apply(bumpy), scan.triangles)
    elsewhere = now_errors(scan, seven_on_sphere(100.0), there, MOVED.apply(seven))
    assert here.distances_mm.mean() > 0.5
    np.testing.assert_allclose(elsewhere.distances_mm, here.distances_mm, atol=1e-6)


def test_a_submission_in_the_published_layout(scan, tmp_path):
    lines = [f"A_01/multiview_neutral/IMG_{k}.jpg" for k in range(3)] + ["iphone/B_02/selfie/IMG_9.jpg"]
    data = write_now(tmp_path / "now", (scan.vertices, scan.triangles), seven_on_sphere(100.0), lines)
    submission = tmp_path / "mine"
    for name, radius in (("A_01/multiview_neutral/IMG_0", 0.099), ("A_01/multiview_neutral/IMG_1", 0.097)):
        write_obj(submission / f"{name}.obj", *sphere(radius))
    np.save(submission / "A_01/multiview_neutral/IMG_0.npy", seven_on_sphere(0.099))
    np.savetxt(submission / "A_01/multiview_neutral/IMG_1.txt", seven_on_sphere(0.097))
    write_obj(submission / "B_02/selfie/IMG_9.obj", *sphere(0.1))  # without landmarks

    pictures = read_pictures(data)
    assert [picture.challenge for picture in pictures] == ["multiview_neutral"] * 3 + ["selfie"]
    result = evaluate(data, submission, pictures, metrical_unit="m")
    figures = result.figures()  # as many distances of 1 mm as of 3 mm
    assert figures["median_mm"] == pytest.approx(2.0, abs=1e-3)
    assert figures["mean_mm"] == pytest.approx(2.0, abs=1e-3)
    assert figures["std_mm"] == pytest.approx(1.0, abs=1e-3)
    assert (figures["pictures"], figures["missing"]) == (2, 2)
    reasons = [reason for _, reason in result.missing]
    assert "no mesh" in reasons[0]
    assert "no landmarks" in reasons[1]
    assert result.figures("selfie")["missing"] == 1
    assert np.isnan(result.figures("selfie")["median_mm"])


def test_unusable_predictions_are_reported_and_the_rest_is_measured(scan, tmp_path):
    lines = [f"A/selfie/{name}.jpg" for name in ("good", "broken", "points", "shape")]
    data = write_now(tmp_path / "now", (scan.vertices, scan.triangles), seven_on_sphere(100.0), lines)
    folder = tmp_path / "mine/A/selfie"
    for name in ("good", "points", "shape"):
        write_obj(folder / f"{name}.obj", *sphere(0.1))
        np.save(folder / f"{name}.npy", seven_on_sphere(0.1))
    (folder / "broken.obj").write_text("v 1 2 three\n")
    np.save(folder / "broken.npy", seven_on_sphere(0.1))
    (folder / "points.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n")
    np.save(folder / "shape.npy", np.zeros((5, 3)))
    result = evaluate(data, tmp_path / "mine", read_pictures(data))
    assert [error.picture.file_name for error in result.errors] == ["good.jpg"]
    assert [picture.file_name for picture, _ in result.missing] == ["broken.jpg", "points.jpg", "shape.jpg"]
    for (_, reason), said in zip(result.missing, ("is no OBJ", "no faces", "(5, 3)"), strict=True):
        assert said in reason


def test_what_is_wrong_with_the_data_is_said(tmp_path):
    with pytest.raises(InputError, match="imagepathsvalidation"):
        read_pictures(tmp_path)
    (tmp_path / "imagepathsvalidation.txt").write_text("A/selfie/1.jpg\n")
    with pytest.raises(InputError, match="no split"):
        read_pictures(tmp_path, split="all")
    with pytest.raises(InputError, match="no challenge"):
        read_pictures(tmp_path, challenge="side")
    with pytest.raises(InputError, match="names no pictures of multiview_neutral"):
        read_pictures(tmp_path, challenge="multiview_neutral")
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match=r"holds no \.obj"):
        evaluate(tmp_path, tmp_path / "mine", read_pictures(tmp_path))
    (tmp_path / "imagepathsvalidation.txt").write_text("1.jpg\n")
    with pytest.raises(InputError, match="line 1"):
        read_pictures(tmp_path)


def test_picked_points(tmp_path):
    points = np.arange(21.0).reshape(7, 3) - 10.5
    write_picked_points(tmp_path / "a.pp", points)
    np.testing.assert_array_equal(read_picked_points(tmp_path / "a.pp"), points)
    write_picked_points(tmp_path / "six.pp", points[:6])
    with pytest.raises(InputError, match="holds 6 picked points"):
        read_picked_points(tmp_path / "six.pp")
    np.save(tmp_path / "pickle.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match="plain numbers"):
        read_seven_points(tmp_path / "pickle.npy")


def test_meshes_of_other_writers(tmp_path):
    """Colours, texture and normal indices, polygons, negative indices; and PLY in the same order."""
    (tmp_path / "a.obj").write_text(
        "# x\nv 0 0 0 1 0 0\nv 1 0 0 1 0 0\nvt 0 0\nv 1 1 0 1 0 0\nv 0 1 0 1 0 0\n"
        "f 1/1/1 2/1/1 3//1 4\nf -4 -3 -2\n"
    )
    mesh = read_mesh(tmp_path / "a.obj")
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    import trimesh

    trimesh.Trimesh(mesh.vertices, mesh.triangles[:2], process=False).export(tmp_path / "a.ply")
    same = read_mesh(tmp_path / "a.ply")
    np.testing.assert_allclose(same.vertices, mesh.vertices)
    np.testing.assert_array_equal(same.triangles, mesh.triangles[:2])
    (tmp_path / "b.obj").write_text("v 0 0 0\nf 1 2 3\n")
    for name, said in (("b.obj", "does not hold"), ("c.obj", "no such mesh"), ("a.stl", "no such mesh")):
        with pytest.raises(InputError, match=said):
            read_mesh(tmp_path / name)
