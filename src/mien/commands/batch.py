"""Doing one thing to many files: go on after a failure, show progress, sum up, tell the exit code."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mien.commands.display import note, print_json, print_table, progress_bar
from mien.commands.options import OutputOptions
from mien.errors import InputError, MienError, OutputError, printable
from mien.files import stop_asked
from mien.progress import reported


@dataclass(frozen=True)
class Done:
    """What became of one input.

    Attributes:
        files: what was written.
        row: cells of the summary table.
        facts: the same for machines, plain data.
        problem: what is wrong with a result that was written all the same; counts as a failure.
    """

    files: tuple[Path, ...] = ()
    row: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True)
class BatchOutcome:
    """What became of all inputs, in their order.

    Attributes:
        done: input and result.
        failed: input and a sentence that says why and what to do.
    """

    done: tuple[tuple[Path, Done], ...]
    failed: tuple[tuple[Path, str], ...]

    @property
    def exit_code(self) -> int:
        return 1 if self.failed else 0

    @property
    def files(self) -> list[Path]:
        return [path for _, done in self.done for path in done.files]


def run_batch(
    inputs: Sequence[Path], work: Callable[[Path, str], Done], *, label: str, quiet: bool = False
) -> BatchOutcome:
    """Call `work(path, stem)` for every input; `stem` is a name for its results that no other input has.

    Errors are collected, not raised, so that one bad file does not stop the others (with MIEN_DEBUG=1 an
    error that is not a MienError is raised at once). Where results cannot be written, because the disk is
    full or read-only, the batch ends: no other input would fare better.

    Args:
        label: what the progress bar says.
        quiet: no progress bar.
    """
    done: list[tuple[Path, Done]] = []
    failed: list[tuple[Path, str]] = []
    jobs = list(zip(inputs, result_stems(inputs), strict=True))
    with progress_bar(label, quiet=quiet or len(inputs) < 2) as report:
        for path, stem in reported(jobs, report):
            try:
                result = work(path, stem)
                done.append((path, result))
                if result.problem is not None:
                    failed.append((path, result.problem))
            except OutputError as error:
                left = len(jobs) - jobs.index((path, stem)) - 1
                rest = f"; {left} more were not begun" if left else ""
                failed.append((path, _about(path, f"{error}{rest}")))
                break
            except MienError as error:
                failed.append((path, _about(path, str(error))))
            except Exception as error:
                if stop_asked() or os.environ.get("MIEN_DEBUG", "") not in ("", "0"):
                    raise
                failed.append((path, f"{path}: unexpected {type(error).__name__}: {error} (see --debug)"))
    return BatchOutcome(tuple(done), tuple(failed))


def print_outcome(
    batch: BatchOutcome, *, command: str, columns: Sequence[str], output: OutputOptions, next_step: str
) -> int:
    """Print what was done and what failed, and return the exit code.

    Args:
        command: for example "fit".
        columns: headings for `Done.row`.
        output: the results' folder, and whether to print one JSON document instead, and nothing else.
        next_step: a sentence that says what to do with the results.
    """
    if output.json:
        print_json(_document(batch, command))
    else:
        if batch.done:
            print_table(["input", *columns], [(str(path), *done.row) for path, done in batch.done])
        if batch.files:
            print(f"\nWritten to {output.out}{os.sep}:")
            for path in batch.files:
                print(f"  {path}")
            print(next_step)
    if batch.failed:
        total = len({path for path, _ in batch.done} | {path for path, _ in batch.failed})
        if total > 1:
            note(f"\nFailed: {len(batch.failed)} of {total}")
        for _, message in batch.failed:
            note(f"mien {command}: {message}")
    return batch.exit_code


def result_stems(inputs: Sequence[Path]) -> list[str]:
    """A name for each input's results: its stem, made longer where two inputs would share it.

    Disks may take "Anna" and "anna", or two spellings of "ä", for one name. Results of several faces are
    called NAME-1, NAME-2, so that beside NAME no other input has such a name.
    """
    names: list[str] = []
    taken: set[str] = set()
    stems = {_on_disk(path.stem) for path in inputs}
    for path in inputs:
        choices = [path.stem]
        choices += [f"{path.stem}-{path.suffix[1:]}"] if path.suffix[1:] else []
        choices += [f"{path.parent.name}-{path.stem}"] if path.parent.name else []
        choices += [f"{path.stem}-again{number}" for number in range(2, len(inputs) + 2)]
        numbered = re.fullmatch(r"(.+)-\d+", path.stem)
        if numbered is not None and _on_disk(numbered[1]) in stems:
            del choices[0]
        name = next(name for name in choices if _on_disk(name) not in taken)
        names.append(name)
        taken.add(_on_disk(name))
    return names


def _on_disk(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def check_some(inputs: Sequence[Path], *, what: str, usage: str) -> None:
    """Complain when no input was named.

    Raises:
        SystemExit: with code 2, wrong usage.
    """
    if not inputs:
        note(f"name at least one {what}, for example: {usage}")
        raise SystemExit(2)


def check_folder(out: Path) -> None:
    """Make the results' folder before any work is done, and see that files can be written to it.

    Raises:
        InputError: it cannot be made, or takes no files.
    """
    from mien.files import check_folder_place

    try:
        check_folder_place(out)
    except InputError as error:
        raise type(error)(f"{error}; name another folder with --out") from error


def _about(path: Path, message: str) -> str:
    """The message on one line, naming the file."""
    message = " ".join(message.split())
    return message if printable(str(path)) in message else f"{path}: {message}"


def _document(batch: BatchOutcome, command: str) -> dict[str, Any]:
    from mien import __version__

    return {
        "format_version": 1,
        "mien_version": __version__,
        "command": command,
        "results": [
            {"input": str(path), "files": [str(file) for file in done.files], **done.facts}
            for path, done in batch.done
        ],
        "failed": [{"input": str(path), "message": message} for path, message in batch.failed],
    }
