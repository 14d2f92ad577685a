"""What `--help` prints reads well: whole lines, no `{None}|`, no defaults of nothing."""

from __future__ import annotations

import re

import pytest

from mien.commands.app import main
from mien.commands.help_text import readable

RAW = """usage: mien do [-h] [--size {None}|INT] [--names [STR [STR ...]]]

Do something with what somebody once wrote down in a docstring, in lines that are
as long as that file's.

Writes
three files.

 options
 ------------------------------------------------------------
  -h, --help            show this help message and exit
  --size {None}|INT     Size of what is made, in pixels, when
                        somebody
                        wants it. (default: None)

  --names [STR [STR ...]]
                        Names. (default: a b)
  --kind {None,first_of_all_kinds,second_of_all_kinds,
  third}
                        One kind only. (default: None)
"""


def test_paragraphs_are_filled_anew():
    assert (
        readable(RAW)
        == """usage: mien do [-h] [--size INT] [--names STR …]

Do something with what somebody once wrote down in a
docstring, in lines that are as long as that file's.

Writes three files.

 options
 ------------------------------------------------------------
  -h, --help              show this help message and exit
  --size INT              Size of what is made, in pixels,
                          when somebody wants it.
  --names STR …           Names. (default: a b)
  --kind {first_of_all_kinds,second_of_all_kinds,third}
                          One kind only.
"""
    )


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("verb", ["fit", "track", "landmarks", "head info", "field render", "synth"])
def test_verbs(verb: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main([*verb.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert not re.search(r"\{None|default: None|\(default: \)", shown)
    for option in re.findall(r"^  (--[a-z-]+)", shown, re.MULTILINE):
        assert shown.count(f"\n  {option}\n") + shown.count(f"\n  {option} ") == 1
    texts = [line for line in shown.splitlines() if line.startswith(" " * 10)]
    short = [line for line in texts if len(line) < width / 2 and line.rstrip()[-1] not in ".:)"]
    assert not short, short  # a line that ends in the middle of a sentence is full
