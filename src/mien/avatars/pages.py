"""Web pages that hold all they need: a template with its content written into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mien.files import write_text

_PLACE = "/*CONTENT*/null"


def write_page(template: str | Path, content: dict[str, Any], path: str | Path) -> None:
    """Write a template's page with its content.

    Raises:
        OutputError: the place takes no files.
    """
    # A name of a video must not end the script that holds it
    held = json.dumps(content).replace("<", "\\u003c")
    write_text(path, Path(template).read_text(encoding="utf-8").replace(_PLACE, held))
