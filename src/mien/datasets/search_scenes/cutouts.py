"""Synthetic faces with their outlines, ready to be pasted into scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.crops.shards import face_region, sample_points
from mien.datasets.shard_files import REMEDY, ShardFolders, read_samples
from mien.errors import InputError
from mien.images.limits import decoded_picture
from mien.landmarks.region import Region


@dataclass(frozen=True)
class Cutout:
    """A synthetic picture of one head.

    Attributes:
        picture: (S, S, 3) RGB.
        mask: (S, S) opacity of head, hair and shoulders.
        region: the face's region in that picture, from its exact landmarks.
    """

    picture: UInt8[np.ndarray, "size size 3"]
    mask: UInt8[np.ndarray, "size size"]
    region: Region


def read_cutouts(path: str | Path, layout: LandmarkLayout, *, size: int) -> list[Cutout]:
    """All heads of a shard, shrunk to size × size: faces in scenes are small.

    Raises:
        InputError: the file is no readable shard, or a sample lacks picture, mask or points.
    """
    import cv2

    cutouts = []
    for key, sample in read_samples(path, needed=("jpg", "mask.png", "points.npy")).items():
        picture = decoded_picture(sample["jpg"], source=f"{path}: {key}.jpg")
        mask = decoded_picture(sample["mask.png"], source=f"{path}: {key}.mask.png", grey=True)
        if picture.shape[0] != picture.shape[1] or mask.shape != picture.shape[:2]:
            raise InputError(f"sample {key} holds no square picture with a mask; {REMEDY}", source=path)
        _, points_px = sample_points(sample, layout, source=f"{path}: {key}")
        region = face_region(points_px, layout).in_scaled_picture(size / picture.shape[0])
        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        outline = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
        cutouts.append(Cutout(np.ascontiguousarray(small), np.asarray(outline, np.uint8), region))
    return cutouts


class CutoutStore:
    """The heads of some folders of shards in memory, growing as shards appear.

    Args:
        directories, held_out, part: which shards, see `ShardFolders`.
        layout: the landmark set whose face points make the regions.
        size: side of the pictures kept, pixels.
        max_pictures: shards beyond this number of pictures are left unread (144² pictures: 83 kB each).
    """

    def __init__(
        self,
        directories: Sequence[str | Path],
        layout: LandmarkLayout,
        *,
        size: int = 144,
        max_pictures: int = 15_000,
        held_out: int = 1,
        part: str = "training",
    ) -> None:
        self.folders = ShardFolders(directories, held_out=held_out, part=part)
        self.layout, self.size, self.max_pictures = layout, size, max_pictures
        self.cutouts: list[Cutout] = []

    def __len__(self) -> int:
        return len(self.cutouts)

    def pick(self, rng: np.random.Generator) -> Cutout:
        """A random head."""
        return self.cutouts[int(rng.integers(len(self.cutouts)))]

    def refresh(self, *, limit: int | None = None) -> int:
        """Read shards that are new, at most `limit` of them; returns how many heads were added.

        Raises:
            InputError: a folder is missing or a shard cannot be read.
        """
        before = len(self)
        for path in self.folders.fresh(limit=limit):
            if len(self) >= self.max_pictures:
                break
            self.cutouts += read_cutouts(path, self.layout, size=self.size)
        return len(self) - before
