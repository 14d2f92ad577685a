"""Processes that draw shards. One that dies costs the shard it was at, which a fresh one draws."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from mien.errors import InputError, MienError, OutputError
from mien.files import stopped_cleanly

TRIES = 2
"""How often a shard is begun before it is given up."""
_DRAWN, _DONE = 1, "done"

Draw = Callable[["ShardJob"], Generator[None]]
"""Writes a shard; yields after every picture."""


@dataclass(frozen=True)
class ShardJob:
    """A shard to be drawn.

    Attributes:
        path: its file; first: index of its first picture; count: how many it holds.
    """

    path: Path
    first: int
    count: int


@dataclass
class _Worker:
    process: Any
    job: ShardJob
    drawn: int = 0


def draw_shards(
    jobs: list[ShardJob], begin: Callable[[], Draw], *, workers: int, more: Callable[[int], None]
) -> list[ShardJob]:
    """Draw all shards.

    Args:
        begin: called once in each process, which it must be able to be sent to; returns what draws.
        more: told by how many pictures there are more; less than 0 when a process died with some.

    Returns:
        shards at which a process died `TRIES` times.

    Raises:
        InputError: what is drawn with is not there.
        OutputError: a shard cannot be written.
        MienError: a process failed with an error; its message is passed on.
    """
    waiting, given_up = deque(jobs), []
    tries = dict.fromkeys(jobs, 0)
    busy: dict[Connection, _Worker] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                process, connection = _start(begin)
                busy[connection] = _Worker(process, waiting.popleft())
                connection.send(busy[connection].job)
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                worker = busy[ready]
                try:
                    message = ready.recv()
                except (EOFError, OSError):  # it died
                    del busy[ready]
                    worker.process.join()
                    more(-worker.drawn)
                    tries[worker.job] += 1
                    (waiting if tries[worker.job] < TRIES else given_up).append(worker.job)
                    continue
                if message == _DRAWN:
                    worker.drawn += 1
                    more(1)
                elif isinstance(message, (InputError, OutputError)):
                    raise message
                elif message != _DONE:
                    raise MienError(f"drawing synthetic pictures failed: {message}")
                elif waiting:
                    busy[ready] = _Worker(worker.process, waiting.popleft())
                    ready.send(busy[ready].job)
                else:
                    ready.send(None)
                    del busy[ready]
                    worker.process.join()
    finally:
        for worker in busy.values():
            worker.process.terminate()
        for worker in busy.values():
            worker.process.join()  # it removes what it left half written
    return given_up


def _start(begin: Callable[[], Draw]) -> tuple[Any, Connection]:
    """A process, and the connection to it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(begin, there), daemon=True)
    process.start()
    there.close()  # so that this end hears when the process is gone
    return process, here


def serve(begin: Callable[[], Draw], connection: Connection) -> None:
    """One process: takes jobs until None comes, or nobody is there any more; answers every picture."""
    os.environ["LP_NUM_THREADS"] = "1"  # one thread a process: the processes share the cores
    try:
        with stopped_cleanly():
            draw = None
            while (job := connection.recv()) is not None:
                draw = draw or begin()
                with closing(draw(job)) as pictures:
                    for _ in pictures:
                        connection.send(_DRAWN)
                connection.send(_DONE)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
    except OutputError as error:
        connection.send(OutputError(str(error)))
    except InputError as error:  # the assets: its message says all
        connection.send(InputError(str(error)))
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
