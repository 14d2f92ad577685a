"""What is no picture or video points to what takes it."""

from __future__ import annotations

import pytest

from mien.errors import InputError
from mien.images.photo import read_image
from mien.images.video import open_video


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clip.mp4", "mien track"),
        ("head.npz", "mien head info"),
        ("flame2023.pkl", "--head"),
        ("fit.json", "mien.read_fit"),
        ("head.glb", "Blender"),
        ("voice.mp3", "sound"),
        ("notes.txt", "JPEG"),
    ],
)
def test_other_files(tmp_path, name, words):
    path = tmp_path / name
    path.write_bytes(b"something else altogether" * 10)
    with pytest.raises(InputError, match=words):
        read_image(path)
    with pytest.raises(InputError, match=words if words not in ("mien track", "JPEG") else "not a video"):
        open_video(path)


def test_folders(tmp_path):
    (tmp_path / "a.field").mkdir()
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene/transforms.json").write_text("{}")
    for folder, words in (
        ("a.field", "mien field"),
        ("scene", "mien field train"),
        (".", "name the pictures"),
    ):
        with pytest.raises(InputError, match=words):
            read_image(tmp_path / folder)
