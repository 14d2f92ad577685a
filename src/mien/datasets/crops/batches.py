"""Batches of augmented samples, each a pure function of seed, step and the faces read so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from mien.datasets.crops.augment import AugmentConfig, make_sample
from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.crops.shards import FaceStore


@dataclass(frozen=True)
class CropBatch:
    """Augmented samples side by side.

    Attributes:
        crops: (B, S, S, 3) RGB.
        points: (B, L, 2) in the crops' [-1, 1] frame.
        presence: (B,) 1 for a well-framed face, 0 where the points mean nothing.
        store_size: number of faces that the batch was drawn from.
    """

    crops: UInt8[np.ndarray, "batch size size 3"]
    points: Float32[np.ndarray, "batch landmarks 2"]
    presence: Float32[np.ndarray, " batch"]
    store_size: int

    def __len__(self) -> int:
        return len(self.crops)


@dataclass(frozen=True)
class BatchPlan:
    """Everything that decides what the batches hold.

    Attributes:
        directories: folders of shards.
        layout: the landmark set.
        batch: samples in a batch.
        size: crop side, pixels.
        seed: of the whole training.
        max_pictures: cap of the faces in memory.
        held_out: shards with a number below this are left to validation.
        options: augmentation.
    """

    directories: tuple[Path, ...]
    layout: LandmarkLayout
    batch: int
    size: int
    seed: int
    max_pictures: int
    held_out: int
    options: AugmentConfig = field(default_factory=AugmentConfig)

    def open_store(self, *, part: str = "training") -> FaceStore:
        """An empty store of this plan's shards; `FaceStore.refresh` fills it."""
        return FaceStore(
            list(self.directories),
            self.layout,
            max_pictures=self.max_pictures,
            held_out=self.held_out,
            part=part,
        )

    def empty_batch(self) -> CropBatch:
        """A batch's arrays, not yet filled."""
        return CropBatch(
            crops=np.empty((self.batch, self.size, self.size, 3), np.uint8),
            points=np.empty((self.batch, len(self.layout), 2), np.float32),
            presence=np.empty(self.batch, np.float32),
            store_size=0,
        )


def fill_row(plan: BatchPlan, store: FaceStore, step: int, row: int, into: CropBatch) -> None:
    """Draw sample `row` of batch `step` into its place; the same arguments always give the same sample."""
    rng = np.random.default_rng((plan.seed, step, row))
    face, other = store[int(rng.integers(len(store)))], store[int(rng.integers(len(store)))]
    sample = make_sample(face, other, plan.layout, size=plan.size, rng=rng, options=plan.options)
    into.crops[row] = sample.crop
    into.points[row] = sample.points
    into.presence[row] = sample.presence
