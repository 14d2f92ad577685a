"""Crops of posed views as frozen encoders see them, with the camera that belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float16, Float32, Int64, UInt8

from mien.errors import InputError
from mien.files import atomic_path
from mien.reading.damage import damage_named

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class EncodedLifts:
    """Crops with known cameras.

    A mirrored crop's camera sees the mirrored head: world and picture are turned left for right.

    Attributes:
        points: (N, P, 3) the encoders' points, crop pixels; features: (N, F).
        latents: (N,) who is seen; mirrored: (N,).
        rotation: (N, 3, 3), translation_m: (N, 3) of the crop's camera_from_world.
        jpeg, starts: the crops themselves, as JPEG bytes one after the other.
    """

    points: Float32[np.ndarray, "crops points 3"]
    features: Float16[np.ndarray, "crops features"]
    latents: Int64[np.ndarray, " crops"]
    mirrored: Bool[np.ndarray, " crops"]
    rotation: Float32[np.ndarray, "crops 3 3"]
    translation_m: Float32[np.ndarray, "crops 3"]
    jpeg: UInt8[np.ndarray, " bytes"]
    starts: Int64[np.ndarray, " starts"]

    def __len__(self) -> int:
        return len(self.latents)

    def rows(self, chosen: np.ndarray) -> EncodedLifts:
        """Some of them; their pictures come along."""
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else np.asarray(chosen)
        codes = [self.jpeg[self.starts[row] : self.starts[row + 1]] for row in chosen]
        values: dict[str, Any] = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if field.name not in ("jpeg", "starts")
        }
        return EncodedLifts(
            **values,
            jpeg=np.concatenate([*codes, np.zeros(0, np.uint8)]),
            starts=np.cumsum([0, *map(len, codes)]).astype(np.int64),
        )

    def crop(self, row: int) -> UInt8[np.ndarray, "size size 3"]:
        """A crop, RGB."""
        import cv2

        picture = cv2.imdecode(self.jpeg[self.starts[row] : self.starts[row + 1]], cv2.IMREAD_COLOR)
        assert picture is not None
        return np.ascontiguousarray(picture[..., ::-1])

    def save(self, path: Path) -> None:
        """Write a shard."""
        with atomic_path(path) as part, open(part, "wb") as stream:
            np.savez(stream, format_version=FORMAT_VERSION, **vars(self))


def joined(parts: Sequence[EncodedLifts]) -> EncodedLifts:
    """Several one after the other."""
    values = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(EncodedLifts)
        if field.name != "starts"
    }
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    return EncodedLifts(**values, starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def lift_shard_path(folder: Path, number: int) -> Path:
    """File of a shard."""
    return folder / f"lifts-{number:06d}.npz"


def read_encoded_lifts(folders: Sequence[Path]) -> EncodedLifts:
    """All crops of some folders.

    Raises:
        InputError: there are none, or a file is damaged.
    """
    parts = []
    for folder in folders:
        for path in sorted(folder.glob("lifts-[0-9]*.npz")):
            what = "is no shard of encoded views; make it anew with: mien train encode-lifting"
            with damage_named(path, what), np.load(path, allow_pickle=False) as file:
                parts.append(EncodedLifts(**{one.name: file[one.name] for one in fields(EncodedLifts)}))
    if not parts:
        raise InputError(
            "no encoded views there; make some with: mien train encode-lifting",
            source=", ".join(map(str, folders)),
        )
    return joined(parts)
