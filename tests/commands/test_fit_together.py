"""`mien fit` with several pictures of one person, known people, stated and recorded focal lengths."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.cameras import Camera
from mien.commands.app import main
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.library import load_head
from mien.images.writing import write_image
from mien.landmarks.types import Landmarks2D
from tests.commands.fakes import FakeLandmarker

WIDTH_PX, HEIGHT_PX, FOCAL_PX = 320, 240, 400.0
TURNS_RAD = (-0.5, 0.0, 0.5)
CAMERA_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def _person() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 1, load_head().identity_count)


def _camera(turn_rad: float) -> Camera:
    """A camera 0.7 m in front of the origin, swung about the vertical axis."""
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1, -1]) @ matrix_from_rotation_vector(np.array([0, turn_rad, 0]))
    pose[2, 3] = 0.7
    return Camera.from_focal(FOCAL_PX, width_px=WIDTH_PX, height_px=HEIGHT_PX, camera_from_world=pose)


class _Views(FakeLandmarker):
    """Sees one person from the direction that the picture's first pixel names; in black pictures nobody."""

    sigma_px = 0.3

    def __call__(self, image, max_faces=None):
        if not image.any():
            return []
        head = load_head()
        vertices = head.landmark_set("dense320").vertices
        vertices_m = head.vertices_m(replace(head.neutral(), identity=_person()))[vertices]
        points_px = _camera(TURNS_RAD[image[0, 0, 0] % 3]).project(vertices_m)
        return [Landmarks2D(points_px, np.full(len(points_px), self.sigma_px), "dense320", 0.9)]


@pytest.fixture
def views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", _Views)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)
    images = [np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8) for _ in TURNS_RAD]
    for index, image in enumerate(images):
        image[0, 0] = index
    return [write_image(tmp_path / f"view{index}.png", image) for index, image in enumerate(images)]


def _write_cameras(path: Path, *, size: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> Path:
    frames = [
        {
            "file_path": f"view{index}.png",
            "transform_matrix": (_camera(turn).world_from_camera @ CAMERA_FROM_OPENGL).tolist(),
        }
        for index, turn in enumerate(TURNS_RAD)
    ]
    document = {"fl_x": FOCAL_PX, "fl_y": FOCAL_PX, "cx": WIDTH_PX / 2, "cy": HEIGHT_PX / 2, "w": size[0],
                "h": size[1], "camera_model": "OPENCV", "frames": frames}  # fmt: skip
    path.write_text(json.dumps(document))
    return path


def _saved(folder: Path, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text())


def test_one_shape_for_all_pictures(views, tmp_path, capsys):
    out = tmp_path / "out"
    black = write_image(tmp_path / "black.png", np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8))
    arguments = ["fit", *map(str, views), str(black), "--together", "--out", str(out), "--formats", "json"]
    assert main(arguments) == 1  # one picture shows nobody
    captured = capsys.readouterr()
    assert "black.png" in captured.err
    assert "view2.json" in captured.out
    identities = [_saved(out, f"view{index}")["identity"] for index in range(3)]
    assert identities[0] == identities[1] == identities[2]


def test_known_cameras_give_size_and_place(views, tmp_path, capsys):
    out, cameras = tmp_path / "out", _write_cameras(tmp_path / "transforms.json")
    arguments = ["fit", *map(str, views), "--together", "--cameras", str(cameras), "--out", str(out)]
    assert main([*arguments, "--formats", "json", "--json"]) == 0
    faces = [result["faces"][0] for result in json.loads(capsys.readouterr().out)["results"]]
    for face in faces:  # one pose in one world
        np.testing.assert_allclose(face["root_translation_m"], [0, 0, 0], atol=0.004)
        assert face["median_residual_px"] < 0.3
        assert face["focal_px"] == pytest.approx(FOCAL_PX)


def test_cameras_that_do_not_fit_are_named(views, tmp_path, capsys):
    cameras = _write_cameras(tmp_path / "transforms.json")
    stranger = write_image(tmp_path / "other.png", np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8))
    base = ["--together", "--cameras", str(cameras), "--out", str(tmp_path / "out")]
    assert main(["fit", str(stranger), *base]) == 1
    assert "no camera for other.png" in capsys.readouterr().err
    _write_cameras(cameras, size=(640, 480))
    assert main(["fit", str(views[0]), *base]) == 1
    assert "640 × 480" in capsys.readouterr().err


def test_this_person_again(views, tmp_path, capsys):
    first, again = tmp_path / "first", tmp_path / "again"
    assert main(["fit", *map(str, views), "--together", "--out", str(first), "--formats", "json"]) == 0
    known = first / "view1.json"
    arguments = ["fit", str(views[0]), "--identity", str(known), "--out", str(again), "--formats", "json"]
    assert main(arguments) == 0
    assert _saved(again, "view0")["identity"] == _saved(first, "view1")["identity"]
    capsys.readouterr()
    assert main(["fit", str(views[0]), "--identity", str(views[1]), "--out", str(again)]) == 1
    assert "view1.png" in capsys.readouterr().err


def test_stated_field_of_view_is_kept(views, tmp_path, capsys):
    arguments = ["fit", str(views[1]), "--out", str(tmp_path / "out"), "--formats", "json", "--json"]
    assert main([*arguments, "--fov-deg", "90"]) == 0
    face = json.loads(capsys.readouterr().out)["results"][0]["faces"][0]
    assert face["focal_px"] == pytest.approx(WIDTH_PX / 2)


@pytest.mark.parametrize("together", [False, True])
def test_recorded_focal_length_is_used(views, tmp_path, capsys, monkeypatch, together):
    """A picture whose EXIF data state 85 mm ends much nearer to it than the same without, where landmarks
    are too uncertain to tell."""
    monkeypatch.setattr(_Views, "sigma_px", 6.0)
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 85
    grey = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (91, 91, 91))  # `_Views` sees the face from the front
    grey.save(tmp_path / "plain.jpg")
    grey.save(tmp_path / "exif.jpg", exif=exif)
    stated_px = 85 / math.hypot(36, 24) * math.hypot(WIDTH_PX, HEIGHT_PX)
    found_px = []
    for path in (tmp_path / "plain.jpg", tmp_path / "exif.jpg"):
        arguments = ["fit", str(path), "--out", str(tmp_path / "out"), "--formats", "json", "--json"]
        assert main([*arguments, "--together"] if together else arguments) == 0
        found_px.append(json.loads(capsys.readouterr().out)["results"][0]["faces"][0]["focal_px"])
    without, used = (abs(math.log(each / stated_px)) for each in found_px)
    assert used < 0.5 * without


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fov-deg", "180"], "--fov-deg"),
        (["--fov-deg", "60", "--focal-px", "300"], "--focal-px and --fov-deg"),
        (["--cameras", "transforms.json"], "needs --together"),
        (["--same-moment", "yes"], "needs --together"),
        (["--together", "--identity", "a.json"], "give one of them"),
        (["--together", "--cameras", "a.json", "--same-camera"], "--same-camera"),
        (["--together", "--metres-per-unit", "0"], "--metres-per-unit"),
    ],
)
def test_options_that_contradict_each_other(views, tmp_path, capsys, arguments, said):
    assert main(["fit", str(views[0]), "--out", str(tmp_path / "out"), *arguments]) == 2
    assert said in capsys.readouterr().err
