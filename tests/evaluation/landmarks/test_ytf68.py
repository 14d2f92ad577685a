"""The benchmark's protocol with a landmarker whose errors are known."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

import mien.evaluation.landmarks.ytf68 as ytf68
from mien.errors import InputError, LandmarkSetError
from mien.evaluation.landmarks.ytf68 import evaluate, labelled_face, read_labels
from mien.heads.landmark_sets import IBUG_GROUPS
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.region import region_around
from mien.landmarks.types import Landmarks2D

MEAN_SHAPE = np.random.default_rng(4).uniform(-1, 1, (68, 2))
MEAN_SHAPE[36], MEAN_SHAPE[45] = (-0.6, -0.4), (0.6, -0.4)


def _write_table(path, labels):
    with path.open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["image", *(f"{axis}{index}" for index in range(68) for axis in "xy")])
        for name, points_px in labels.items():
            table.writerow([name, *points_px.reshape(-1).tolist()])


@pytest.fixture
def data(tmp_path):
    """Pictures whose first pixels tell their number; labels are rounded shapes."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    truth = {}
    for part, count in (("translate", 60), ("val", 12)):
        labels = {}
        for index in range(count):
            number = len(truth)
            image = np.full((120, 150, 3), number, np.uint8)
            name = f"Person_{number // 3}_{index:02d}.png"
            cv2.imwrite(str(tmp_path / "images" / name), image)
            shape = MEAN_SHAPE + rng.normal(0, 0.05, (68, 2))
            points_px = np.array([75.0, 60.0]) + 30 * shape
            truth[number] = points_px
            labels[name] = points_px
        _write_table(tmp_path / f"{part}.csv", labels)
    return tmp_path, truth


@pytest.fixture(autouse=True)
def _region_of_68(monkeypatch):
    monkeypatch.setattr(
        ytf68,
        "region_from_points",
        lambda points_px, _: region_around(points_px, up_px=np.array([0.0, -1.0])),
    )


class _KnownLandmarker(Landmarker):
    """Gives the truth plus the same offset in every picture, beside a stranger; misses some pictures."""

    def __init__(self, truth, offset_px, missed=()):
        self.truth, self.offset_px, self.missed = truth, offset_px, missed

    def __call__(self, image, max_faces=None):
        number = int(image[0, 0, 0])
        stranger = Landmarks2D(MEAN_SHAPE * 10 + 500, np.ones(68), "ibug68", 1.0)
        if number in self.missed:
            return [stranger]
        points_px = self.truth[number] + self.offset_px
        return [stranger, Landmarks2D(points_px, np.ones(68), "ibug68", 0.9)]


def test_a_constant_convention_is_absorbed_and_undetected_counted(data):
    folder, truth = data
    offset_px = np.random.default_rng(1).normal(0, 4, (68, 2))
    landmarker = _KnownLandmarker(truth, offset_px, missed=(5, 61, 70))
    result = evaluate(folder, landmarker)
    figures = result.figures()
    assert figures["pictures"] == 12
    assert figures["undetected"] == 2
    assert figures["translation_faces"] == 59
    assert figures["translation_undetected"] == 1
    own = np.linalg.norm(offset_px, axis=1).mean()
    inter_ocular = [np.linalg.norm(truth[n][36] - truth[n][45]) for n in range(60, 72) if n not in (61, 70)]
    assert figures["nme_untranslated"] == pytest.approx(np.mean(own / np.array(inter_ocular)))
    assert figures["nme"] < 0.4 * figures["nme_untranslated"]
    parts = figures["nme_untranslated_parts"]
    sizes = {part: len(points) for part, points in IBUG_GROUPS.items()}
    mean = sum(parts[part] * size for part, size in sizes.items()) / 68
    assert mean == pytest.approx(figures["nme_untranslated"])
    assert set(figures["offsets_parts"]) == set(sizes)
    assert list(figures["offsets_brow_points"]) == [str(point) for point in range(17, 27)]
    # The labels' eyes are all but level here, and all faces are of about the same size.
    brow_20 = np.array(figures["offsets_brow_points"]["20"]) * np.mean(inter_ocular)
    np.testing.assert_allclose(brow_20, offset_px[20] - np.median(offset_px[36:48], axis=0), atol=1.5)
    assert figures["failure_rate_10"] == pytest.approx(2 / 12)
    assert figures["nme_undetected_as_1"] == pytest.approx((10 * figures["nme"] + 2) / 12)


def test_the_labelled_person_is_measured_not_another(data):
    _, truth = data
    landmarker = _KnownLandmarker(truth, np.zeros(2))
    image = np.full((120, 150, 3), 7, np.uint8)
    face = labelled_face(landmarker, image, truth[7])
    assert np.allclose(face.points_px, truth[7])
    landmarker.missed = (7,)
    assert labelled_face(landmarker, image, truth[7]) is None


def test_people_are_told_by_the_files_name(data):
    folder, _ = data
    assert [picture.person for picture in read_labels(folder / "val.csv", folder / "images")][:4] == [
        "Person_20", "Person_20", "Person_20", "Person_21"
    ]  # fmt: skip


def test_wrong_folders_and_tables_are_named(data, tmp_path):
    folder, truth = data
    with pytest.raises(InputError, match=r"translate\.csv"):
        evaluate(tmp_path / "elsewhere", _KnownLandmarker(truth, np.zeros(2)))
    (folder / "val.csv").write_text("image,x0\nA_00.jpg,12\n")
    with pytest.raises(InputError, match="line 2"):
        read_labels(folder / "val.csv", folder / "images")
    (folder / "val.csv").write_text("image,x0\n")
    with pytest.raises(InputError, match="no rows"):
        read_labels(folder / "val.csv", folder / "images")


def test_a_blind_landmarker_is_an_error_not_a_figure(data):
    folder, truth = data
    with pytest.raises(InputError, match="too few"):
        evaluate(folder, _KnownLandmarker(truth, np.zeros(2), missed=range(99)))


def test_sheet_shows_the_asked_number_of_pictures(data, monkeypatch):
    from mien.evaluation.landmarks import ytf68_sheet

    monkeypatch.setattr(ytf68_sheet, "region_from_points", ytf68.region_from_points)
    folder, truth = data
    result = evaluate(folder, _KnownLandmarker(truth, np.zeros(2), missed=(61,)))
    sheet = ytf68_sheet.draw_sheet(result, count=4, cell_px=100)
    worst = ytf68_sheet.draw_sheet(result, count=4, worst=True, cell_px=100)
    assert sheet.shape == worst.shape
    assert sheet.shape[0] > 100
    assert (sheet == (255, 60, 60)).all(axis=2).any()  # labels
    assert (sheet == (60, 255, 90)).all(axis=2).any()  # translations


def test_what_the_labels_count_pixels_from_is_told_and_taken_out(data):
    folder, truth = data
    figures = evaluate(folder, _KnownLandmarker(truth, np.tile([-1.5, 0.5], (68, 1)))).figures()
    assert figures["label_shift_px"] == pytest.approx([1.5, -0.5])
    assert figures["nme_untranslated_without_shift"] == pytest.approx(0, abs=1e-9)
    assert figures["nme_untranslated"] > 0.005


def test_a_set_without_the_68_points_has_no_untranslated_error():
    class _Other(Landmarks2D):
        def to(self, set_name):
            raise LandmarkSetError("no")

    assert np.isnan(ytf68._own_68_px(_Other(np.zeros((3, 2)), np.ones(3), "other", 1.0)))
