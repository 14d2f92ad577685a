"""Batches of a lifting network: half multi-view, half multi-frame samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mien.datasets.encoded_crops import EncodedCrops
from mien.datasets.lifting.encoded_lifts import EncodedLifts
from mien.datasets.lifting.labels import PseudoLabels


@dataclass(frozen=True)
class ViewBatch:
    """Crops with cameras and 3D labels.

    Attributes:
        inputs: what the network takes.
        points_m: (B, L, 3) labels, zeros where not known; known: (B, L).
        rotation: (B, 3, 3); translation_m: (B, 3).
    """

    inputs: tuple[Tensor, ...]
    points_m: Tensor
    known: Tensor
    rotation: Tensor
    translation_m: Tensor


@dataclass(frozen=True)
class FrameBatch:
    """Crops with 2D labels: points (B, L, 2) in [-1, 1], present (B,)."""

    inputs: tuple[Tensor, ...]
    points: Tensor
    present: Tensor


@dataclass(frozen=True)
class LiftingBatch:
    """One step's samples."""

    views: ViewBatch | None
    frames: FrameBatch | None


class ViewSamples:
    """Crops of posed views with their labels, laid on the labels' common mean; mirrored crops have mirrored
    labels.

    Scaling and turning a head about, and its camera with it, does not change the picture.

    Args:
        lifts: the crops; labels: of their latents; crops of others are left out.
        mirror: (L,) each landmark's partner; None: mirrored crops are left out.
        pixels: the network takes pictures.
    """

    def __init__(
        self, lifts: EncodedLifts, labels: PseudoLabels, *, mirror: np.ndarray | None, pixels: bool = False
    ) -> None:
        place = {int(latent): row for row, latent in enumerate(labels.latents)}
        rows = np.array([place.get(int(latent), -1) for latent in lifts.latents])
        kept = rows >= 0
        if mirror is None:
            kept &= ~lifts.mirrored
        self.lifts = lifts if kept.all() else lifts.rows(kept)
        self.label_rows, self._mirror, self._pixels = rows[kept], mirror, pixels
        self.points_m = labels.in_common_frame(labels.points_m).astype(np.float32)
        self.exact_m = labels.in_common_frame(labels.exact_m).astype(np.float32)
        self.rotation, self.translation_m = _cameras(self.lifts, labels.common_from_world[self.label_rows])

    def __len__(self) -> int:
        return len(self.label_rows)

    def labels_m(self, rows: np.ndarray, points_m: np.ndarray | None = None) -> np.ndarray:
        """(B, L, 3) labels of some crops, NaN where not known; `points_m` instead of them, by latent."""
        source = self.points_m if points_m is None else points_m
        labels = source[self.label_rows[rows]].astype(np.float32)
        if self._mirror is not None:
            mirrored = self.lifts.mirrored[rows]
            labels[mirrored] = labels[mirrored][:, self._mirror] * np.array([-1, 1, 1], np.float32)
        return labels

    def batch(self, rows: np.ndarray) -> ViewBatch:
        """Some of them."""
        labels = self.labels_m(rows)
        known = np.asarray(np.isfinite(labels).all(axis=2))
        return ViewBatch(
            inputs=self.inputs(rows),
            points_m=torch.from_numpy(np.where(known[..., None], labels, 0).astype(np.float32)),
            known=torch.from_numpy(known.astype(np.float32)),
            rotation=torch.from_numpy(self.rotation[rows]),
            translation_m=torch.from_numpy(self.translation_m[rows]),
        )

    def inputs(self, rows: np.ndarray) -> tuple[Tensor, ...]:
        """What the network takes."""
        if self._pixels:
            crops = np.stack([self.lifts.crop(int(row)) for row in rows])
            return (torch.from_numpy(crops.transpose(0, 3, 1, 2).astype(np.float32) / 255),)
        return (
            torch.from_numpy(self.lifts.points[rows]),
            torch.from_numpy(self.lifts.features[rows].astype(np.float32)),
        )


def _cameras(lifts: EncodedLifts, common_from_world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations and translations of cameras whose world is the common frame, in which heads are s times as
    large: R Qᵀ, and s t - R Qᵀ d."""
    linear, moved = common_from_world[:, :, :3], common_from_world[:, :, 3].copy()
    scale = np.cbrt(np.linalg.det(linear))
    turn = linear / scale[:, None, None]
    flip = np.diag([-1.0, 1.0, 1.0])
    turn = np.where(lifts.mirrored[:, None, None], flip @ turn @ flip, turn)
    moved[lifts.mirrored] *= np.array([-1.0, 1.0, 1.0])
    rotation = lifts.rotation @ turn.transpose(0, 2, 1)
    translation_m = scale[:, None] * lifts.translation_m - np.einsum("nij,nj->ni", rotation, moved)
    return rotation.astype(np.float32), translation_m.astype(np.float32)


def frame_batch(crops: EncodedCrops, rows: np.ndarray) -> FrameBatch:
    """Some crops with 2D labels."""
    return FrameBatch(
        inputs=(
            torch.from_numpy(crops.points[rows]),
            torch.from_numpy(crops.features[rows].astype(np.float32)),
        ),
        points=torch.from_numpy(crops.labels[rows]),
        present=torch.from_numpy(crops.presence[rows]),
    )


def lifting_batches(
    views: ViewSamples | None,
    frames: EncodedCrops | None,
    *,
    batch: int,
    seed: int,
    first_batch: int = 0,
    first_steps: int = 0,
    first_step: int = 0,
) -> Iterator[LiftingBatch]:
    """Batches without end, each a pure function of seed and step.

    Args:
        first_batch: size of the first `first_steps` batches.
        first_step: where to begin.
    """
    orders = _Order(len(views) if views else 0, seed), _Order(len(frames) if frames else 0, seed + 1)
    step = first_step
    while True:
        size = first_batch if step < first_steps else batch
        yield LiftingBatch(
            None if views is None else views.batch(orders[0].rows(step, size)),
            None if frames is None else frame_batch(frames, orders[1].rows(step, size)),
        )
        step += 1


class _Order:
    """Every row once an epoch, in an order of its own each time."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed, self._epoch = count, seed, -1
        self._order = np.zeros(0, int)

    def rows(self, step: int, batch: int) -> np.ndarray:
        size = min(batch, self._count)
        per_epoch = self._count // size
        if step // per_epoch != self._epoch:
            self._epoch = step // per_epoch
            self._order = np.random.default_rng((self._seed, self._epoch)).permutation(self._count)
        begin = (step % per_epoch) * size
        return np.sort(self._order[begin : begin + size])
