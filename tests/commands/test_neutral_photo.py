"""`--neutral-photo` and `--neutral-from-video`: weights above a person's rest in the files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.cameras import Camera
from mien.commands.app import main
from mien.heads.library import load_head
from mien.images.video import VideoWriter
from mien.images.writing import write_image
from mien.landmarks.types import Landmarks2D
from tests.commands.fakes import FakeLandmarker

REST, SMILE = {"browDownLeft": 0.5, "browDownRight": 0.5}, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}
DARK, LIGHT = 90, 160


class BrowDown(FakeLandmarker):
    """Everybody's brows are down, and in light pictures they smile."""

    def __call__(self, image: np.ndarray, max_faces: int | None = None) -> list[Landmarks2D]:
        head, (height_px, width_px) = load_head(), image.shape[:2]
        shapes = REST | (SMILE if image.mean() > (DARK + LIGHT) / 2 else {})
        camera = Camera.from_focal(
            1.2 * width_px,
            width_px=width_px,
            height_px=height_px,
            camera_from_world=np.diag([1.0, -1, -1, 1]),
        )
        parameters = replace(
            head.neutral(),
            expression=np.array([shapes.get(name, 0.0) for name in head.expression_names]),
            root_translation_m=np.array([0.0, 0.0, -0.5]),
        )
        points_px = camera.project(head.vertices_m(parameters)[head.landmark_set("dense320").vertices])
        return [Landmarks2D(points_px, np.full(len(points_px), 0.5), "dense320", score=0.9)]


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", BrowDown)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


def picture(path: Path, value: int) -> str:
    write_image(path, np.full((240, 320, 3), value, np.uint8))
    return str(path)


def expression(folder: Path, name: str) -> dict[str, float]:
    fit = mien.read_fit(folder / name)
    return dict(zip(load_head().expression_names, fit.parameters.expression.tolist(), strict=True))


def test_a_fit_is_told_from_the_face_at_rest(tmp_path: Path, capsys):
    out = tmp_path / "out"
    arguments = ["--neutral-photo", picture(tmp_path / "rest.png", DARK), "--texture", "none", "--json"]
    formats = ["--formats", "json", "npz", "glb", "--no-overlay", "--out", str(out)]
    assert main(["fit", picture(tmp_path / "smile.png", LIGHT), *arguments, *formats]) == 0
    told = json.loads(capsys.readouterr().out)["results"][0]["faces"][0]["expression"]
    written, fitted = expression(out, "smile.json"), expression(out, "smile.npz")
    for name in REST:
        assert written[name] == told[name] < 0.05 < 0.25 < fitted[name]
    for name in SMILE:
        assert written[name] == pytest.approx(fitted[name], abs=0.1)
        assert written[name] > 0.5
    assert (out / "smile.glb").is_file()


@pytest.mark.parametrize("how", ["photo", "video"])
def test_a_track_is_told_from_the_face_at_rest(tmp_path: Path, how: str):
    clip, out = tmp_path / "clip.mp4", tmp_path / "out"
    with VideoWriter(clip, frames_per_second=25, quality=10) as video:
        for index in range(9):
            video.write(np.full((240, 320, 3), LIGHT if index > 5 else DARK, np.uint8))
    rest = ["--neutral-photo", picture(tmp_path / "rest.png", DARK)]
    arguments = ["--texture", "none", "--no-overlay", "--formats", "npz", "json", "csv", "--out", str(out)]
    chosen = rest if how == "photo" else ["--neutral-from-video"]
    assert main(["track", str(clip), *chosen, *arguments]) == 0
    names = list(load_head().expression_names)
    above, fitted = mien.read_track(out / "clip.json"), mien.read_track(out / "clip.npz")
    brow, smile = names.index("browDownLeft"), names.index("mouthSmileLeft")
    assert above.expression[:5, brow].max() < 0.05 < 0.25 < fitted.expression[:5, brow].min()
    assert above.expression[8, smile] > 0.4
    assert (out / "clip.csv").is_file()


def test_contradictions(tmp_path: Path, capsys):
    rest = picture(tmp_path / "rest.png", DARK)
    both = ["--neutral-photo", rest, "--neutral-from-video", "--out", str(tmp_path / "out")]
    assert main(["track", "clip.mp4", *both]) == 2
    assert "give one of them" in capsys.readouterr().err
    together = ["--together", "--neutral-photo", rest, "--out", str(tmp_path / "out")]
    assert main(["fit", rest, *together]) == 2
    assert "--together" in capsys.readouterr().err
