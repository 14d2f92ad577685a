"""Crops of synthetic faces shown to frozen encoders, once."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.crops.augment import AugmentConfig, make_sample
from mien.datasets.crops.layout import SHARD_SET, LandmarkLayout, load_layout
from mien.datasets.crops.shards import FaceStore
from mien.datasets.encoded_crops import (
    CROPS_PER_SHARD,
    EncodedCrops,
    EncodedManifest,
    has_manifest,
    joined,
    read_manifest,
    shard_path,
)
from mien.datasets.encoders import CROP_PX, Encoders
from mien.errors import InputError, MienError
from mien.learning.cards import read_manifests
from mien.progress import Progress, ProgressReport, silent
from mien.training.read_out.config import EncodeConfig

_AT_ONCE = 16
"""Crops that are shown to the encoders together."""


@dataclass(frozen=True)
class _Job:
    """One shard to write."""

    part: str
    number: int
    count: int


def encode_crops(config: EncodeConfig, *, report: ProgressReport = silent) -> list[Path]:
    """Write the shards that are not there yet; returns all of them.

    A crop is a pure function of the seed and its number, whatever process makes it, and so a folder can be
    continued and grown.

    Raises:
        InputError: no pictures, no encoders, or the folder holds crops of other settings.
        MienError: a process failed.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    encoders = Encoders(config.encoders)
    manifest = EncodedManifest(
        encoders=encoders.shapes,
        set_name=SHARD_SET,
        crop_scale=config.crop_scale,
        seed=config.seed,
        pictures=read_manifests(config.data),
        maps=tuple(encoders.map_shapes),
    )
    if has_manifest(config.out):
        there = read_manifest(config.out)
        other = [
            name
            for name in ("encoders", "crop_scale", "seed")
            if getattr(there, name) != getattr(manifest, name)
        ]
        if other:
            raise InputError(
                f"holds crops made with another {', '.join(other)}; choose another --out", source=config.out
            )
    manifest.save(config.out)
    jobs = [
        _Job(part, number, min(CROPS_PER_SHARD, count - first))
        for part, count in (("validation", config.validation), ("train", config.count))
        for number, first in enumerate(range(0, count, CROPS_PER_SHARD))
    ]
    paths = [shard_path(config.out, job.number, part=job.part) for job in jobs]
    waiting = [job for job, path in zip(jobs, paths, strict=True) if not path.exists()]
    total = sum(job.count for job in jobs)
    done = total - sum(job.count for job in waiting)
    report(Progress(done, total, "encoding"))
    if config.workers <= 1:
        for count in _encode(config, waiting):
            done += count
            report(Progress(done, total, "encoding"))
        return paths
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(
            target=_work, args=(config, waiting[index :: config.workers], results, os.getpid()), daemon=True
        )
        for index in range(config.workers)
    ]
    for worker in workers:
        worker.start()
    while done < total:
        message = results.get()
        if isinstance(message, str):
            for worker in workers:
                worker.terminate()
            raise MienError(f"encoding failed: {message}")
        done += message
        report(Progress(done, total, "encoding"))
    for worker in workers:
        worker.join()
    return paths


def _work(config: EncodeConfig, jobs: list[_Job], results: Any, parent: int) -> None:
    import cv2

    cv2.setNumThreads(0)
    try:
        for count in _encode(config, jobs):
            if os.getppid() != parent:
                return
            results.put(count)
    except Exception as error:
        results.put(f"{type(error).__name__}: {error}")


def _encode(config: EncodeConfig, jobs: list[_Job]):
    """Make some shards; yields the number of crops after each few."""
    encoders = Encoders(config.encoders)
    layout = load_layout(SHARD_SET)
    augment = AugmentConfig.usual(crop_scale=config.crop_scale)
    still = replace(AugmentConfig.none(crop_scale=config.crop_scale), negative_share=0.1)
    stores: dict[str, FaceStore] = {}
    for job in jobs:
        if job.part not in stores:
            part = "training" if job.part == "train" else "validation"
            stores[job.part] = FaceStore(
                list(config.data),
                layout,
                max_pictures=config.max_pictures,
                held_out=config.held_out,
                part=part,
            )
            stores[job.part].refresh()
            if not len(stores[job.part]):
                raise stores[job.part].folders.nothing_there()
        store = stores[job.part]
        parts: list[EncodedCrops] = []
        for first in range(0, job.count, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, job.count))
            parts.append(
                _encoded(
                    encoders,
                    store,
                    layout,
                    keys=[(config.seed, job.part == "train", job.number, number) for number in numbers],
                    augments=[augment if job.part == "train" or n % 2 else still for n in numbers],
                )
            )
            yield len(numbers)
        joined(parts).save(shard_path(config.out, job.number, part=job.part))


def _encoded(
    encoders: Encoders,
    store: FaceStore,
    layout: LandmarkLayout,
    *,
    keys: list[tuple[int, ...]],
    augments: list[AugmentConfig],
) -> EncodedCrops:
    samples, yaws = [], []
    for key, augment in zip(keys, augments, strict=True):
        rng = np.random.default_rng([int(value) for value in key])
        index, other = int(rng.integers(len(store))), int(rng.integers(len(store)))
        samples.append(
            make_sample(store[index], store[other], layout, size=CROP_PX, rng=rng, options=augment)
        )
        yaws.append(store.details(index).get("yaw_rad", np.nan))
    encoding = encoders(np.stack([sample.crop for sample in samples]))
    return EncodedCrops(
        points=encoding.points,
        features=encoding.features.astype(np.float16),
        labels=np.stack([sample.points for sample in samples]),
        posed_mean=np.stack(
            [
                np.full_like(sample.points, np.nan) if sample.posed_mean is None else sample.posed_mean
                for sample in samples
            ]
        ),
        presence=np.array([sample.presence for sample in samples], np.float32),
        yaw_rad=np.array(yaws, np.float32),
    )
