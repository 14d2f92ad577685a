"""Synthetic faces from WebDataset tar shards, decoded once and kept in memory.

Shards may still be appearing: `FaceStore.refresh` takes in those that are new. A shard is written under
another name and renamed, so every `shard-NUMBER.tar` in the folder is complete.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.errors import InputError
from mien.landmarks.region import Region, region_around
from mien.training.landmark_network.layout import LandmarkLayout


@dataclass(frozen=True)
class Face:
    """One synthetic face.

    Attributes:
        picture: (H, W, 3) RGB.
        points_px: (L, 2) landmarks of the layout's set in that picture.
        visibility: (L,) 0 visible, 1 behind the head itself, 2 behind hair or an object, 3 outside.
        region: the region that the exact landmarks give.
    """

    picture: UInt8[np.ndarray, "height width 3"]
    points_px: Float[np.ndarray, "landmarks 2"]
    visibility: UInt8[np.ndarray, " landmarks"]
    region: Region


@dataclass(frozen=True)
class FaceShard:
    """The faces of one shard in arrays.

    Attributes:
        path: the tar file.
        keys: name of every sample in it.
        pictures: (N, H, W, 3) RGB.
        points_px: (N, L, 2).
        visibility: (N, L).
        regions: one per face.
        details: the samples' JSON records.
    """

    path: Path
    keys: list[str]
    pictures: UInt8[np.ndarray, "faces height width 3"]
    points_px: Float[np.ndarray, "faces landmarks 2"]
    visibility: UInt8[np.ndarray, "faces landmarks"]
    regions: list[Region]
    details: list[dict]

    def __len__(self) -> int:
        return len(self.pictures)

    def face(self, row: int) -> Face:
        return Face(self.pictures[row], self.points_px[row], self.visibility[row], self.regions[row])


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
    import cv2

    path = Path(path)
    parts: dict[str, dict[str, bytes]] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                key, _, kind = member.name.partition(".")
                content = archive.extractfile(member)
                if content is not None:
                    parts.setdefault(key, {})[kind] = content.read()
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"cannot be read as a tar shard ({error}); make it anew with: mien synth",
                         source=path) from error  # fmt: skip
    pictures, points, visibility, details = [], [], [], []
    for key, sample in parts.items():
        if "jpg" not in sample or "points.npy" not in sample:
            raise InputError(f"sample {key} lacks {key}.jpg or {key}.points.npy; make the shard anew with: "
                             "mien synth", source=path)  # fmt: skip
        picture = cv2.imdecode(np.frombuffer(sample["jpg"], np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise InputError(f"{key}.jpg is no picture; make the shard anew with: mien synth", source=path)
        pictures.append(picture[..., ::-1])
        points_px = np.load(io.BytesIO(sample["points.npy"]))
        points.append(points_px[layout.shard_indices].astype(np.float32))
        if "visibility.npy" in sample:
            visibility.append(np.load(io.BytesIO(sample["visibility.npy"]))[layout.shard_indices])
        else:
            visibility.append(np.zeros(len(layout), np.uint8))
        details.append(json.loads(sample.get("json", b"{}")))
    if not pictures:
        raise InputError("the shard is empty; make it anew with: mien synth", source=path)
    return FaceShard(
        path=path,
        keys=list(parts),
        pictures=np.stack(pictures),
        points_px=np.stack(points),
        visibility=np.stack(visibility).astype(np.uint8),
        regions=[face_region(points_px, layout) for points_px in points],
        details=details,
    )


class FaceStore:
    """All faces of some folders of shards in memory, growing as shards appear.

    Args:
        directories: folders that hold `shard-NUMBER.tar`.
        layout: the set to keep.
        max_pictures: shards beyond this number of pictures are left unread (192² pictures: 110 kB each).
        held_out: shards with a number below this are kept for validation; they stay the same while later ones
            are still being made.
        part: "training" leaves the held-out shards away, "validation" reads only them.
    """

    def __init__(
        self,
        directories: list[Path],
        layout: LandmarkLayout,
        *,
        max_pictures: int = 60_000,
        held_out: int = 1,
        part: str = "training",
    ) -> None:
        assert part in ("training", "validation")
        self.directories = [Path(directory) for directory in directories]
        self.layout = layout
        self.max_pictures = max_pictures
        self.held_out = held_out
        self.part = part
        self.shards: list[FaceShard] = []
        self._starts = np.zeros(1, np.int64)
        self._seen: set[Path] = set()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> Face:
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self.shards[shard].face(int(index - self._starts[shard]))

    def details(self, index: int) -> dict:
        """The JSON record of a face: how it was drawn."""
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self.shards[shard].details[int(index - self._starts[shard])]

    def paths(self) -> list[Path]:
        """The shards of this part that exist now, in a fixed order."""
        chosen: list[Path] = []
        for directory in self.directories:
            if not directory.is_dir():
                raise InputError("no such folder of shards; make one with: mien synth", source=directory)
            for path in sorted(directory.glob("shard-*.tar")):
                # by number: several renderers may finish their shards in any order
                number = int(path.stem.rpartition("-")[2])
                if (number < self.held_out) == (self.part == "validation"):
                    chosen.append(path)
        return chosen

    def refresh(self, *, limit: int | None = None) -> int:
        """Read shards that are new, at most `limit` of them; returns how many pictures were added."""
        before = len(self)
        for path in self.paths():
            if path in self._seen or (limit is not None and limit <= 0):
                continue
            if len(self) >= self.max_pictures:
                break
            self._seen.add(path)
            self.shards.append(read_shard(path, self.layout))
            self._starts = np.concatenate([[0], np.cumsum([len(shard) for shard in self.shards])])
            limit = None if limit is None else limit - 1
        return len(self) - before


def mean_layout(store: FaceStore, *, most: int = 2000) -> Float[np.ndarray, "landmarks 2"]:
    """(L, 2) mean landmarks in the network's frame, over the exact regions of up to `most` faces."""
    indices = np.linspace(0, len(store) - 1, min(most, len(store))).astype(int)
    faces = [store[int(index)] for index in indices]
    return np.mean([face.region.picture_to_network(face.points_px) for face in faces], axis=0)
