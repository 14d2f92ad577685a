"""Figures on held-out synthetic faces: accuracy, whether σ is honest, and presence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool
from torch import nn

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.batches import CropBatch, CropDataset, fill_row
from mien.learning.devices import bfloat16

_SEED = 7_031_320
"""Validation samples are the same in every training."""


@dataclass(frozen=True)
class Figures:
    """Figures over one validation batch.

    Attributes:
        nme_face: mean distance of the face's landmarks over the crop's side.
        nme_all: the same over all landmarks.
        within_1_sigma: share of face landmarks within one predicted σ; 0.393 when σ is honest.
        within_2_sigma: share within two; 0.865 when σ is honest.
        presence_accuracy: share of samples whose presence is told rightly.
    """

    nme_face: float
    nme_all: float
    within_1_sigma: float
    within_2_sigma: float
    presence_accuracy: float


def validation_batches(dataset: CropDataset, *, most: int = 500) -> dict[str, CropBatch]:
    """Fixed samples of the held-out shards: "plain" as a tracker sees them, "hard" as in training.

    Empty when no held-out shard exists yet.
    """
    store = dataset.open_store(part="validation")
    store.refresh()
    if not len(store):
        return {}
    still = AugmentConfig.none(crop_scale=dataset.config.crop_scale)
    plain = replace(still, negative_share=0.1)
    batches = {}
    config = replace(dataset.config, batch=min(most, len(store)))
    for name, augment in {"plain": plain, "hard": dataset.augment}.items():
        fixed = replace(dataset, config=config, seed=_SEED, augment=augment)
        batch = fixed.empty_batch()
        for row in range(config.batch):
            fill_row(fixed, store, 0, row, batch)
        batches[name] = replace(batch, store_size=len(store))
    return batches


@torch.no_grad()
def evaluate(
    network: nn.Module,
    batch: CropBatch,
    face: Bool[np.ndarray, " landmarks"],
    *,
    device: torch.device | None = None,
    half_precision: bool = False,
    chunk: int = 128,
) -> Figures:
    """Figures of a `LandmarkNetwork` (in eval mode) over a batch; `face` tells which landmarks count."""
    device = device or torch.device("cpu")
    answers = []
    for start in range(0, len(batch.crops), chunk):
        crops = torch.from_numpy(batch.crops[start : start + chunk].copy()).to(device)
        with bfloat16(device, enabled=half_precision):
            answers.append(network(crops.permute(0, 3, 1, 2).float() / 255))
    points = torch.cat([answer.points for answer in answers]).cpu().numpy()
    sigma = torch.cat([answer.log_sigma for answer in answers]).exp().cpu().numpy()
    said = torch.cat([answer.presence for answer in answers]).cpu().numpy() > 0
    present = batch.presence > 0.5
    distance = np.linalg.norm(points - batch.points, axis=-1)[present]
    ratio = (distance / sigma[present])[:, face]
    return Figures(
        nme_face=float(distance[:, face].mean() / 2),
        nme_all=float(distance.mean() / 2),
        within_1_sigma=float((ratio < 1).mean()),
        within_2_sigma=float((ratio < 2).mean()),
        presence_accuracy=float((said == present).mean()),
    )
