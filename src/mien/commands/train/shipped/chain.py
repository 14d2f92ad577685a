"""Runs the chain step by step, and goes on where it stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mien.commands.train.shipped.plan import ChainStep
from mien.errors import InputError, MienError
from mien.files import write_text
from mien.learning.cards import add_to_card
from mien.reading.json_files import read_json_object

RECORD_NAME = "chain.json"
"""In the chain's folder: the commands that are done, and how long each took."""

RunCommand = Callable[[tuple[str, ...]], int]
"""Runs `mien` with some arguments, and returns its exit code."""


def run_chain(
    steps: Sequence[ChainStep],
    folder: Path,
    run_command: RunCommand,
    *,
    command: str,
    say: Callable[[str], None] = print,
) -> None:
    """Run every step that is not done yet.

    A step is done when its command ended well, which is noted in `folder`/chain.json. One that was stopped is
    run again; the commands themselves keep the pictures, crops and checkpoints that they have made.

    Args:
        steps: in order.
        folder: of the chain.
        run_command: runs one.
        command: the whole chain's command line, for the cards.
        say: shows a line to people.

    Raises:
        InputError: the folder's record is of other commands than these, or is damaged.
        MienError: a step failed.
    """
    done = read_record(folder)
    _check_same(done, steps, folder)
    for number, step in enumerate(steps, 1):
        place = f"[{number}/{len(steps)}] {step.name}"
        if step.name in done:
            say(f"{place}: done")
            continue
        resumed = step.checkpoint is not None and step.checkpoint.is_file()
        say(f"{place}: {step.command}{' --resume' if resumed else ''}")
        start = time.monotonic()
        code = run_command((*step.arguments, "--resume") if resumed else step.arguments)
        if code != 0:
            raise MienError(
                f"the step {step.name!r} ended with exit code {code}; mend its reason and run the same "
                "command again: it goes on from here"
            )
        if step.card is not None:
            add_to_card(step.card, chain=command)
        seconds = round(time.monotonic() - start, 1)
        done[step.name] = {"command": step.command, "seconds": seconds}
        write_text(folder / RECORD_NAME, json.dumps({"format_version": 1, "done": done}, indent=1) + "\n")


def read_record(folder: Path) -> dict[str, dict[str, Any]]:
    """The steps that are done, by name; none in a new folder.

    Raises:
        InputError: the record is damaged.
    """
    path = folder / RECORD_NAME
    if not path.exists():
        return {}
    record = read_json_object(path, missing="there is no such file", what="the chain's record is damaged")
    done = record.get("done")
    if not isinstance(done, dict) or not all(isinstance(each, dict) for each in done.values()):
        raise InputError("the chain's record is damaged; delete it to run every step again", source=path)
    return done


def _check_same(done: dict[str, dict[str, Any]], steps: Sequence[ChainStep], folder: Path) -> None:
    for step in steps:
        was = done.get(step.name, {}).get("command", step.command)
        if was != step.command:
            raise InputError(
                f"holds the step {step.name!r} of another chain ({was}); choose another --out folder, or "
                "give the options that it was begun with",
                source=folder,
            )
