"""Every verb with files that it cannot take: one line that names the file, code 1, nothing written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.heads.library import load_head, save_head
from mien.images.video import VideoWriter
from mien.images.writing import write_image

VERBS = {
    "landmarks": ["landmarks", "FILE", "--out", "OUT"],
    "landmarks, network": ["landmarks", "picture.png", "--model", "FILE", "--out", "OUT"],
    "fit": ["fit", "FILE", "--out", "OUT"],
    "fit, person": ["fit", "picture.png", "--identity", "FILE", "--out", "OUT"],
    "fit, cameras": ["fit", "picture.png", "--together", "--cameras", "FILE", "--out", "OUT"],
    "fit, head": ["fit", "picture.png", "--head", "FILE", "--out", "OUT"],
    "track": ["track", "FILE", "--out", "OUT"],
    "track, head": ["track", "clip.mp4", "--head", "FILE", "--out", "OUT"],
    "head info": ["head", "info", "--head", "FILE"],
    "head convert": ["head", "convert", "FILE", "--out", "OUT/head.npz"],
    "head build": ["head", "build", "--assets", "FILE", "--out", "OUT/head.npz"],
    "benchmark": ["benchmark", "ytf68", "--data", "FILE"],
}
WITH_TORCH = {
    "field train": ["field", "train", "FILE", "--out", "OUT.field"],
    "field render": ["field", "render", "FILE", "--out", "OUT"],
    "field info": ["field", "info", "FILE"],
    "train": ["train", "landmarks", "--config", "FILE", "--data", "folder"],
}
TAKES = {("track", "clip.mp4"), ("track, head", "head.npz"), ("fit", "picture.png")}
TAKES |= {("landmarks", "picture.png"), ("head info", "head.npz"), ("head convert", "head.npz")}
TAKES |= {("fit, head", "head.npz")}


def _device(path: Path) -> Path:
    return Path("/dev/zero")


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _loop(path: Path) -> Path:
    path.symlink_to(path.name)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _holding(content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return make


FILES: dict[str, Callable[[Path], Path]] = {
    "folder": _folder,
    "empty": _holding(b""),
    "empty.json": _holding(b""),
    "empty.npz": _holding(b""),
    "words.txt": _holding(b"no picture at all"),
    "pipe": _pipe,
    "device": _device,
    "loop": _loop,
    "missing": lambda path: path,
    "clip.mp4": lambda path: path,
    "head.npz": lambda path: path,
    "picture.png": lambda path: path,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a picture, a video and a head."""
    monkeypatch.chdir(tmp_path)
    image = np.full((64, 96, 3), 128, np.uint8)
    write_image(tmp_path / "picture.png", image)
    with VideoWriter(tmp_path / "clip.mp4", frames_per_second=25) as video:
        video.write(image)
    return tmp_path


def check(arguments: list[str], folder: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path for path in folder.rglob("*") if not path.is_dir())
    code = main([word.replace("FILE", str(file)).replace("OUT", str(folder / "out")) for word in arguments])
    shown = capsys.readouterr()
    said = shown.err
    assert code == 1, said
    assert "unexpected" not in said
    assert "Traceback" not in said
    assert said.startswith("mien ")
    assert len(said.splitlines()) == 1, said
    assert sorted(path for path in folder.rglob("*") if not path.is_dir()) == before


def _cases(verbs: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(verb, file) for verb in verbs for file in FILES if (verb, file) not in TAKES]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs pipes and devices")
@pytest.mark.parametrize(("verb", "file"), _cases(VERBS))
def test_wrong_files(folder: Path, verb: str, file: str, capsys: pytest.CaptureFixture[str]):
    if "head.npz" in file:
        save_head(load_head(), folder / "head.npz")
    check(VERBS[verb], folder, FILES[file](folder / file), capsys)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs pipes and devices")
@pytest.mark.parametrize("verb", WITH_TORCH)
def test_wrong_files_of_verbs_with_torch(folder: Path, verb: str, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("torch")
    for file, make in FILES.items():
        path = make(folder / file)
        if file != "head.npz":
            check(WITH_TORCH[verb], folder, path, capsys)


@pytest.mark.parametrize("verb", ["fit", "fit, head", "fit, person", "head info", "landmarks", "track"])
def test_files_that_may_not_be_read(
    folder: Path, verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Of another owner: whoever tests may be allowed to read everything, so opening is made to fail."""
    import builtins
    import io

    secret = folder / "secret"
    secret.write_bytes(b"PK\3\4" + bytes(100))
    opened = io.open

    def refusing(file: object, *arguments: object, **options: object) -> object:
        if str(file) == str(secret):
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *arguments, **options)  # pyright: ignore

    monkeypatch.setattr(builtins, "open", refusing)
    monkeypatch.setattr(io, "open", refusing)
    check(VERBS[verb], folder, secret, capsys)
