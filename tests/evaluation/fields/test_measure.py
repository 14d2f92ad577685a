"""Figures of the tables, triangulation, and cameras around a head."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.camera_files.nerfstudio import read_transforms
from mien.evaluation.fields import measure
from mien.evaluation.fields.baselines import Shot, on_white, triangulate, triangulated_truth
from mien.evaluation.fields.held_out_fields import TestField, read_test_fields, turned
from mien.evaluation.fields.landmark_errors import REGIONS, FieldResult, figures
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.library import load_head
from mien.landmarks_in_fields.predict import SearchConfig
from mien.landmarks_in_fields.second_opinion import SecondOpinion
from mien.landmarks_in_fields.types import Landmarks3D
from mien.landmarks_in_fields.wing import millimetres_of_wing
from mien.synthetic.scenes.dressing import Looks
from mien.synthetic.scenes.posed_scene import PosedView, Sitter, cameras_around, depth_with_hair, look_at
from mien.synthetic.scenes.scene_files import write_posed_scene


def points() -> np.ndarray:
    head = load_head()
    return head.mean_m[head.landmark_set("ict68").vertices]


def test_triangulation_finds_points_and_ignores_a_wrong_view():
    truth = points()
    cameras = cameras_around(truth.mean(axis=0), count=9, size_px=256, azimuth_rad=1.0)
    seen = np.stack([camera.project(truth) for camera in cameras])
    sigma = np.ones(seen.shape[:2])
    np.testing.assert_allclose(triangulate(seen, sigma, cameras), truth, atol=1e-9)
    rng = np.random.default_rng(0)
    noisy = seen + rng.normal(0, 0.5, seen.shape)
    noisy[4] += 40
    error = np.linalg.norm(triangulate(noisy, sigma, cameras) - truth, axis=1)
    assert error.mean() < 0.0015
    sigma[4] = 1e4
    assert np.linalg.norm(triangulate(noisy, sigma, cameras) - truth, axis=1).mean() < 0.001


def test_more_noise_makes_triangulation_worse():
    truth = points()
    cameras = cameras_around(truth.mean(axis=0), count=10, size_px=256, azimuth_rad=1.0)
    shots = [Shot(np.zeros((256, 256, 3), np.uint8), camera) for camera in cameras]
    errors = [
        np.linalg.norm(triangulated_truth(shots, truth, noise_px=noise_px) - truth, axis=1).mean()
        for noise_px in (0.01, 1.0, 3.0)
    ]
    assert errors[0] < 2e-5
    assert 3 * errors[1] == pytest.approx(errors[2], rel=0.15)


def test_badly_estimated_cameras_stay_where_they_are():
    camera = cameras_around(np.zeros(3), count=3, size_px=20)[1]
    rng = np.random.default_rng(0)
    other = turned(camera, rng, 1.0)
    np.testing.assert_allclose(other.world_from_camera[:3, 3], camera.world_from_camera[:3, 3], atol=1e-12)
    angle = np.degrees(
        np.arccos((np.trace(other.camera_from_world[:3, :3] @ camera.world_from_camera[:3, :3]) - 1) / 2)
    )
    assert 0.2 < angle < 5
    np.testing.assert_array_equal(turned(camera, rng, 0.0).camera_from_world, camera.camera_from_world)


def test_cameras_look_at_the_middle_from_all_sides():
    centre = np.array([0.1, -0.2, 0.3])
    cameras = cameras_around(centre, count=16, size_px=100)
    for camera in cameras:
        np.testing.assert_allclose(camera.project(centre[None])[0], [49.5, 49.5], atol=1e-9)
        assert camera.to_camera(centre[None])[0, 2] == pytest.approx(1.0)
        above = camera.project((centre + [0, 0.05, 0])[None])[0]
        assert above[1] < 49.5  # up is up
    azimuths = [np.arctan2(*(c.world_from_camera[[0, 2], 3] - centre[[0, 2]])) for c in cameras]
    assert np.ptp(azimuths) > 5
    half = cameras_around(centre, count=16, size_px=100, azimuth_rad=np.pi / 2)
    assert all(c.world_from_camera[2, 3] > centre[2] - 1e-9 for c in half)


def test_figures_leave_out_what_was_not_found():
    truth = points()
    near, far = truth + 0.001, truth + 0.003
    lost = np.full((68, 3), np.nan)
    row = figures(
        "x",
        [
            FieldResult(near, truth, "smile"),
            FieldResult(far, truth, "mouth_stretch"),
            FieldResult(lost, truth, "a"),
        ],
    )
    assert (row.faces, row.missed) == (3, 1)
    assert row.exaggerated["eyes"].distance_mm == pytest.approx(3 * np.sqrt(3))
    assert row.everything["whole"].distance_mm == pytest.approx(2 * np.sqrt(3))
    assert row.exaggerated["nose"].mm_per_coordinate == pytest.approx(3.0)
    assert millimetres_of_wing(row.exaggerated["mouth"].wing_x10 / 10) == pytest.approx(3.0)
    assert set(row.everything) == set(REGIONS)


def _known_field(person: int, expression: str, error_m: float) -> TestField:
    """A test field whose landmarks a stand-in for the networks reads from it, with an error."""
    return TestField(Path(str(error_m)), person, expression, points())


def _read_from(field: TestField) -> Landmarks3D:
    error_m = float(field.folder.name)
    if error_m > 1:
        return Landmarks3D.none_found(0.2)
    coarse_m = field.landmarks_m + 0.01
    return Landmarks3D(field.landmarks_m + error_m, 0.9, True, np.eye(4)[:3], coarse_m, np.full(68, 0.003))


class _Reader:
    """Stands in for `FieldLandmarker`."""

    def __init__(self, networks: object, config: SearchConfig) -> None:
        self.config = config

    def __call__(self, field: TestField) -> Landmarks3D:
        return _read_from(field)


def test_fields_are_summed_up_by_person_and_expression(monkeypatch):
    monkeypatch.setattr(measure, "FieldLandmarker", _Reader)
    monkeypatch.setattr(TestField, "field", lambda self: self)
    fields = [_known_field(0, "smile", 0.002), _known_field(1, "smile", 0.004), _known_field(1, "anger", 2.0)]
    measured = measure.measure_fields(fields, pictures=False)
    assert [row.name for row in measured.by_person] == ["person 0", "person 1"]
    assert [row.missed for row in measured.by_person] == [0, 1]
    assert [row.faces for row in measured.by_expression] == [2, 1]
    assert measured.by_person[1].everything["whole"].distance_mm == pytest.approx(4 * np.sqrt(3))
    assert measured.rows[1].everything["whole"].distance_mm == pytest.approx(10 * np.sqrt(3))
    assert measured.within_sigma == (0.5, 1.0)
    assert measured.confidences == (0.9, 0.9, 0.2)


class _Pictures:
    """Stands in for pictures of a field: triangulated landmarks are off by 3 mm, the fitted head by 1; nobody
    is seen where the networks are off by more than 3."""

    def __init__(self) -> None:
        self.second = self._second

    def _second(self, field: TestField, found: Landmarks3D) -> SecondOpinion:
        seen = float(field.folder.name) < 0.003
        return SecondOpinion(field.landmarks_m + 0.003, field.landmarks_m + 0.001, 9.0 if seen else 0.0)

    def together(self, found: Landmarks3D, second: SecondOpinion) -> Landmarks3D:
        return replace(found, points_m=second.fitted_m, confidence=0.9 if second.evidence > 5 else 0.1)

    def __call__(self, field: TestField, found: Landmarks3D, images: object) -> Landmarks3D:
        assert images == "photographs"
        return replace(found, points_m=field.landmarks_m + 0.0005)


def test_what_pictures_say_has_rows_of_its_own_and_may_be_that_there_is_nobody(monkeypatch):
    monkeypatch.setattr(measure, "FieldLandmarker", _Reader)
    monkeypatch.setattr(measure, "PicturedLandmarks", _Pictures)
    monkeypatch.setattr(TestField, "field", lambda self: self)
    fields = [_known_field(0, "smile", 0.002), _known_field(1, "smile", 0.004), _known_field(1, "anger", 2.0)]
    rows = {row.name: row for row in measure.measure_fields(fields).rows}
    assert next(iter(rows)) == measure.BOTH
    assert rows[measure.BOTH].missed == 2
    assert rows[measure.BOTH].everything["whole"].distance_mm == pytest.approx(np.sqrt(3))
    assert rows[measure.NETWORKS].missed == 1
    assert rows["pictures of the field, 2D landmarks triangulated"].everything["eyes"].distance_mm == (
        pytest.approx(3 * np.sqrt(3))
    )


@pytest.mark.parametrize("pictures", [True, False])
def test_photographs_are_asked_besides_and_change_no_other_row(monkeypatch, pictures: bool):
    monkeypatch.setattr(measure, "FieldLandmarker", _Reader)
    monkeypatch.setattr(measure, "PicturedLandmarks", _Pictures)
    monkeypatch.setattr(TestField, "field", lambda self: self)
    monkeypatch.setattr(TestField, "images", lambda self: "photographs")
    fields = [_known_field(0, "smile", 0.002), _known_field(1, "anger", 2.0)]
    plain = measure.measure_fields(fields, pictures=pictures)
    measured = measure.measure_fields(fields, pictures=pictures, photographs=True)
    assert [row.name for row in measured.rows] == [*(row.name for row in plain.rows), measure.PHOTOGRAPHED]
    assert measured.rows[-1].missed == 1
    assert measured.rows[-1].everything["whole"].distance_mm == pytest.approx(0.5 * np.sqrt(3))
    assert measured.confidences == plain.confidences
    assert measured.rows[0].everything == plain.rows[0].everything


def test_pose_errors_are_those_of_rigid_bodies_and_faces_elsewhere_are_wrong():
    truth = points()
    turn = matrix_from_rotation_vector(np.array([0.0, np.radians(10), 0.0]))
    centre = truth.mean(axis=0)
    turned_m = (truth - centre) @ turn.T * 1.1 + centre + [0.003, 0.0, 0.004]
    row = figures("x", [FieldResult(turned_m, truth, "a")])
    assert row.pose.rotation_deg == pytest.approx(10)
    assert row.pose.position_mm == pytest.approx(5)
    assert row.wrong == 0
    assert figures("x", [FieldResult(truth + 0.012, truth, "a")]).wrong == 1


def test_hair_counts_for_the_depth_also_where_the_head_is_steep():
    row = np.arange(12.0)
    scalp_m = np.tile(0.9 + 0.006 * row, (12, 1))  # 6 mm deeper with every pixel
    hair_m = scalp_m - 0.012
    np.testing.assert_allclose(depth_with_hair(scalp_m, hair_m), hair_m)
    ear_m = scalp_m.copy()
    ear_m[:, :6] = 0.85
    shifted_m = np.concatenate([ear_m[:, :1], ear_m[:, :-1]], axis=1)  # first samples lie a pixel to the left
    np.testing.assert_allclose(depth_with_hair(ear_m, shifted_m), ear_m)
    nothing = np.zeros((3, 3))
    np.testing.assert_allclose(depth_with_hair(nothing, nothing + 0.9), 0.9)
    np.testing.assert_allclose(depth_with_hair(nothing, nothing), 0)


def test_cut_outs_are_laid_on_white():
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = [0, 255, 51]
    np.testing.assert_array_equal(on_white(rgba)[0, :, 0], [255, 0, 204])


def test_scenes_are_read_back_as_they_were_photographed(tmp_path: Path):
    head = load_head()
    pose = look_at(np.zeros(3), np.array([0.3, 0.2, 0.9]))
    camera = cameras_around(np.zeros(3), count=3, size_px=20)[1]
    rgba = np.random.default_rng(1).integers(0, 255, (20, 20, 4), dtype=np.uint8)
    depth_m = np.full((20, 20), 0.75, np.float32)
    views = [PosedView(rgba, depth_m, camera)] * 2
    sitter = Sitter([], head.neutral(), Looks("skin", None, None, 0.0, (), "bare", 0.3))
    path = write_posed_scene(tmp_path, views, sitter, head, test={1}, details={"who": "nobody"})
    train, test = read_transforms(path)
    assert (train.split, test.split) == ("train", "test")
    np.testing.assert_allclose(train.camera.intrinsics, camera.intrinsics)
    np.testing.assert_allclose(train.camera.camera_from_world, camera.camera_from_world, atol=1e-12)
    assert train.depth_path is not None
    np.testing.assert_allclose(np.load(train.depth_path) * train.depth_unit_m, depth_m)
    truth = json.loads((tmp_path / "truth.json").read_text())
    np.testing.assert_allclose(truth["landmarks_m"]["ict68"], points(), atol=1e-6)
    assert truth["who"] == "nobody"
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)


def test_the_truth_of_earlier_test_fields_is_read_under_its_earlier_name(tmp_path: Path):
    older, newer = points(), points() + 0.01
    truths = [{"ibug68": older.tolist()}, {"ict68": newer.tolist()}]
    for person, landmarks_m in enumerate(truths):
        folder = tmp_path / f"person{person}" / "neutral"
        (folder / "field").mkdir(parents=True)
        (folder / "field" / "field.json").write_text("{}")
        cameras = {"camera_from_world": [np.eye(4).tolist()], "intrinsics": np.eye(3).tolist()}
        (folder / "truth.json").write_text(json.dumps({"landmarks_m": landmarks_m, **cameras}))
    found = list(read_test_fields(tmp_path))
    assert [field.person for field in found] == [0, 1]
    np.testing.assert_allclose(found[0].landmarks_m, older)
    np.testing.assert_allclose(found[1].landmarks_m, newer)
