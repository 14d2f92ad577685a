"""Generated parts of a hand-written Markdown page."""

from __future__ import annotations

import re
from pathlib import Path

from mien.errors import InputError
from mien.files import write_text


def put_part(page: Path, name: str, body: str) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises:
        InputError: the page is missing or has no such part.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError("cannot be read; give an existing page to --write", source=page) from error
    parts = re.split(f"({re.escape(begin)}|{re.escape(end)})", text)
    if len(parts) != 5 or parts[1] != begin or parts[3] != end:
        raise InputError(f"has no single part {begin} … {end}; add these two lines", source=page)
    write_text(page, f"{parts[0]}{begin}\n{body.strip()}\n{end}{parts[4]}")
