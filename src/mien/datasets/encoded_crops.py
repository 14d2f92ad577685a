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

from mien.errors import InputError
from mien.files import atomic_path

FORMAT_VERSION = 1
CROPS_PER_SHARD = 1000
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
        yaw_rad: (N,) how far the head is turned.
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

    def save(self, path: Path) -> None:
        """Write a shard."""
        with atomic_path(path) as part:
            np.savez(part, **{name: getattr(self, name) for name in _ARRAYS})


def joined(parts: Sequence[EncodedCrops]) -> EncodedCrops:
    """Several one after the other."""
    return EncodedCrops(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


def shard_path(folder: Path, number: int, *, part: str) -> Path:
    """File of a shard: `train-000003.npz` or `validation-000000.npz`."""
    return folder / f"{part}-{number:06d}.npz"


def read_encoded(folders: Sequence[Path], *, part: str, indices: np.ndarray | None = None) -> EncodedCrops:
    """All crops of one part, in the order of the files' names.

    Args:
        part: "train" or "validation".
        indices: landmarks to keep.

    Raises:
        InputError: there are none, or a file is damaged.
    """
    found = []
    for folder in folders:
        for path in sorted(folder.glob(f"{part}-[0-9]*.npz")):
            try:
                with np.load(path) as file:
                    crops = EncodedCrops(*(file[name] for name in _ARRAYS))
            except (OSError, ValueError, KeyError, EOFError) as error:
                raise InputError(
                    "is no shard of encoded crops; make it anew with: mien train encode-crops", source=path
                ) from error
            found.append(crops if indices is None else crops.in_set(indices))
    if not found:
        raise InputError(
            f"no encoded crops ({part}) there; make some with: mien train encode-crops",
            source=", ".join(map(str, folders)),
        )
    return joined(found)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder's crops are.

    Raises:
        InputError: it holds none.
    """
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError("no encoded crops; make some with: mien train encode-crops", source=path) from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise InputError("of another version; encode the crops anew", source=path)
    return manifest


def batches_of(crops: EncodedCrops, *, batch: int, seed: int, first_step: int = 0) -> Iterator[EncodedCrops]:
    """Batches without end, each a pure function of seed and step: every crop once an epoch."""
    per_epoch = max(1, len(crops) // batch)
    step, order, epoch = first_step, np.zeros(0, int), -1
    while True:
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            order = np.random.default_rng((seed, epoch)).permutation(len(crops))
        begin = (step % per_epoch) * batch
        yield crops.rows(np.sort(order[begin : begin + batch]))
        step += 1
