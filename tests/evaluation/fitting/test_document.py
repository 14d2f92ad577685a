"""Generated parts of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import InputError
from mien.evaluation.fitting.document import put_part

PAGE = "# Title\n\n<!-- a: begin -->\nold\n<!-- a: end -->\n\ntext\n\n<!-- b: begin -->\n<!-- b: end -->\n"


def test_only_the_named_part_changes(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    put_part(page, "a", "new\nlines\n")
    assert page.read_text() == PAGE.replace("old", "new\nlines")
    put_part(page, "a", "again")
    put_part(page, "b", "more")
    text = page.read_text()
    assert "new" not in text
    assert text.count("again") == text.count("more") == 1
    assert "\ntext\n" in text


@pytest.mark.parametrize("text", ["nothing", PAGE + PAGE, "<!-- c: end --><!-- c: begin -->"])
def test_a_page_without_the_part_is_told(tmp_path: Path, text: str):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(InputError, match="begin"):
        put_part(page, "a" if text == PAGE + PAGE else "c", "new")
    assert page.read_text() == text


def test_a_missing_page_is_told(tmp_path: Path):
    with pytest.raises(InputError, match="--write"):
        put_part(tmp_path / "none.md", "a", "new")
