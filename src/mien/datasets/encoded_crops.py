"""Encoded crops on disk: what frozen encoders said about augmented crops, beside the labels.

The encoders are frozen, so each crop is shown to them once and what they said is learned from as often as
wanted: training is then a matter of minutes on a laptop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16, Float32

from mien.datasets.encoders import EncoderShape, FeatureGroup
from mien.errors import InputError
from mien.files import atomic_path, write_text
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.npz import open_npz

FORMAT_VERSION = 2
CROPS_PER_SHARD = 1000
MAX_PX = 1e5
"""Of points, which may lie outside the crop."""
_MANIFEST = "manifest.json"
_REMEDY = "make them anew with: mien train encode-crops"
_ARRAYS = ("points", "features", "labels", "posed_mean", "presence", "yaw_rad")


@dataclass(frozen=True)
class EncodedCrops:
    """Crops as their encoders see them.

    Attributes:
        points: (N, P, 3) the encoders' points, crop pixels.
        features: (N, F) their features.
        labels: (N, L, 2) landmarks in the crop's [-1, 1] frame; zeros where presence is 0.
        posed_mean: (N, L, 2) those of the mean head in the same expression and place; NaN where unknown.
        presence: (N,) 1 for a well-framed face.
        yaw_rad: (N,) how far the head is turned; NaN where unknown.
    """

    points: Float32[np.ndarray, "crops points 3"]
    features: Float16[np.ndarray, "crops features"]
    labels: Float32[np.ndarray, "crops landmarks 2"]
    posed_mean: Float32[np.ndarray, "crops landmarks 2"]
    presence: Float32[np.ndarray, " crops"]
    yaw_rad: Float32[np.ndarray, " crops"]

    def __len__(self) -> int:
        return len(self.points)

    def rows(self, chosen: Any) -> EncodedCrops:
        """Some of them."""
        return EncodedCrops(*(getattr(self, name)[chosen] for name in _ARRAYS))

    def in_set(self, indices: np.ndarray) -> EncodedCrops:
        """With some of the landmarks alone."""
        values = {name: getattr(self, name) for name in _ARRAYS}
        values["labels"] = self.labels[:, indices]
        values["posed_mean"] = self.posed_mean[:, indices]
        return EncodedCrops(**values)

    def of_encoders(self, shapes: Sequence[EncoderShape], chosen: Sequence[str]) -> EncodedCrops:
        """With what some of the encoders said alone, in the order of the choice."""
        names = [shape.name for shape in shapes]
        if list(chosen) == names:
            return self
        starts = np.cumsum([[0, 0], *([shape.points, shape.features] for shape in shapes)], axis=0)
        rows = [names.index(name) for name in chosen]
        values = {name: getattr(self, name) for name in _ARRAYS}
        for column, name in enumerate(("points", "features")):
            values[name] = np.concatenate(
                [values[name][:, starts[row, column] : starts[row + 1, column]] for row in rows], axis=1
            )
        return EncodedCrops(**values)

    def save(self, path: Path) -> None:
        """Write a shard."""
        with atomic_path(path) as part, open(part, "wb") as stream:
            np.savez(stream, **{name: getattr(self, name) for name in _ARRAYS})


def joined(parts: Sequence[EncodedCrops]) -> EncodedCrops:
    """Several one after the other."""
    return EncodedCrops(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


def shard_path(folder: Path, number: int, *, part: str) -> Path:
    """File of a shard: `train-000003.npz` or `validation-000000.npz`."""
    return folder / f"{part}-{number:06d}.npz"


def read_encoded(
    folders: Sequence[Path],
    *,
    part: str,
    indices: np.ndarray | None = None,
    encoders: Sequence[str] | None = None,
) -> EncodedCrops:
    """All crops of one part, in the order of the files' names.

    Args:
        part: "train" or "validation".
        indices: landmarks to keep.
        encoders: those whose answers to keep; all unless given.

    Raises:
        InputError: there are none, or a file is damaged.
    """
    found = []
    for folder in folders:
        shapes = read_manifest(folder).encoders
        for path in sorted(folder.glob(f"{part}-[0-9]*.npz")):
            crops = read_encoded_shard(path, shapes)
            if indices is not None and indices.max() >= crops.labels.shape[1]:
                count, asked = crops.labels.shape[1], int(indices.max()) + 1
                raise InputError(f"has {count} landmarks, and {asked} are asked for; {_REMEDY}", source=path)
            if encoders is not None:
                crops = crops.of_encoders(shapes, encoders)
            found.append(crops if indices is None else crops.in_set(indices))
    if not found:
        raise InputError(
            f"no encoded crops ({part}) there; make some with: mien train encode-crops",
            source=", ".join(map(str, folders)),
        )
    if len({(c.points.shape[1], c.features.shape[1], c.labels.shape[1]) for c in found}) > 1:
        raise InputError("hold crops of different encoders or landmarks", source=", ".join(map(str, folders)))
    return joined(found)


def read_encoded_shard(path: Path, encoders: Sequence[EncoderShape]) -> EncodedCrops:
    """One shard.

    Args:
        encoders: who made it, by the folder's manifest.

    Raises:
        InputError: it is missing, damaged, or of other encoders.
    """
    with open_npz(path, what=f"is no shard of encoded crops; {_REMEDY}") as file:
        sizes = {
            "points": sum(encoder.points for encoder in encoders),
            "features": sum(encoder.features for encoder in encoders),
        }
        values = FileValues(file, source=path, sizes=sizes, remedy=_REMEDY)
        places: dict[str, Any] = {"low": -MAX_PX, "high": MAX_PX}
        return EncodedCrops(
            points=values.stored("points", "crops points 3", np.float32, **places),
            features=values.stored("features", "crops features", np.float16),
            labels=values.stored("labels", "crops landmarks 2", np.float32, **places),
            posed_mean=values.stored("posed_mean", "crops landmarks 2", np.float32, nan=True, **places),
            presence=values.stored("presence", "crops", np.float32, low=0, high=1),
            yaw_rad=values.stored("yaw_rad", "crops", np.float32, low=-7, high=7, nan=True),
        )


@dataclass(frozen=True)
class EncodedManifest:
    """What a folder of encoded crops is.

    Attributes:
        encoders: who said it.
        set_name: landmark set of the labels.
        crop_scale: side of the crops over that of a face's region.
        seed: of the augmentation.
        pictures: manifests of the drawn pictures.
        maps: (C, H, W) of each feature map, in the order of the features; empty where it was not kept.
    """

    encoders: tuple[EncoderShape, ...]
    set_name: str
    crop_scale: float
    seed: int
    pictures: list[Any]
    maps: tuple[tuple[int, ...], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "format_version": FORMAT_VERSION,
            "set_name": self.set_name,
            "encoders": [encoder.as_json() for encoder in self.encoders],
            "crop_scale": self.crop_scale,
            "seed": self.seed,
            "pictures": self.pictures,
            **({"maps": [list(shape) for shape in self.maps]} if self.maps else {}),
        }

    def save(self, folder: Path) -> None:
        """Write it into a folder of shards."""
        write_text(folder / _MANIFEST, json.dumps(self.as_json(), indent=1))


def has_manifest(folder: Path) -> bool:
    """Whether there are encoded crops."""
    return (folder / _MANIFEST).is_file()


def read_manifest(folder: Path) -> EncodedManifest:
    """What a folder's crops are.

    Raises:
        InputError: it holds none.
    """
    path = folder / _MANIFEST
    none = "no encoded crops; make some with: mien train encode-crops"
    values = FileValues(read_json_object(path, missing=none, what=none), source=path, remedy=_REMEDY)
    if values.integer("format_version") != FORMAT_VERSION:
        raise InputError("of another version; encode the crops anew", source=path)
    encoders = [
        _encoder_of(FileValues(each, source=path, remedy=_REMEDY))
        for each in values.objects("encoders", "encoders")
    ]
    if not encoders:
        raise values.damaged("it names no encoders")
    return EncodedManifest(
        encoders=tuple(encoders),
        set_name=values.text("set_name", longest=100),
        crop_scale=values.number("crop_scale", low=0.1, high=10.0),
        seed=values.integer("seed", high=2**62),
        pictures=values.objects("pictures", "pictures"),
        maps=_maps_of(values),
    )


def _maps_of(values: FileValues) -> tuple[tuple[int, ...], ...]:
    if "maps" not in values:
        return ()
    shapes = values.array("maps", "maps 3", kind="integer", low=1, high=100_000)
    return tuple(tuple(int(size) for size in shape) for shape in shapes)


def _encoder_of(values: FileValues) -> EncoderShape:
    groups = values.array("groups", "groups 2", kind="integer", low=1, high=1_000_000)
    return EncoderShape(
        values.text("name", longest=1000),
        values.integer("points", low=0, high=100_000),
        tuple(FeatureGroup(int(places), int(channels)) for places, channels in groups),
    )


def batches_of(count: int, *, batch: int, seed: int, first_step: int = 0) -> Iterator[np.ndarray]:
    """Rows of batches without end, each a pure function of seed and step: every crop once an epoch."""
    per_epoch = max(1, count // batch)
    step, order, epoch = first_step, np.zeros(0, int), -1
    while True:
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            order = np.random.default_rng((seed, epoch)).permutation(count)
        begin = (step % per_epoch) * batch
        yield np.sort(order[begin : begin + batch])
        step += 1
