"""Which networks are made, from what, and at what size."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.errors import InputError
from mien.files import OutputFolder

NetworkName = Literal["realtime", "offline", "search"]


@dataclass(frozen=True)
class ShippedConfig:
    """The chain's inputs and sizes; those left alone are the shipped networks'."""

    assets: Path
    """Folder that holds `ict_facekit/` and `makehuman/`."""
    face_mesh: Path
    """The folder modules/face_landmark of the mediapipe package, with face_landmark.tflite and
    face_landmark_with_attention.tflite."""
    out: OutputFolder = Path("shipped")
    """Folder for all that is made; the networks lie in its folder networks."""
    networks: tuple[NetworkName, ...] = ("realtime", "offline", "search")
    """Which of them."""
    parts: int = 16
    """In how many parts pictures are drawn and encoded."""
    pictures: int = 3594
    """Pictures of each part."""
    crops: int = 9500
    """Crops of each part that encoders see."""
    steps: int | None = None
    """Steps of each training; each network's own unless given."""
    batch: int | None = None
    """Samples of a step; each network's own unless given."""
    search_pictures: int = 30_000
    """Pictures that search's scenes are composed of."""
    unseen: int = 1000
    """Pictures that σ is calibrated on."""
    workers: int = os.cpu_count() or 1
    """Processes that draw and encode."""
    device: str = "cpu"
    """Where networks are trained: cpu, cuda, or auto for a GPU where there is one."""

    def check(self) -> None:
        """Complain about impossible sizes.

        Raises:
            InputError: a number is below 1, or no network is asked for.
        """
        if not self.networks:
            raise InputError("name at least one network: realtime offline search", source="--networks")
        sizes = ("parts", "pictures", "crops", "search_pictures", "unseen", "workers", "steps", "batch")
        for name in sizes:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"must be 1 or above, not {value}", source=f"--{name.replace('_', '-')}")
