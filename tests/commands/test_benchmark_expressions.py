"""`mien benchmark expressions` and `identity`: what is printed, on clips and people that are made up."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mien.landmarks.landmarker
from mien.commands.app import main
from mien.images.video import VideoWriter
from mien.images.writing import write_image
from mien.synthetic.held_out_people.crowd import Photographer, save_crowd
from mien.synthetic.held_out_people.picture_files import PEOPLE_FILE, picture_path
from tests.commands.fakes import FakeLandmarker
from tests.synthetic.held_out_people.small_crowd import crowd, photographer

__all__ = ["crowd", "photographer"]


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_clips_and_rest_are_printed(as_json, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mien.landmarks.landmarker, "Landmarker", FakeLandmarker)
    with VideoWriter(tmp_path / "anna.mp4", frames_per_second=25.0) as writer:
        for _ in range(16):
            writer.write(np.full((240, 240, 3), 90, np.uint8))
    np.savez(tmp_path / "face_mesh.npz", anna=np.random.default_rng(0).uniform(0, 240, (16, 468, 2)))
    assert main(["benchmark", "expressions", "--data", str(tmp_path), *as_json]) == 0
    printed = capsys.readouterr().out
    if not as_json:
        for said in ("anna (16 frames, 0 lost)", "finished", "jitter", "at rest"):
            assert said in printed
        return
    result = json.loads(printed)["results"]["realtime"]
    [clip] = result["clips"]
    assert clip["following"]["live"]["lips"]["frames"] == 16
    assert set(result["means"]) == {"landmarks", "live", "finished"}


@pytest.fixture
def people(photographer: Photographer, tmp_path, monkeypatch):
    """A cache of two people whose pictures tell a landmarker that knows them who they show."""

    class Knows:
        set_name = "dense703"

        def __init__(self, model):
            pass

        def __call__(self, image):
            return [photographer.landmarks(int(image[0, 0, 0]), int(image[0, 0, 1]), self.set_name)]

    monkeypatch.setattr(mien.landmarks.landmarker, "Landmarker", Knows)
    save_crowd(photographer.crowd, tmp_path / PEOPLE_FILE)
    for person in range(2):
        for shot in range(3):
            write_image(
                picture_path(tmp_path, person, shot), np.full((16, 16, 3), (person, shot, 0), np.uint8)
            )
    return ["--cache", str(tmp_path), "--people", "2", "--shots", "3", "--seed", "3", "--models", "knows"]


def test_who_is_who_is_printed(people, capsys):
    assert main(["benchmark", "identity", *people, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert set(results) == {"exact landmarks", "knows"}
    assert results["knows"]["1"]["rank_1"] == results["exact landmarks"]["2"]["rank_1"] == 1


def test_known_expressions_are_printed(people, capsys):
    assert main(["benchmark", "expressions", "--synthetic", *people]) == 0
    printed = capsys.readouterr().out
    for said in ("gaze, yaw", "knows: 6 of 6 pictures", "knows, head"):
        assert said in printed


def test_wrong_usage_is_named(tmp_path, capsys):
    for arguments, said, code in (
        (["expressions"], "--synthetic", 2),
        (["expressions", "--synthetic", "--data", str(tmp_path)], "--synthetic", 2),
        (["expressions", "--synthetic", "--cache", str(tmp_path)], "--assets", 1),
        (["identity", "--cache", str(tmp_path)], "--assets", 1),
        (["identity", "--seed", "0"], "--seed 0", 2),
    ):
        assert main(["benchmark", *arguments]) == code
        assert said in capsys.readouterr().err
