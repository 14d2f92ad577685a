"""Crops of posed views as frozen encoders see them, with the camera that belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float16, Float32, Int64, UInt8

from mien.datasets.encoded_crops import MAX_PX
from mien.datasets.encoders import CROP_PX
from mien.datasets.lifting.stored_crops import check_rotations, checked_pictures
from mien.errors import InputError
from mien.files import atomic_path
from mien.images.limits import decoded_picture
from mien.lifting.camera_space import CameraSpace
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.npz import open_npz
from mien.reading.settings import checked_settings

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
        code = self.jpeg[self.starts[row] : self.starts[row + 1]]
        picture = decoded_picture(code, source=f"crop {row} of the encoded views")
        if picture.shape != (CROP_PX, CROP_PX, 3):
            raise InputError(f"is of {picture.shape}, not {CROP_PX} pixels a side; encode the views anew",
                             source=f"crop {row} of the encoded views")  # fmt: skip
        return picture

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


def lift_shard_path(folder: Path, source: Path, *, part: int = 0) -> Path:
    """File of the crops of a shard of views: named after it, so that one that comes later shifts no other.

    Args:
        source: the shard of views.
        part: which of the folders of views it lies in.
    """
    return folder / f"lifts-{part:02d}-{source.stem}.npz"


def read_encoded_lifts(folders: Sequence[Path]) -> EncodedLifts:
    """All crops of some folders.

    Raises:
        InputError: there are none, a file is damaged, or they are of different encoders.
    """
    parts = []
    for folder in folders:
        manifest = read_lift_manifest(folder) if (folder / "manifest.json").is_file() else None
        for path in sorted(folder.glob("lifts-*.npz")):
            part = read_lift_shard(path)
            if manifest and (part.points.shape[1], part.features.shape[1]) != (
                manifest["points"], manifest["features"]
            ):  # fmt: skip
                raise InputError("does not fit its manifest.json; encode the views anew", source=path)
            parts.append(part)
    if not parts:
        raise InputError(
            "no encoded views there; make some with: mien train encode-lifting",
            source=", ".join(map(str, folders)),
        )
    if len({(part.points.shape[1], part.features.shape[1]) for part in parts}) > 1:
        raise InputError("were made by different encoders", source=", ".join(map(str, folders)))
    return joined(parts)


def read_lift_shard(path: Path) -> EncodedLifts:
    """One shard.

    Raises:
        InputError: it is missing, damaged or of another version.
    """
    remedy = "make it anew with: mien train encode-lifting"
    with open_npz(path, what=f"is no shard of encoded views; {remedy}") as file:
        values = FileValues(file, source=path, remedy=remedy)
        if values.integer("format_version") != FORMAT_VERSION:
            raise InputError(f"is of another version; {remedy}", source=path)
        latents = values.stored("latents", "crops", np.int64, low=0)
        rotation = values.stored("rotation", "crops 3 3", np.float32)
        check_rotations(values, "rotation", rotation)
        jpeg, starts = checked_pictures(values, count="crops")
        return EncodedLifts(
            points=values.stored("points", "crops points 3", np.float32, low=-MAX_PX, high=MAX_PX),
            features=values.stored("features", "crops features", np.float16),
            latents=latents,
            mirrored=values.stored("mirrored", "crops", np.bool_),
            rotation=rotation,
            translation_m=values.stored("translation_m", "crops 3", np.float32, low=-1e3, high=1e3),
            jpeg=jpeg,
            starts=starts,
        )


def read_lift_manifest(folder: Path) -> dict[str, Any]:
    """What a folder's crops were made with, and who made them.

    Raises:
        InputError: it is missing or damaged.
    """
    path, remedy = folder / "manifest.json", "make the crops anew with: mien train encode-lifting"
    values = read_json_object(path, missing=f"is missing; {remedy}", what=f"cannot be read; {remedy}")
    check_lift_manifest(values, source=path)
    return values


def check_lift_manifest(found: dict[str, Any], *, source: Path) -> None:
    """Demand what a network's layers are made by.

    Raises:
        InputError: something is missing, of another type, or out of range.
    """
    values = FileValues(found, source=source, remedy="make the crops anew with: mien train encode-lifting")
    values.texts("encoders", "encoders")
    points = values.integer("points", low=1, high=100_000)
    values.integer("first_points", low=1, high=points)
    values.integer("features", low=1, high=10_000_000)
    if found.get("maps") is not None:
        values.array("maps", "maps 3", kind="integer", low=1, high=100_000)
    for number, views in enumerate(values.objects("views", "folders") if "views" in found else ()):
        checked_settings(CameraSpace, views.get("cameras"), source=source, what=f"cameras of views[{number}]",
                         ranges={"radius_m": (1e-3, 1e3), "focal": (1e-2, 1e3)})  # fmt: skip
