"""`mien benchmark robustness`: whether every reader holds against damaged files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import note, print_json, print_table, print_written, progress_bar
from mien.commands.options import JsonOption
from mien.evaluation.robustness.study import RobustnessConfig


@dataclass(frozen=True)
class RobustnessBenchmarkConfig:
    """Crashes, untyped errors, silent acceptance of nonsense, slow reads and much memory, over damaged files.

    Good files of every kind that mien reads are damaged in many ways and read in child processes. The exit
    code is 1 when a reader did not hold.
    """

    study: Flat[RobustnessConfig] = RobustnessConfig()
    page: Path | None = None
    """Write the table as this page of Markdown."""
    keep: Path | None = None
    """Keep the files that a reader did not hold against in this folder."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Damage, read, count, print; returns the exit code."""
    config = parse(RobustnessBenchmarkConfig, arguments, prog="mien benchmark robustness")
    from mien.evaluation.robustness.study import study_robustness
    from mien.evaluation.robustness.table import COLUMNS, table_rows
    from mien.evaluation.robustness.table import page as page_of

    with progress_bar("damaged files", quiet=config.output.json) as report:
        result = study_robustness(config.study, keep=config.keep, report=report)
    if config.page is not None:
        from mien.files import write_text

        write_text(config.page, page_of(result, config.study))
    failures = [asdict(failure) for failure in result.failures]
    if config.output.json:
        kinds = {name: asdict(kind) for name, kind in result.kinds.items()}
        print_json({"format_version": 1, "benchmark": "robustness", "kinds": kinds, "failures": failures})
        return 1 if failures else 0
    print_table(COLUMNS, table_rows(result))
    for failure in result.failures[:50]:
        note(
            f"{failure.seed_name} ({failure.file}, {failure.mutation}, number {failure.index}): "
            f"{failure.fault}: {failure.what}"
        )
    if config.page is not None:
        print_written([config.page])
    return 1 if failures else 0
