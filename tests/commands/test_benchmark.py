"""`mien benchmark …`: what is printed, the gate, wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mien.landmarks.landmarker
from mien.commands.app import main
from mien.evaluation.landmarks.label_translation import LabelTranslation
from mien.evaluation.landmarks.metrics import normalised_mean_errors
from mien.evaluation.landmarks.point_offsets import measure_offsets
from mien.evaluation.landmarks.portrait_points import IBUG68_INDICES, TEMPLATE_INDICES
from mien.evaluation.landmarks.ytf68 import LabelledPicture, Ytf68Result
from mien.evaluation.speed.timing import PHOTO_FIT, PHOTO_FIT_ONE_THREAD
from mien.images.writing import write_image
from mien.landmarks.landmarker import Landmarker
from tests.commands.fakes import landmarks_of_mean_head


class _StillFace(Landmarker):
    """Sees the mean head in the middle of every picture."""

    def __init__(self, model="realtime", *, search="search"):
        pass

    def __call__(self, image, max_faces=None):
        return [landmarks_of_mean_head(image.shape[1], image.shape[0])]

    def track(self, image, previous):
        return landmarks_of_mean_head(image.shape[1], image.shape[0])


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.setattr(mien.landmarks.landmarker, "Landmarker", _StillFace)
    path = tmp_path / "photo.png"
    write_image(path, np.full((300, 300, 3), 99, np.uint8))
    return str(path)


def test_speed_prints_every_part_and_the_gate_holds(photo, tmp_path, capsys):
    assert main(["benchmark", "speed", "--photo", photo, "--count", "4", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    names = [timing["name"] for timing in document["timings"]]
    assert names == [
        "landmarks",
        "fit",
        "landmarks + fit",
        "tracker",
        PHOTO_FIT,
        PHOTO_FIT_ONE_THREAD,
        "search",
    ]
    assert all(timing["median_ms"] > 0 for timing in document["timings"])

    baseline = tmp_path / "baseline.json"
    arguments = ["benchmark", "speed", "--photo", photo, "--count", "4", "--baseline", str(baseline)]
    for factor, code in ((1000.0, 0), (1e-3, 1)):
        slowed = [{**each, "median_ms": factor * each["median_ms"]} for each in document["timings"]]
        baseline.write_text(json.dumps({**document, "timings": slowed}))
        assert main([*arguments, "--gate", "1.5"]) == code
    printed = capsys.readouterr()
    assert "landmarks + fit" in printed.out
    assert "slower than 1.5" in printed.err


def test_wrong_baselines_are_named(photo, tmp_path, capsys):
    broken = tmp_path / "broken.json"
    broken.write_text("[]")
    for arguments, said, code in (
        (["--baseline", str(broken)], "broken.json", 1),
        (["--baseline", str(tmp_path / "none.json")], "no such file", 1),
        (["--gate", "2"], "--baseline", 2),
    ):
        assert main(["benchmark", "speed", "--photo", photo, *arguments]) == code
        assert said in capsys.readouterr().err


def test_ytf68_names_a_missing_folder(photo, tmp_path, capsys):
    assert main(["benchmark", "ytf68", "--data", str(tmp_path / "nowhere")]) == 1
    assert "translate.csv" in capsys.readouterr().err
    assert main(["benchmark", "ytf68", "--data", str(tmp_path), "--sheet", "sheet.pdf"]) == 2
    assert "--sheet" in capsys.readouterr().err


def test_ytf68_shows_where_the_own_points_lie(photo, monkeypatch, capsys):
    labels_px = np.random.default_rng(0).uniform(0, 100, (12, 68, 2))
    labels_px[:, 36], labels_px[:, 45] = (20.0, 30.0), (70.0, 30.0)
    own_px = labels_px.copy()
    own_px[:, 19, 1] -= 4.0  # eight hundredths of the eyes' distance above the label
    picture = LabelledPicture(Path("anna_1.png"), labels_px[0])
    result = Ytf68Result(
        pictures=[picture] * 12,
        found=[None] * 12,
        translated_px=labels_px,
        errors=np.zeros(12),
        untranslated_errors=normalised_mean_errors(own_px, labels_px),
        unshifted_errors=normalised_mean_errors(own_px, labels_px),
        label_shift_px=np.zeros(2),
        offsets=measure_offsets(own_px, labels_px),
        translation=LabelTranslation.fit(labels_px, labels_px, penalty=1.0),
        translation_faces=12,
        translation_undetected=0,
    )
    monkeypatch.setattr("mien.evaluation.landmarks.ytf68.evaluate", lambda *_, **__: result)
    assert main(["benchmark", "ytf68", "--data", "anywhere"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    brows = [line for line in lines if "brow" in line and "point" in line]
    assert len(brows) == 10
    assert brows[2][-2:] == ["-8.0", "%"]
    right_brow = next(line for line in lines if line[:2] == ["right", "brow"])
    assert right_brow[2:4] == ["1.6", "%"]
    assert main(["benchmark", "ytf68", "--data", "anywhere", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["offsets_brow_points"]["19"] == pytest.approx([0.0, -0.08])
    assert document["nme_untranslated_parts"]["right_brow"] == pytest.approx(0.016)


def test_portraits_prints_the_figures_of_points_from_a_file(photo, tmp_path, capsys):
    import csv

    rng = np.random.default_rng(7)
    (tmp_path / "images").mkdir()
    mean_px, shown = rng.uniform(100, 200, (189, 2)), {}
    mean_px[[18, 27]] = (110, 120), (190, 120)
    with (tmp_path / "points189.csv").open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["image"])
        for person in range(40):
            moved_px = rng.normal(0, 2, (189, 2))
            table.writerow([f"{person}.png", *(mean_px + moved_px).ravel().tolist()])
            points_px = np.zeros((68, 2))
            points_px[list(IBUG68_INDICES)] = (mean_px + 0.5 * moved_px)[list(TEMPLATE_INDICES)]
            shown[f"{person}"] = points_px
            write_image(tmp_path / "images" / f"{person}.png", np.full((300, 300, 3), 99, np.uint8))
    (tmp_path / "people.csv").write_text(
        "face_id,face_age,face_gender\n" + "".join(f"{person},20,female\n" for person in range(40))
    )
    np.savez(tmp_path / "halved.npz", **shown)
    arguments = ["benchmark", "portraits", "--data", str(tmp_path), "--models", "realtime"]
    arguments += ["--points", str(tmp_path / "halved.npz")]
    assert main([*arguments, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert results["halved"]["figures"]["person"]["slope"] == pytest.approx(0.5, abs=0.05)
    assert results["realtime"]["figures"]["person"]["slope"] == pytest.approx(0, abs=1e-6)
    assert main([*arguments, "--sheet", str(tmp_path / "sheet.png")]) == 0
    printed = capsys.readouterr().out
    assert "halved" in printed
    assert "brows" in printed
    assert (tmp_path / "sheet.png").exists()
    assert main(["benchmark", "portraits", "--data", str(tmp_path / "nowhere")]) == 1
    assert "points189.csv" in capsys.readouterr().err
