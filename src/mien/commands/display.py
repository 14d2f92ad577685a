"""What commands show: tables and JSON on stdout, a progress bar and notes on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mien.errors import printable
from mien.progress import Progress, ProgressReport, silent


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table on stdout; lines never break where the output is no terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        assert len(row) <= len(columns), f"{len(row)} cells under {len(columns)} headings"
        table.add_row(*(Text(printable(cell, keep="\n")) for cell in row))
    console.print(table)


def print_written(files: Iterable[Path | str], *, next_step: str = "") -> None:
    """Say on stdout where results lie, and what to do with them."""
    for path in files:
        print(f"written: {printable(str(path))}")
    if next_step:
        print(f"next: {next_step}")


def print_json(document: dict[str, Any]) -> int:
    """Print one JSON document (NaN becomes null) and return the exit code 0."""
    print(json.dumps(_without_nan(document), ensure_ascii=False))
    return 0


@contextmanager
def progress_bar(label: str = "", *, quiet: bool = False) -> Iterator[ProgressReport]:
    """A bar on stderr that shows what is reported to it. Hidden where stderr is not a terminal.

    Args:
        label: shown while the reports say nothing of their own.
        quiet: show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=None)

        def report(progress: Progress) -> None:
            description = "  ".join([progress.label or label, *map(_figure, progress.figures.items())])
            bars.update(task, completed=progress.done, total=progress.total, description=description.strip())

        yield report


def note(text: str) -> None:
    """A line on stderr, above a bar where one is shown."""
    print(printable(text), file=sys.stderr)


def _figure(figure: tuple[str, float]) -> str:
    name, value = figure
    return f"{name} {value:.4g}"


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
