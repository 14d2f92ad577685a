"""Synthetic faces from shards, decoded once and kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.shard_files import REMEDY, ShardFolders, read_samples
from mien.errors import InputError
from mien.images.limits import decoded_picture
from mien.landmarks.region import Region, region_around
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.npy import array_in_memory
from mien.reading.regular_files import decoded_text

_WEIGHTS = ("identity", "expression")
_OPTIONAL = ("visibility.npy", "json", "posed_mean.npy", *(f"{name}.npy" for name in _WEIGHTS))


@dataclass(frozen=True)
class Face:
    """One synthetic face.

    Attributes:
        picture: (H, W, 3) RGB.
        points_px: (L, 2) landmarks of the layout's set in that picture.
        visibility: (L,) 0 visible, 1 behind the head itself, 2 behind hair or an object, 3 outside.
        region: the region that the exact landmarks give.
        posed_mean_px: (L, 2) landmarks of the mean head in the same expression, pose and camera, where the
            shard has them.
    """

    picture: UInt8[np.ndarray, "height width 3"]
    points_px: Float[np.ndarray, "landmarks 2"]
    visibility: UInt8[np.ndarray, " landmarks"]
    region: Region
    posed_mean_px: Float[np.ndarray, "landmarks 2"] | None = None


@dataclass(frozen=True)
class FaceShard:
    """The faces of one shard in arrays.

    Attributes:
        pictures: (N, H, W, 3) RGB.
        points_px: (N, L, 2).
        visibility: (N, L).
        regions: one per face.
        details: the samples' JSON records, with "identity" and "expression", the head's weights.
        posed_mean_px: (N, L, 2) of the mean head, where the shard has them.
    """

    pictures: UInt8[np.ndarray, "faces height width 3"]
    points_px: Float[np.ndarray, "faces landmarks 2"]
    visibility: UInt8[np.ndarray, "faces landmarks"]
    regions: list[Region]
    details: list[dict]
    posed_mean_px: Float[np.ndarray, "faces landmarks 2"] | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def face(self, row: int) -> Face:
        mean_px = None if self.posed_mean_px is None else self.posed_mean_px[row]
        return Face(self.pictures[row], self.points_px[row], self.visibility[row], self.regions[row], mean_px)


def face_region(points_px: Float[np.ndarray, "landmarks 2"], layout: LandmarkLayout) -> Region:
    """The region of exact landmarks; agrees with `region_from_points` for the same set."""
    eyes_px = (points_px[layout.left_eye].mean(axis=0) + points_px[layout.right_eye].mean(axis=0)) / 2
    up_px = eyes_px - points_px[layout.mouth].mean(axis=0)
    return region_around(np.asarray(points_px[layout.face], float), up_px=np.asarray(up_px, float))


def read_shard(path: str | Path, layout: LandmarkLayout) -> FaceShard:
    """Decode a whole shard.

    Raises:
        InputError: the file is no readable shard, or a sample lacks its picture or its points.
    """
    samples = read_samples(path, needed=("jpg", "points.npy"), optional=_OPTIONAL)
    pictures, points, means, visibility, details = [], [], [], [], []
    for key, sample in samples.items():
        picture = decoded_picture(sample["jpg"], source=f"{path}: {key}.jpg")
        if pictures and picture.shape != pictures[0].shape:
            raise InputError(f"{key}.jpg has another size than the pictures before it; {REMEDY}", source=path)
        pictures.append(picture)
        count, points_px = sample_points(sample, layout, source=f"{path}: {key}")
        points.append(points_px.astype(np.float32))
        if "visibility.npy" in sample:
            visibility.append(
                _visibility(sample["visibility.npy"], count, f"{path}: {key}")[layout.shard_indices]
            )
        else:
            visibility.append(np.zeros(len(layout), np.uint8))
        details.append(_details(sample.get("json", b"{}"), f"{path}: {key}.json"))
        for name in _WEIGHTS:
            if f"{name}.npy" in sample:
                weights = _array(sample[f"{name}.npy"], f"{name}.npy", f"{path}: {key}", "weights")
                details[-1][name] = weights.astype(float).tolist()
        if "posed_mean.npy" in sample:
            mean_px = _array(
                sample["posed_mean.npy"], "posed_mean.npy", f"{path}: {key}", "points 2", points=count
            )
            means.append(mean_px[layout.shard_indices].astype(np.float32))
    return FaceShard(
        pictures=np.stack(pictures),
        points_px=np.stack(points),
        visibility=np.stack(visibility).astype(np.uint8),
        regions=[face_region(points_px, layout) for points_px in points],
        details=details,
        posed_mean_px=np.stack(means) if len(means) == len(pictures) else None,
    )


def sample_points(
    sample: dict[str, bytes], layout: LandmarkLayout, *, source: str
) -> tuple[int, Float[np.ndarray, "landmarks 2"]]:
    """How many points a sample has, and those of the layout's set.

    Raises:
        InputError: they are none, or too few for the set.
    """
    values = FileValues({"points.npy": array_in_memory(sample["points.npy"], source=source)}, source=source,
                        remedy=REMEDY)  # fmt: skip
    points_px = values.array("points.npy", "points 2", low=-1e6, high=1e6)
    if layout.shard_indices.max(initial=-1) >= len(points_px):
        raise values.damaged(f"points.npy has {len(points_px)} points, too few for {layout.set_name}")
    return len(points_px), points_px[layout.shard_indices]


def _array(content: bytes, name: str, source: str, shape: str, **sizes: int) -> np.ndarray:
    values = FileValues({name: array_in_memory(content, source=source)}, source=source, sizes=sizes,
                        remedy=REMEDY)  # fmt: skip
    return values.array(name, shape, low=-1e6, high=1e6)


def _visibility(content: bytes, count: int, source: str) -> np.ndarray:
    values = FileValues({"visibility.npy": array_in_memory(content, source=source)}, source=source,
                        sizes={"points": count}, remedy=REMEDY)  # fmt: skip
    return values.array("visibility.npy", "points", kind="integer", low=0, high=3).astype(np.uint8)


def _details(content: bytes, source: str) -> dict:
    found = parse_json(decoded_text(content, source=source), source=source)
    if not isinstance(found, dict):
        raise InputError(f"is no JSON object; {REMEDY}", source=source)
    return found


class FaceStore:
    """All faces of some folders of shards in memory, growing as shards appear.

    Args:
        directories, held_out, part: which shards, see `ShardFolders`.
        layout: the set to keep.
        max_pictures: shards beyond this number of pictures are left unread (192² pictures: 110 kB each).
    """

    def __init__(
        self,
        directories: Sequence[str | Path],
        layout: LandmarkLayout,
        *,
        max_pictures: int = 60_000,
        held_out: int = 1,
        part: str = "training",
    ) -> None:
        self.folders = ShardFolders(directories, held_out=held_out, part=part)
        self.layout, self.max_pictures = layout, max_pictures
        self.shards: list[FaceShard] = []
        self._starts = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> Face:
        shard, row = self._place(index)
        return shard.face(row)

    def details(self, index: int) -> dict:
        """The JSON record of a face: how it was drawn."""
        shard, row = self._place(index)
        return shard.details[row]

    def _place(self, index: int) -> tuple[FaceShard, int]:
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self.shards[shard], int(index - self._starts[shard])

    def refresh(self, *, limit: int | None = None) -> int:
        """Read shards that are new, at most `limit` of them; returns how many pictures were added.

        Raises:
            InputError: a folder is missing or a shard cannot be read.
        """
        before = len(self)
        for path in self.folders.fresh(limit=limit):
            if len(self) >= self.max_pictures:
                break
            self.shards.append(read_shard(path, self.layout))
            self._starts = np.append(self._starts, len(self) + len(self.shards[-1]))
        return len(self) - before


def mean_layout(store: FaceStore, *, most: int = 2000) -> Float[np.ndarray, "landmarks 2"]:
    """(L, 2) mean landmarks in the network's frame, over the exact regions of up to `most` faces."""
    indices = np.linspace(0, len(store) - 1, min(most, len(store))).astype(int)
    faces = [store[int(index)] for index in indices]
    return np.mean([face.region.picture_to_network(face.points_px) for face in faces], axis=0)
