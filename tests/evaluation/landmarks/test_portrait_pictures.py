"""Portraits from files, with points whose errors are known."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.landmarks.face_mesh import face_mesh_points
from mien.evaluation.landmarks.portrait_choice import figures_of_choice
from mien.evaluation.landmarks.portrait_distances import DistanceSeries, measure_distances
from mien.evaluation.landmarks.portrait_pictures import (
    find_points,
    found_points,
    measure,
    measured_points,
    pupil_indices,
    read_points,
    read_portraits,
)
from mien.evaluation.landmarks.portrait_points import FACE_MESH_INDICES, FACE_MESH_PUPILS, IBUG68_INDICES
from mien.evaluation.landmarks.portrait_sheet import draw_portraits
from mien.heads.landmark_sets import landmark_set
from mien.heads.library import load_head
from mien.images.writing import write_image
from tests.commands.fakes import landmarks_of_mean_head

PEOPLE = 12


@pytest.fixture
def folder(tmp_path):
    """Portraits of made-up people, all with their pupils in place; their genders alternate in pairs."""
    rng = np.random.default_rng(1)
    mean_px = rng.uniform(50, 150, (189, 2))
    mean_px[[18, 27]] = (60, 90), (140, 90)
    (tmp_path / "images").mkdir()
    with (tmp_path / "points189.csv").open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["image"])
        for person in range(PEOPLE):
            points_px = mean_px + rng.normal(0, 2, (189, 2))
            points_px[:2] = (80, 90), (120, 90)
            table.writerow([f"{person:02d}.png", *points_px.ravel().tolist()])
            write_image(tmp_path / "images" / f"{person:02d}.png", np.full((200, 200, 3), 90, np.uint8))
    genders = [("female", "male")[person // 2 % 2] for person in range(PEOPLE)]
    people = "\n".join(f"{person:02d},20,{gender}" for person, gender in enumerate(genders))
    (tmp_path / "people.csv").write_text(f"face_id,face_age,face_gender\n{people}\n")
    return tmp_path


def exact(portraits, count: int) -> dict[str, np.ndarray]:
    """Arrays in which the measured points are the hand-placed ones, and all others noise."""
    indices = IBUG68_INDICES if count == 68 else FACE_MESH_INDICES
    arrays = {}
    for index, path in enumerate(portraits.pictures):
        points_px = np.random.default_rng(index).uniform(0, 200, (count, 2))
        points_px[list(indices)] = portraits.points_px[index]
        if count == 478:
            points_px[list(FACE_MESH_PUPILS)] = portraits.pupils_px[index] + [3, 1]
        arrays[path.name] = points_px
    return arrays


@pytest.mark.parametrize("count", [68, 468, 478])
def test_points_of_a_file_are_measured(folder, tmp_path, count):
    portraits = read_portraits(folder)
    arrays = exact(portraits, count)
    del arrays["03.png"]
    np.savez(tmp_path / "points.npz", **arrays)
    found = read_points(portraits, tmp_path / "points.npz")
    result = measure(portraits, found)
    assert result.not_found == 1
    assert result.figures.people == PEOPLE - 1
    assert result.figures.nme == pytest.approx(0, abs=1e-12)
    assert result.figures.person.slope == pytest.approx(1)
    assert set(result.figures.groups) == {"female", "male"}
    if count == 478:
        assert result.iris_error < 0.01  # a constant offset, over eyes that differ a little in size
    else:
        assert np.isnan(result.iris_error)
    assert (result.figures_chosen is None) == (count == 68)


def test_better_landmarks_are_found_among_all():
    rng = np.random.default_rng(2)
    people = 200
    mean_px = rng.uniform(0, 400, (26, 2))
    true_px = mean_px + rng.normal(0, 5, (people, 26, 2))
    blind_px = np.broadcast_to(mean_px, true_px.shape)
    seeing_px = true_px + [6.0, -4.0]  # elsewhere on the face, and moving with the person
    everything_px = np.concatenate([blind_px, rng.normal(200, 100, (people, 30, 2)), seeing_px], axis=1)
    chosen = figures_of_choice(everything_px, blind_px, true_px)
    assert chosen.person.slope > 0.9
    assert chosen.person.explained > 0.9
    nearest = figures_of_choice(everything_px, blind_px, true_px, choose="nearest")
    assert nearest.person.slope < 0.1


@pytest.mark.parametrize("set_name", ["dense320", "dense703"])
def test_pupils_lie_in_the_eyes(set_name):
    head = load_head()
    pupils_m = head.mean_m[landmark_set(set_name).vertices[list(pupil_indices(set_name))]]
    eyes_m = head.mean_m[landmark_set("ibug68").vertices[[36, 39, 42, 45]]].reshape(2, 2, 3).mean(axis=1)
    assert np.abs(pupils_m[:, :2] - eyes_m[:, :2]).max() < 0.004
    assert pupils_m[0, 0] < 0 < pupils_m[1, 0]
    assert pupil_indices("ibug68") is None


def test_a_network_that_sees_the_mean_head_shows_nobody(folder):
    class OneFace:
        set_name = "dense320"

        def __call__(self, image):
            return [landmarks_of_mean_head(image.shape[1], image.shape[0])]

    portraits = read_portraits(folder)
    found = find_points(portraits, OneFace())
    assert found.all_px.shape == (PEOPLE, 320, 2)
    assert np.array_equal(
        measured_points(landmarks_of_mean_head(200, 200))[1], found.points_px[0], equal_nan=True
    )
    result = measure(portraits, found)
    assert result.figures.person.slope == pytest.approx(0, abs=1e-9)
    assert result.not_found == 0
    sheet = draw_portraits(portraits, found, count=4, cell_px=120)
    assert (sheet == (60, 255, 90)).all(axis=2).any()
    assert (sheet == (255, 60, 60)).all(axis=2).any()


def test_broken_files_are_named(folder, tmp_path):
    with pytest.raises(InputError, match=r"points189\.csv"):
        read_portraits(tmp_path / "nowhere")
    portraits = read_portraits(folder)
    with pytest.raises(InputError, match="no such file"):
        read_points(portraits, tmp_path / "none.npz")
    np.savez(tmp_path / "odd.npz", a=np.zeros((5, 2)))
    with pytest.raises(InputError, match=r"\(468, 2\)"):
        read_points(portraits, tmp_path / "odd.npz")
    (folder / "points189.csv").write_text("image\n00.png,1,2\n")
    with pytest.raises(InputError, match="line 2"):
        read_portraits(folder)
    with pytest.raises(InputError, match="Face Mesh"):
        face_mesh_points(tmp_path / "no-python", portraits.pictures, refined=True)


def test_pictures_without_a_name_count_as_not_found(folder):
    portraits = read_portraits(folder)
    some = {name.removesuffix(".png"): points for name, points in exact(portraits, 68).items()}
    del some["00"]
    assert (
        np.isnan(found_points(portraits, some).points_px).any(axis=(1, 2)).tolist() == [True] + [False] * 11
    )


def test_distances_are_in_order_or_not(tmp_path):
    near, far = (0.15, 0.6), (900.0, 900.0)
    assert DistanceSeries(near, (0.5, 0.7), far).in_order
    assert not DistanceSeries(near, (0.7, 0.5), far).in_order
    assert not DistanceSeries(near, (0.5, float("nan")), far).in_order
    assert DistanceSeries(near, (0.25, 0.75), far).farthest_over_nearest == pytest.approx(3)
    (tmp_path / "portrait.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="15cm"):
        measure_distances(tmp_path)
