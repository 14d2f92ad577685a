"""Messages are fit for a terminal, whatever names files bring."""

from __future__ import annotations

import pytest

from mien.errors import InputError, LandmarkSetError, MienError, ShapeError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größe 日本 😀 × −", "größe 日本 😀 × −"),
        ("\x1b[31mred\x07\r", "\\x1b[31mred\\x07\\x0d"),
        ("\ud800", "\\ud800"),
        ("\udcff", "\\xff"),
        ("a\u202eb\u2028c", "a\\u202eb\\u2028c"),
        ("a\nb", "a\\x0ab"),
    ],
)
def test_printable(text: str, shown: str):
    assert printable(text) == shown
    printable(text).encode("utf-8")


@pytest.mark.parametrize(
    "error",
    [
        MienError("\x1b[31m"),
        InputError("\x1b[31m", source="\x1b]0;x\x07\n"),
        LandmarkSetError("\x1b[31m"),
        ShapeError("\x1b[31m", expected="(3,)", actual=(4,)),
    ],
)
def test_messages(error: MienError):
    assert "\x1b" not in str(error)
    assert "\x07" not in str(error)
