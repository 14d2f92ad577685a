"""Commands killed at random moments with a signal that no program can catch, and what they leave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mien.errors import MienError
from mien.evaluation.interruptions.whole_files import damaged_files, left_files
from mien.progress import ProgressReport, reported, silent

_MAIN = "import sys; from mien.commands.app import main; sys.exit(main())"
_ORPHANS_S = 20.0
"""How long helpers of a killed run may take to notice that it is gone."""


@dataclass(frozen=True)
class Work:
    """A command that is killed again and again.

    Attributes:
        name: for the table.
        arguments: of the command, told from its folder, in which everything that it writes lies.
        anew: a finished run would leave the next one nothing to do: the folder is emptied first.
    """

    name: str
    arguments: Callable[[Path], Sequence[str]]
    anew: bool = False


@dataclass
class Outcome:
    """What became of a work.

    Attributes:
        kills: runs that were killed; finished: those that had ended by themselves just before.
        seconds: of a whole run.
        damaged: half files under final names; failed: runs that ended with an error, with what they said;
            orphans: kills after which helpers went on.
        left: most temporary files that were there after any kill; left_at_end: after the last, whole run.
    """

    name: str
    kills: int = 0
    finished: int = 0
    seconds: float = 0.0
    damaged: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    orphans: int = 0
    left: int = 0
    left_at_end: int = 0

    @property
    def good(self) -> bool:
        return not (self.damaged or self.failed or self.orphans or self.left_at_end)


def kill_again_and_again(
    work: Work, folder: Path, *, kills: int, seed: int = 0, report: ProgressReport = silent
) -> Outcome:
    """Run once to the end, kill so many runs at random moments, and run to the end again.

    Args:
        folder: of the work; emptied.

    Raises:
        MienError: the first run, which nobody interrupts, fails.
    """
    rng, outcome = np.random.default_rng(seed), Outcome(work.name)
    _empty(folder)
    begin = time.perf_counter()
    code, said = _ended(_start(work.arguments(folder)), None)
    outcome.seconds = time.perf_counter() - begin
    if code:
        raise MienError(f"{work.name} fails without being interrupted: {said}")
    _look(folder, outcome)
    whole = True
    for _ in reported(range(kills), report, label=work.name):
        while True:
            if (whole and work.anew) or rng.random() < 0.25:
                _empty(folder)
            process = _start(work.arguments(folder))
            code, said = _ended(process, rng.uniform(0.0, outcome.seconds))
            whole = code == 0
            if code is None:
                break
            outcome.finished += 1
            if code:
                outcome.failed.append(said)
                break
        outcome.kills += 1
        outcome.orphans += _orphans(process)
        outcome.left = max(outcome.left, len(left_files(folder)))
        _look(folder, outcome)
    if whole and work.anew:
        _empty(folder)
    code, said = _ended(_start(work.arguments(folder)), None)
    if code:
        outcome.failed.append(said)
    _look(folder, outcome)
    outcome.left_at_end = len(left_files(folder))
    return outcome


def _look(folder: Path, outcome: Outcome) -> None:
    outcome.damaged += [line for line in damaged_files(folder) if line not in outcome.damaged]


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _MAIN, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ended(process: subprocess.Popen[str], seconds: float | None) -> tuple[int | None, str]:
    """Exit code, None when it had to be killed, and the last line that it said."""
    try:
        said = process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
        return None, ""
    return process.returncode, (said.strip().splitlines() or [""])[-1]


def _orphans(process: subprocess.Popen[str]) -> bool:
    """Whether helpers of a dead run go on; if so they are ended."""
    end = time.monotonic() + _ORPHANS_S
    while time.monotonic() < end:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    return True
