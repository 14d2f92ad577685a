"""Batches made in another process while the network trains, handed over through shared memory.

The process imports no torch, reads shards as they appear, and fills a small ring of batches; the order of the
batches is that of the steps, so a resumed training sees what it would have seen.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import queue
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from multiprocessing.shared_memory import SharedMemory
from typing import NamedTuple

import numpy as np

from mien.datasets.crops.batches import CropBatch, CropDataset, fill_row
from mien.datasets.crops.shards import FaceStore
from mien.errors import InputError


@dataclass(frozen=True)
class FeederConfig:
    """How batches are made beside the training."""

    processes: int = 1
    """0: in the training process itself (slow; for tests), 1: in one process beside it; several take turns,
    each with its own part of the folders, for machines of many cores."""
    threads: int = 1
    """Threads of that process; OpenCV lets go of Python's lock while it works."""
    ring: int = 4
    """Batches made in advance."""
    rescan_s: float = 20.0
    """Seconds between looks for new shards."""
    wait_s: float = 1800.0
    """How long to wait for the first shard, seconds."""


def feed(
    dataset: CropDataset, options: FeederConfig, *, first_step: int = 0
) -> Generator[CropBatch, None, None]:
    """Batches for `first_step`, `first_step + 1`, …, without end; close the iterator to stop the process.

    A batch's arrays are overwritten `ring` batches later: copy what must last.

    Raises:
        InputError: there are no shards in time, or one cannot be read.
    """
    if options.processes > 1:
        return _feed_in_turn(dataset, options, first_step)
    if options.processes:
        return _feed_beside(dataset, options, first_step)
    return _feed_inline(dataset, options, first_step)


class _Steps(NamedTuple):
    """first, first + stride, …"""

    first: int
    stride: int = 1


def _wait_for_faces(
    store: FaceStore, options: FeederConfig, *, unwanted: Callable[[], bool] = lambda: False
) -> None:
    """Read what is there; where there is nothing yet, wait for the first training shard.

    Args:
        unwanted: whether nobody waits for faces any more.
    """
    end = time.monotonic() + options.wait_s
    store.refresh()
    while not len(store) and not unwanted():
        if time.monotonic() > end or not store.folders.may_grow():
            raise store.folders.nothing_there()
        time.sleep(0.5)
        store.refresh()


def _batches_into(
    dataset: CropDataset,
    store: FaceStore,
    options: FeederConfig,
    steps: _Steps,
    places: Iterator[CropBatch],
) -> Iterator[CropBatch]:
    """Fill the given places one after the other."""
    last_scan = time.monotonic()
    with ThreadPoolExecutor(max(1, options.threads)) as pool:
        for step, place in zip(itertools.count(*steps), places):
            if time.monotonic() - last_scan > options.rescan_s:
                store.refresh()
                last_scan = time.monotonic()
            rows = range(dataset.config.batch)
            if options.threads > 1:
                list(pool.map(lambda row: fill_row(dataset, store, step, row, place), rows))  # noqa: B023
            else:
                for row in rows:
                    fill_row(dataset, store, step, row, place)
            yield replace(place, store_size=len(store))


def _feed_inline(
    dataset: CropDataset, options: FeederConfig, first_step: int
) -> Generator[CropBatch, None, None]:
    store = dataset.open_store()
    _wait_for_faces(store, options)
    places = iter(dataset.empty_batch, None)
    yield from _batches_into(dataset, store, options, _Steps(first_step), places)


def _views(dataset: CropDataset, memory: SharedMemory, slot: int) -> CropBatch:
    """The arrays of one slot of the ring."""
    offset = slot * _slot_bytes(dataset)
    arrays = []
    like = dataset.empty_batch()
    for array in (like.points, like.presence, like.crops):
        arrays.append(np.ndarray(array.shape, array.dtype, buffer=memory.buf, offset=offset))
        offset += array.nbytes
    return CropBatch(points=arrays[0], presence=arrays[1], crops=arrays[2], store_size=0)


def _slot_bytes(dataset: CropDataset) -> int:
    like = dataset.empty_batch()
    return -(-(like.points.nbytes + like.presence.nbytes + like.crops.nbytes) // 64) * 64


class _BatchProcess:
    """A process that makes the batches of some steps, already at work."""

    def __init__(self, dataset: CropDataset, options: FeederConfig, steps: _Steps) -> None:
        context = multiprocessing.get_context("spawn")  # forking after torch has started threads may hang
        self._dataset, self._slots = dataset, options.ring
        self._memory = SharedMemory(create=True, size=options.ring * _slot_bytes(dataset))
        self._free, self._ready = context.Queue(), context.Queue()
        self._views: list[CropBatch] = []
        name = self._memory.name
        self._worker = context.Process(
            target=_work,
            args=(dataset, options, steps, name, self._free, self._ready, os.getpid()),
            daemon=True,
        )
        try:
            self._worker.start()
        except BaseException:
            self.close()
            raise
        self._views = [_views(dataset, self._memory, slot) for slot in range(options.ring)]
        for slot in range(options.ring):
            self._free.put(slot)

    def next_slot(self) -> tuple[int, CropBatch]:
        """The next batch and where it lies; that place must be given back.

        Raises:
            InputError: there are no shards in time, or one cannot be read.
        """
        slot, store_size, trouble = _next_ready(self._ready, self._worker)
        if trouble is not None:
            raise trouble
        return slot, replace(self._views[slot], store_size=store_size)

    def give_back(self, slot: int) -> None:
        """Let a place be filled again."""
        self._free.put(slot)

    def close(self) -> None:
        """Stop it."""
        if self._worker.pid is not None:  # it was started
            self._worker.terminate()
            self._worker.join()
        for line in (self._free, self._ready):
            line.close()
            line.cancel_join_thread()
        self._views.clear()
        with contextlib.suppress(BufferError):  # a batch that is still held keeps its memory until it goes
            self._memory.close()
        self._memory.unlink()


def _feed_beside(
    dataset: CropDataset, options: FeederConfig, first_step: int
) -> Generator[CropBatch, None, None]:
    with contextlib.closing(_BatchProcess(dataset, options, _Steps(first_step))) as process:
        yield from _made_by(process)


def _feed_in_turn(
    dataset: CropDataset, options: FeederConfig, first_step: int
) -> Generator[CropBatch, None, None]:
    """Several processes, each with the steps and the folders that fall to it."""
    count, config = options.processes, dataset.config
    with contextlib.ExitStack() as stack:
        feeds = []
        for number in range(count):
            folders = config.data[number::count] if len(config.data) >= count else config.data
            own = replace(config, data=folders, max_pictures=-(-config.max_pictures // count))
            steps = _Steps(first_step + (number - first_step) % count, count)
            process = _BatchProcess(replace(dataset, config=own), options, steps)
            feeds.append(_made_by(stack.enter_context(contextlib.closing(process))))
        for step in itertools.count(first_step):
            yield next(feeds[step % count])


def _made_by(process: _BatchProcess) -> Iterator[CropBatch]:
    while True:
        slot, batch = process.next_slot()
        yield batch
        process.give_back(slot)


def _next_ready(ready: Queue, worker: BaseProcess) -> tuple:
    while True:
        try:
            return ready.get(timeout=2.0)
        except queue.Empty:
            if not worker.is_alive():
                raise InputError(
                    f"the process that makes batches ended with exit code {worker.exitcode}; is there enough "
                    "memory? lower --max-pictures",
                    source="training data",
                ) from None


def _work(
    dataset: CropDataset,
    options: FeederConfig,
    steps: _Steps,
    memory_name: str,
    free: Queue,
    ready: Queue,
    parent: int,
) -> None:
    """The process beside the training: fills free slots in step order until its parent goes away."""
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the training process decides when to stop
    cv2.setNumThreads(0)
    memory = SharedMemory(name=memory_name)
    slots: list[int] = []

    def places() -> Iterator[CropBatch]:
        while True:
            try:
                slot = free.get(timeout=2.0)
            except queue.Empty:
                if os.getppid() != parent:
                    return
                continue
            slots.append(slot)
            yield _views(dataset, memory, slot)

    try:
        store = dataset.open_store()
        _wait_for_faces(store, options, unwanted=lambda: os.getppid() != parent)
        for batch in _batches_into(dataset, store, options, steps, places()):
            ready.put((slots[-1], batch.store_size, None))
    except InputError as error:
        ready.put((0, 0, InputError(str(error))))
    except Exception:
        ready.put((0, 0, RuntimeError("making batches failed:\n" + traceback.format_exc())))
