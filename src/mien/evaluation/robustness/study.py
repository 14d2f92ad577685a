"""Mutate, read in child processes, count."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mien.errors import MienError
from mien.evaluation.robustness.mutations import mutate
from mien.evaluation.robustness.seeds import Seed, write_seeds
from mien.progress import Progress, ProgressReport, silent

SLOW_S, LARGE_MB = 5.0, 500.0
"""Bars: no reader may compute longer, or take more memory than the process had before."""
GIVEN_UP_S = 30.0
FAULTS = ("crashes", "untyped errors", "silent acceptance", "above 5 s", "above 500 MB")


@dataclass(frozen=True)
class RobustnessConfig:
    """How much is tried."""

    mutations: int = 5000
    """Damaged files, the same number of each kind."""
    seed: int = 0
    """The same seed gives the same files."""
    workers: int = 2
    """Child processes that read them."""


@dataclass(frozen=True)
class Failure:
    """A damaged file that a reader did not hold against.

    Attributes:
        seed_name: of the file that was damaged.
        file: which of its files.
        mutation: what was done to it.
        index: number of the mutation; with the study's seed it makes the same file again.
        fault: one of `FAULTS`.
        what: the exception, the value, the time, the memory.
    """

    seed_name: str
    file: str
    mutation: str
    index: int
    fault: str
    what: str


@dataclass
class KindFigures:
    """Counts for one kind of file.

    Attributes:
        refused, read: files that ended in an error of mien, and that were read, with nothing wrong.
        faults: by name of `FAULTS`.
        slowest_s, largest_mb: over all files.
    """

    refused: int = 0
    read: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    largest_mb: float = 0.0

    @property
    def tried(self) -> int:
        return self.refused + self.read + self.faults["ended"]


@dataclass(frozen=True)
class RobustnessResult:
    """What came out.

    Attributes:
        kinds: figures by name of the seed.
        failures: every fault, in order of the mutations.
    """

    kinds: dict[str, KindFigures]
    failures: tuple[Failure, ...]

    def count(self, fault: str) -> int:
        """How often one of `FAULTS` came."""
        return sum(failure.fault == fault for failure in self.failures)


def study_robustness(
    config: RobustnessConfig, *, keep: Path | None = None, report: ProgressReport = silent
) -> RobustnessResult:
    """Damage good files and read them.

    Args:
        keep: folder for the files that a reader did not hold against.

    Raises:
        MienError: a good file cannot be read: then nothing that follows means anything.
    """
    with TemporaryDirectory(prefix="mien-robustness-") as folder:
        seeds = write_seeds(Path(folder) / "seeds")
        return _Study(config, seeds, Path(folder), keep, report).run()


def _check_seeds(seeds: list[Seed], place: Path, child: _Child) -> None:
    """Read the good files, which loads whatever reading needs before anything is measured."""
    for seed in seeds:
        shutil.copytree(seed.folder, place)
        outcome = child.read(seed.reader, place / seed.target, timeout_s=120.0)
        shutil.rmtree(place)
        if outcome is None or outcome["outcome"] != "read":
            raise MienError(f"the good file {seed.name} cannot be read: {outcome}")


class _Child:
    """One process that reads; made anew after a crash."""

    def __init__(self) -> None:
        self.process = self._start()
        self.lines: queue.Queue[str] = queue.Queue()
        self._follow()

    def _start(self) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "mien.evaluation.robustness.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def _follow(self) -> None:
        """Lines of the child into a queue, and an empty one at its end."""
        stream, lines = self.process.stdout, self.lines

        def follow() -> None:
            assert stream is not None
            for line in stream:
                lines.put(line)
            lines.put("")
            stream.close()

        self.follower = threading.Thread(target=follow, daemon=True)
        self.follower.start()

    def read(self, reader: str, path: Path, *, timeout_s: float = GIVEN_UP_S) -> dict | None:
        """The outcome; None when the process ended or had to be ended. `ended` then says how."""
        assert self.process.stdin is not None
        self.ended = ""
        try:
            self.process.stdin.write(json.dumps([reader, str(path)]) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=timeout_s)
        except queue.Empty:
            self.ended = f"no answer after {timeout_s:.0f} s"
            line = ""
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        if self.ended:
            self.process.kill()
        code = self.process.wait()
        self.ended = self.ended or f"exit code {code}"
        self.process.stdin.close()
        self.process = self._start()
        self.lines = queue.Queue()
        self._follow()
        return None

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.follower.join()


class _Study:
    def __init__(
        self,
        config: RobustnessConfig,
        seeds: list[Seed],
        folder: Path,
        keep: Path | None,
        report: ProgressReport,
    ) -> None:
        self.config, self.seeds, self.folder, self.keep, self.report = config, seeds, folder, keep, report
        self.kinds = {seed.name: KindFigures() for seed in seeds}
        self.failures: list[Failure] = []
        self.jobs = iter(range(config.mutations))
        self.lock = threading.Lock()
        self.done = 0
        self.broken: Exception | None = None

    def run(self) -> RobustnessResult:
        threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(max(1, self.config.workers))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.broken is not None:
            raise self.broken
        self.failures.sort(key=lambda failure: failure.index)
        return RobustnessResult(self.kinds, tuple(self.failures))

    def _work(self, number: int) -> None:
        child = _Child()
        place = self.folder / f"damaged{number}"
        try:
            _check_seeds(self.seeds, place, child)
            while self.broken is None:
                with self.lock:
                    index = next(self.jobs, None)
                if index is None:
                    break
                self._try(child, index, place)
                shutil.rmtree(place, ignore_errors=True)
        except Exception as error:
            self.broken = error
        finally:
            child.close()

    def _try(self, child: _Child, index: int, place: Path) -> None:
        rng = np.random.default_rng([self.config.seed, index])
        seed = self.seeds[index % len(self.seeds)]
        shutil.copytree(seed.folder, place)
        file = seed.files[int(rng.integers(len(seed.files)))]
        mutation = mutate(place / file, rng)
        outcome = child.read(seed.reader, place / seed.target)
        if outcome is None:
            slow = "no answer" in child.ended
            faults = [(FAULTS[3] if slow else FAULTS[0], child.ended)]
        else:
            faults = _faults_of(outcome)
        with self.lock:
            figures = self.kinds[seed.name]
            if outcome is not None:
                figures.slowest_s = max(figures.slowest_s, outcome["seconds"])
                figures.largest_mb = max(figures.largest_mb, outcome["peak_mb"])
            if not faults:
                figures.refused += outcome is not None and outcome["outcome"] == "refused"
                figures.read += outcome is not None and outcome["outcome"] == "read"
            else:
                figures.faults["ended"] += 1
            for fault, what in faults:
                figures.faults[fault] += 1
                self.failures.append(Failure(seed.name, file, mutation, index, fault, what))
            if faults and self.keep is not None:
                shutil.copytree(place, self.keep / f"{index}-{seed.name}", symlinks=True, dirs_exist_ok=True)
            self.done += 1
            self.report(Progress(self.done, self.config.mutations, "damaged files"))


def _faults_of(outcome: dict) -> list[tuple[str, str]]:
    found = []
    if outcome["outcome"] == "untyped":
        found.append((FAULTS[1], outcome["what"]))
    if outcome["outcome"] == "garbage":
        found.append((FAULTS[2], outcome["what"]))
    if outcome["seconds"] > SLOW_S:
        found.append((FAULTS[3], f"{outcome['seconds']:.1f} s"))
    if outcome["peak_mb"] > LARGE_MB:
        found.append((FAULTS[4], f"{outcome['peak_mb']:.0f} MB"))
    return found
