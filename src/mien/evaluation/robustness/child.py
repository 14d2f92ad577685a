"""The process that reads damaged files: a job a line in, an outcome a line out.

    python -m mien.evaluation.robustness.child

A job is a JSON list of a reader's name and a path. Whatever a file does to this process, it does not do to
the one that counts.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

from mien.errors import MienError, printable
from mien.evaluation.robustness.faults import first_fault
from mien.evaluation.robustness.readers import READERS

ADDRESS_SPACE_BYTES = 16_000_000_000
"""Runaway memory ends this process and not the machine."""


def main() -> None:
    """Serve until the input ends."""
    # Libraries print warnings of their own; outcomes have a stream to themselves.
    outcomes = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit_memory()
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        name, path = json.loads(line)
        outcomes.write(json.dumps(_read(name, Path(path))) + "\n")


def _read(name: str, path: Path) -> dict[str, object]:
    before_mb = _start_peak()
    begin_s = _computing_s()
    try:
        fault = first_fault(READERS[name](path))
        outcome, what = ("read", "") if fault is None else ("garbage", fault)
    except MienError as error:
        message = str(error)
        fit = message == printable(message, keep="\n\t")
        outcome, what = ("refused", "") if fit else ("untyped", "a message that is not fit for a terminal")
    except Exception as error:
        outcome, what = "untyped", f"{type(error).__name__}: {error}"[:200]
    return {
        "outcome": outcome,
        "what": printable(what),
        "seconds": _computing_s() - begin_s,
        "peak_mb": max(0.0, _peak_mb() - before_mb),
    }


def _computing_s() -> float:
    """Time that this process and those that it started have computed: others on the machine do not count."""
    return sum(os.times()[:4])


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = ADDRESS_SPACE_BYTES if hard == resource.RLIM_INFINITY else min(ADDRESS_SPACE_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _start_peak() -> float:
    """Set the highest memory so far to what is used now, and return it, MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # not Linux, or not allowed: the peak then is that of all reads so far
        return _peak_mb()
    return _status_mb("VmRSS")


def _peak_mb() -> float:
    if Path("/proc/self/status").exists():
        return _status_mb("VmHWM")
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used / 1e3


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return float(line.split()[1]) / 1e3
    return 0.0


if __name__ == "__main__":
    main()
