"""Parsers in C that a damaged file can crash, in a process of their own with limits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mien.errors import InputError

MEMORY_BYTES = 6_000_000_000
TIMEOUT_S = 120.0


def run_in_child(module: str, arguments: list[str], *, source: str | Path, what: str) -> None:
    """Run a module of mien (`python -m`) on a file; it writes what it reads into files of its own.

    Exit code 0 is success; with 3 the last line that it prints is the reason, in plain words.

    Args:
        module: it calls `limit_memory()` first.
        source: the file that is read, for messages.
        what: the message when the process ends in any other way.

    Raises:
        InputError: it failed, crashed, or took too long.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{what} (reading it took more than {TIMEOUT_S:.0f} s)", source=source) from error
    if done.returncode == 3:
        reason = done.stdout.decode("utf-8", "replace").strip().splitlines()
        raise InputError(reason[-1] if reason else what, source=source)
    if done.returncode:
        raise InputError(what, source=source)


def limit_memory() -> None:
    """Let this process have no more than `MEMORY_BYTES`, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
