"""A file appears under its name only when it is complete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.files import atomic_path, write_text
from mien.images.photo import read_image
from mien.images.writing import write_image


def test_file_appears_at_the_end(tmp_path: Path):
    target = tmp_path / "new" / "folder" / "a.txt"
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt"
        assert temporary.parent == target.parent
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_failure_keeps_the_old_file_and_leaves_no_other(tmp_path: Path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_folder_in_the_way(tmp_path: Path):
    with pytest.raises(InputError, match="folder"):
        write_text(tmp_path, "text")


def test_file_where_a_folder_should_be(tmp_path: Path):
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        write_text(tmp_path / "a" / "b.txt", "text")


def test_picture_round_trip(tmp_path: Path):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(read_image(write_image(tmp_path / "a.png", image)), image)


def test_unknown_picture_format(tmp_path: Path):
    with pytest.raises(InputError, match="picture format"):
        write_image(tmp_path / "a.nope", np.zeros((2, 2, 3), np.uint8))
