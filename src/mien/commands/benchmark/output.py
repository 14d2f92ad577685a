"""What benchmarks print: tables for people, one JSON document for machines, progress bars on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")


def print_json(document: dict[str, Any]) -> int:
    """Print one JSON document (NaN becomes null) and return the exit code 0."""
    print(json.dumps(_without_nan(document), ensure_ascii=False))
    return 0


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table under its title; lines never break where the output is no terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def print_missing(command: str, missing: Sequence[tuple[str, str]], *, of: int, most: int = 10) -> int:
    """Say on stderr what a submission lacks, and return the exit code: 1 when it lacks something.

    Args:
        missing: names and reasons.
        of: how many there should be.
        most: how many to name.
    """
    if not missing:
        return 0
    print(
        f"{command}: {len(missing)} of {of} have no usable prediction; the figures leave them out and cannot "
        "be compared with published ones",
        file=sys.stderr,
    )
    for name, reason in missing[:most]:
        print(f"  {reason}" if name in reason else f"  {name}: {reason}", file=sys.stderr)
    if len(missing) > most:
        print(f"  … and {len(missing) - most} more (--json names all)", file=sys.stderr)
    return 1


def progress(items: Iterable[Item], label: str) -> Iterable[Item]:
    """Go through the items with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import track

    return track(list(items), description=label, console=Console(stderr=True), transient=True)


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
