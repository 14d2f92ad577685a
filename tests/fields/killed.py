"""A process that trains a field until it is killed."""

from __future__ import annotations

from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import torch

from mien.fields.config import FieldConfig
from mien.fields.files import save_field
from mien.fields.posed_images import PosedImages
from mien.fields.train import train_field
from mien.learning.checkpoints import CHECKPOINT_NAME


def train(
    images: PosedImages, bounds_m: np.ndarray, config: FieldConfig, folder: Path, trains: Event
) -> None:
    """Train or go on, with a checkpoint after every step; then save the field as egg.field.

    Args:
        trains: set when a step is done, or all are.
    """
    torch.set_num_threads(1)
    field = train_field(
        images,
        config,
        bounds_m=bounds_m,
        out=folder,
        resume=(folder / CHECKPOINT_NAME).exists(),
        checkpoint_minutes=0.0,
        report=lambda _: trains.set(),
    )
    trains.set()
    save_field(field, folder / "egg.field")
