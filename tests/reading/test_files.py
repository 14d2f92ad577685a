"""Ordinary files alone are opened, text in all of Unicode's encodings, JSON of limited depth."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.reading.json_files import MAX_DEPTH, parse_json, read_json, read_json_object
from mien.reading.regular_files import check_regular, exists, read_bytes, read_text


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [_fifo, _device, Path.mkdir, _loop])
def test_what_is_no_ordinary_file_is_refused_before_it_is_opened(tmp_path: Path, make):
    path = tmp_path / "x"
    make(path)
    for read in (check_regular, read_bytes, read_text, read_json):
        with pytest.raises(InputError, match="x: "):
            read(path)


@pytest.mark.parametrize("name", ["a\0b", "n" * 5000, "\ud800"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str):
    assert not exists(tmp_path / name)
    with pytest.raises(InputError):
        read_text(tmp_path / name)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path):
    with (tmp_path / "x").open("wb") as stream:
        stream.truncate(10**10)  # takes no place on the disk
    with pytest.raises(InputError, match="10000 MB"):
        read_bytes(tmp_path / "x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(tmp_path: Path, encoding: str):
    (tmp_path / "x.json").write_bytes('{"größe": 3}'.encode(encoding))
    assert read_json(tmp_path / "x.json") == {"größe": 3}


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_deep_nesting_is_refused(opening: str, depth: int):
    with pytest.raises(InputError, match=r"nested|not JSON"):
        parse_json(opening * depth, source="x")


def test_other_json(tmp_path: Path):
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(InputError, match="object"):
        read_json_object(tmp_path / "x.json")
    with pytest.raises(InputError, match="not JSON"):
        parse_json("9" * 10_000, source="x")  # Python does not take so many digits
    assert parse_json(json.dumps([[[]]] * 3), source="x") == [[[]]] * 3
