"""Batches of augmented samples, each a pure function of seed, step and the faces read so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from mien.datasets.crops.augment import AugmentConfig, make_sample
from mien.datasets.crops.config import CropDataConfig
from mien.datasets.crops.layout import LandmarkLayout, load_layout
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
class CropDataset:
    """Everything that decides what the batches hold.

    Attributes:
        config: folders, crops, batch.
        layout: the landmark set.
        augment: how the pictures are changed.
        seed: of the whole training.
    """

    config: CropDataConfig
    layout: LandmarkLayout
    augment: AugmentConfig
    seed: int

    @staticmethod
    def of(config: CropDataConfig, *, seed: int, layout: LandmarkLayout | None = None) -> CropDataset:
        """What a configuration means.

        Args:
            layout: of the landmark set; left out, it is found by the set's name.
        """
        augment = AugmentConfig.usual if config.augmentation else AugmentConfig.none
        layout = layout or load_layout(config.set)
        return CropDataset(config, layout, augment(crop_scale=config.crop_scale), seed)

    def open_store(self, *, part: str = "training") -> FaceStore:
        """An empty store of the shards; `FaceStore.refresh` fills it."""
        return FaceStore(
            list(self.config.data),
            self.layout,
            max_pictures=self.config.max_pictures,
            held_out=self.config.held_out,
            part=part,
        )

    def empty_batch(self) -> CropBatch:
        """A batch's arrays, not yet filled."""
        batch, size = self.config.batch, self.config.size
        return CropBatch(
            crops=np.empty((batch, size, size, 3), np.uint8),
            points=np.empty((batch, len(self.layout), 2), np.float32),
            presence=np.empty(batch, np.float32),
            store_size=0,
        )


def fill_row(dataset: CropDataset, store: FaceStore, step: int, row: int, into: CropBatch) -> None:
    """Draw sample `row` of batch `step` into its place; the same arguments always give the same sample."""
    rng = np.random.default_rng((dataset.seed, step, row))
    face, other = store[int(rng.integers(len(store)))], store[int(rng.integers(len(store)))]
    sample = make_sample(
        face, other, dataset.layout, size=dataset.config.size, rng=rng, options=dataset.augment
    )
    into.crops[row] = sample.crop
    into.points[row] = sample.points
    into.presence[row] = sample.presence
