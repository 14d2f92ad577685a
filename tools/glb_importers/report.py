"""What an importer says of a file."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
_MARK = "FOUND "


@dataclass(frozen=True)
class Report:
    """One importer's findings.

    Attributes:
        importer: its name and version.
        found: what it counted and named.
        problems: sentences; none when it took the file as it is.
        picture: what it drew, if it can draw.
        skipped: why it did not look at the file; None when it did.
    """

    importer: str
    found: dict[str, object] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    picture: Path | None = None
    skipped: str | None = None


def print_found(**found: object) -> None:
    """In a script: hand findings to `run_script`."""
    print(_MARK + json.dumps(found), flush=True)


def run_script(command: list[str], *, timeout_s: float = 300.0) -> tuple[dict[str, object], str | None]:
    """Run an importer in a process of its own, since some end badly; findings, or what went wrong."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return {}, f"no answer in {timeout_s:.0f} s"
    found = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if not found:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        return {}, f"failed with code {done.returncode}: {' | '.join(last)}"
    return json.loads(found[-1][len(_MARK) :]), None
