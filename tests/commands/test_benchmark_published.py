"""`mien benchmark now|micc|dad3d`: from pictures to figures, in the published layouts."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import mien.landmarks.landmarker
from mien.commands.app import main
from mien.evaluation.published.mesh_files import Mesh, write_obj
from mien.evaluation.published.now_prediction import neutral_shape
from mien.evaluation.published.scan_to_mesh import SEVEN_POINTS
from mien.heads.library import load_head
from mien.images.writing import write_image
from tests.commands.fakes import FakeLandmarker
from tests.evaluation.published.published_data import write_dad, write_flame_files, write_ljson, write_now

PICTURE = np.full((200, 200, 3), 90, np.uint8)
BLACK = np.zeros_like(PICTURE)  # no face in it


class _Landmarker(FakeLandmarker):
    """Sees the mean head, so that what is fitted is the mean head."""

    def __init__(self, model="realtime", *, search="search"):
        super().__init__(model)


@pytest.fixture(autouse=True)
def _mean_heads_everywhere(monkeypatch):
    monkeypatch.setattr(mien.landmarks.landmarker, "Landmarker", _Landmarker)


@pytest.fixture(scope="module")
def scan() -> tuple[Mesh, np.ndarray]:
    """The mean head's visible surface, metres, and its 68 landmarks."""
    head = load_head()
    return neutral_shape(head, np.zeros(head.identity_count))


def _now(folder: Path, scan) -> Path:
    mesh, landmarks_m = scan
    lines = ["x/A/multiview_neutral/1.png", "x/A/multiview_neutral/2.png", "x/A/selfie/3.png"]
    points_mm = 1000 * mesh.vertices[::7] + [5, 6, 7]
    seven_mm = 1000 * landmarks_m[list(SEVEN_POINTS)] + [5, 6, 7]
    write_now(folder, (points_mm, np.zeros((0, 3), int)), seven_mm, lines)
    for line in lines:
        image = BLACK if line.endswith("3.png") else PICTURE
        write_image(folder / "iphone_pictures" / Path(line).relative_to("x"), image)
    return folder


def test_now_predicts_and_measures(tmp_path, scan, capsys):
    data = _now(tmp_path / "now", scan)
    arguments = ["benchmark", "now", "--data", str(data), "--predictions", str(tmp_path / "mine"), "--json"]
    assert main([*arguments, "--predict"]) == 1  # one picture shows no face
    document = json.loads(capsys.readouterr().out)
    assert document["figures"]["multiview_neutral"]["median_mm"] < 0.2
    assert document["figures"]["multiview_neutral"]["pictures"] == 2
    selfie = document["figures"]["selfie"]
    assert (selfie["median_mm"], selfie["pictures"], selfie["missing"]) == (None, 0, 1)
    assert [each["picture"] for each in document["missing"]] == ["A/selfie/3"]
    assert not document["comparable"]
    assert (tmp_path / "mine/A/multiview_neutral/1.obj").exists()
    assert np.load(tmp_path / "mine/A/multiview_neutral/1.npy").shape == (7, 3)

    assert main([*arguments[:-1], "--challenge", "multiview_neutral"]) == 0
    printed = capsys.readouterr().out
    assert "median" in printed
    assert "multiview_neutral" in printed
    assert main(arguments[:-1]) == 1
    assert "1 of 3" in capsys.readouterr().err


def test_now_with_all_pictures_of_a_subject_together(tmp_path, scan, capsys):
    data = _now(tmp_path / "now", scan)
    arguments = ["benchmark", "now", "--data", str(data), "--predictions", str(tmp_path / "mine"), "--json"]
    assert main([*arguments, "--predict", "--together"]) == 0  # the subject's other pictures show the face
    assert json.loads(capsys.readouterr().out)["figures"]["all"]["missing"] == 0
    texts = [(tmp_path / f"mine/A/{name}.obj").read_text() for name in ("multiview_neutral/1", "selfie/3")]
    assert texts[0] == texts[1]


def test_micc_predicts_and_measures(tmp_path, scan, capsys):
    mesh, landmarks_m = scan
    nearest = np.linalg.norm(mesh.vertices[:, None] - landmarks_m, axis=2).argmin(axis=0)
    write_obj(tmp_path / "template.obj", 10 * mesh.vertices, mesh.triangles)  # decimetres
    (tmp_path / "landmark_ids.pkl").write_bytes(pickle.dumps([int(v) for v in nearest], protocol=2))
    inner = Path("subject_03/Model/frontal1/obj")
    write_obj(
        tmp_path / "registered" / inner / "a.obj",
        10 * np.append(mesh.vertices, mesh.vertices[:1], axis=0),
        mesh.triangles,
    )
    write_ljson(tmp_path / "landmarks" / inner / "a.ljson", 1000 * landmarks_m)
    for number in (1, 2):
        write_image(tmp_path / f"frames/subject_03/Indoor-Cooperative/{number}.png", PICTURE)
        write_image(tmp_path / f"frames/subject_03/PTZ-Indoor/{number}.png", BLACK)
    arguments = ["benchmark", "micc", "--registered", str(tmp_path / "registered"), "--landmarks",
                 str(tmp_path / "landmarks"), "--predictions", str(tmp_path / "mine"), "--template",
                 str(tmp_path / "template.obj"), "--template-landmarks",
                 str(tmp_path / "landmark_ids.pkl")]  # fmt: skip
    assert main([*arguments, "--predict", str(tmp_path / "frames"), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["figures"]["Indoor-Cooperative"]["mean_mm"] < 0.2
    assert [each["prediction"] for each in document["missing"]] == [
        "subject_03/PTZ-Indoor",
        "subject_03/PTZ-Outdoor",
    ]
    assert main([*arguments, "--frames", "0"]) == 2
    assert "--frames" in capsys.readouterr().err


def test_dad3d_predicts_and_measures(tmp_path, capsys):
    flame = write_flame_files(
        tmp_path / "flame", np.arange(600).reshape(-1, 3), np.arange(300), np.arange(900)
    )
    data = write_dad(tmp_path / "data", ["a", "b"])
    write_image(data / "DAD-3DHeadsDataset/val/images/b.png", BLACK)
    arguments = ["benchmark", "dad3d", "--data", str(data), "--flame", str(flame), "--submission",
                 str(tmp_path / "mine.json")]  # fmt: skip
    assert main([*arguments, "--predict", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [each["item"] for each in document["missing"]] == ["b"]
    figures = document["figures"]
    # The annotation's rotation is none, and the mean head looks into the camera.
    assert figures["pose"] < 0.02
    assert figures["mrle_px"] < 0.5
    assert figures["z5"] is None
    assert figures["nme_percent"] > 0
    prediction = json.loads((tmp_path / "mine.json").read_text())["a"]
    shapes = {key: np.shape(value) for key, value in prediction.items()}
    assert shapes["68_landmarks_2d"] == (68, 2)
    assert shapes["7_landmarks_3d"] == (7, 3)
    assert (
        np.array(prediction["N_landmarks_3d"])[:, 2].min() > 0.3
    )  # in front of the camera, which looks along +z
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert "NME" in printed.out
    assert "was not predicted" in printed.err


def test_missing_data_is_named(tmp_path, capsys):
    for arguments, said in (
        (["now", "--data", str(tmp_path), "--predictions", str(tmp_path)], "imagepathsvalidation.txt"),
        (["micc", "--registered", str(tmp_path), "--landmarks", str(tmp_path), "--predictions", str(tmp_path),
          "--template", str(tmp_path / "t.obj")], "landmark_ids.pkl"),
        (["dad3d", "--data", str(tmp_path), "--submission", "s.json", "--flame", str(tmp_path)],
         "flame_static_embedding.pkl"),
    ):  # fmt: skip
        assert main(["benchmark", *arguments]) == 1
        assert said in capsys.readouterr().err
