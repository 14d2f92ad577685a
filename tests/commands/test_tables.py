"""Tables on the terminal."""

from __future__ import annotations

import pytest

from mien.commands.display import print_table


def test_every_cell_stands_under_a_heading(capsys: pytest.CaptureFixture[str]):
    print_table(["name", "error"], [["one", "1.5 mm"], ["two"]], title="Two")
    shown = capsys.readouterr().out.splitlines()
    heading = next(line for line in shown if "error" in line)
    row = next(line for line in shown if "1.5 mm" in line)
    assert heading.index("error") == row.index("1.5 mm")
    with pytest.raises(AssertionError, match="3 cells under 2 headings"):
        print_table(["name", "error"], [["one", "1.5 mm", "2.5 mm"]])
