"""Frozen networks whose answers are read: the same crop to points and features.

An encoder is an ONNX file with the input `image`, (B, 3, 192, 192) RGB in [0, 1], the output `points`,
(B, P, 3) in crop pixels (a pixel's edge at whole numbers, depth in the third place) and outputs of any shape
whose names end in `features`; those that end in `place_features`, (B, K, C), say what is seen at K places.
Those that mien uses are MediaPipe's Face Mesh networks (`mien train
face-mesh`), which were trained on photographs of people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from mien.errors import InputError

CROP_PX = 192


@dataclass(frozen=True)
class FeatureGroup:
    """Features of one output.

    Attributes:
        places: how many places they were seen at; 1 for those of the whole crop.
        channels: how many at each.
    """

    places: int
    channels: int

    @property
    def size(self) -> int:
        """Number of features."""
        return self.places * self.channels


@dataclass(frozen=True)
class EncoderShape:
    """What one encoder says of a crop.

    Attributes:
        name: of its file, without suffix.
        points: how many points it gives.
        groups: its features, in order.
    """

    name: str
    points: int
    groups: tuple[FeatureGroup, ...]

    @property
    def features(self) -> int:
        """Number of features."""
        return sum(group.size for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """For a manifest."""
        groups = [[group.places, group.channels] for group in self.groups]
        return {"name": self.name, "points": self.points, "groups": groups}


@dataclass(frozen=True)
class Encoding:
    """What all encoders say about a batch of crops.

    Attributes:
        points: (B, P, 3) those of all encoders one after the other, crop pixels.
        features: (B, F) likewise.
    """

    points: Float32[np.ndarray, "batch points 3"]
    features: Float32[np.ndarray, "batch features"]


class Encoders:
    """Some encoders, asked together.

    Args:
        files: their ONNX files; the points of the first tell how the face lies in the crop.
        threads: threads that one run may use.
        places: say what is seen at places too, where they do.

    Raises:
        InputError: a file is missing or no encoder.
    """

    def __init__(self, files: Sequence[str | Path], *, threads: int = 1, places: bool = True) -> None:
        from mien.landmarks.networks import open_session

        if not files:
            raise InputError("needs at least one encoder", source="--encoders")
        self.files, self._places = [Path(file) for file in files], places
        for file in self.files:
            if not file.is_file():
                raise InputError("no such encoder; make one with: mien train face-mesh", source=file)
        self._sessions = [open_session(file, threads=threads) for file in self.files]
        for file, session in zip(self.files, self._sessions, strict=True):
            missing = {"points", "features"} - {output.name for output in session.get_outputs()}
            if missing:
                raise InputError(
                    f"is no encoder: it has no output {' or '.join(sorted(missing))}", source=file
                )
        self.shapes = tuple(
            _shape_of(file.stem, session, self.outputs(number))
            for number, (file, session) in enumerate(zip(self.files, self._sessions, strict=True))
        )

    @property
    def point_count(self) -> int:
        """Points of all encoders."""
        return sum(shape.points for shape in self.shapes)

    @property
    def first_points(self) -> int:
        """Points of the first encoder."""
        return self.shapes[0].points

    @property
    def feature_count(self) -> int:
        """Features of all encoders."""
        return sum(shape.features for shape in self.shapes)

    def outputs(self, number: int) -> list[str]:
        """Names of an encoder's outputs that are features, in order."""
        names = feature_outputs(self._sessions[number])
        return names if self._places else [name for name in names if not name.endswith("place_features")]

    @property
    def map_shapes(self) -> list[tuple[int, ...]]:
        """(C, H, W) of each feature map, in the order of the features."""
        return [
            tuple(int(size) for size in output.shape[1:])
            for number, session in enumerate(self._sessions)
            for output in session.get_outputs()
            if output.name in self.outputs(number)
        ]

    def __call__(self, crops: UInt8[np.ndarray, "batch size size 3"]) -> Encoding:
        """What the encoders say about RGB crops."""
        image = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        points, features = [], []
        for number, session in enumerate(self._sessions):
            one_points, *maps = session.run(["points", *self.outputs(number)], {"image": image})
            points.append(np.asarray(one_points, np.float32).reshape(len(crops), -1, 3))
            features += [np.asarray(one, np.float32).reshape(len(crops), -1) for one in maps]
        return Encoding(np.concatenate(points, axis=1), np.concatenate(features, axis=1))


def _shape_of(name: str, session: Any, outputs: list[str]) -> EncoderShape:
    blank = np.zeros((1, 3, CROP_PX, CROP_PX), np.float32)
    points, *features = (np.asarray(one) for one in session.run(["points", *outputs], {"image": blank}))
    groups = tuple(
        FeatureGroup(one.shape[1], one.shape[2])
        if output.endswith("place_features")
        else FeatureGroup(1, one.size)
        for output, one in zip(outputs, features, strict=True)
    )
    return EncoderShape(name, points.shape[1], groups)


def output_names(session: Any) -> list[str]:
    """Names of a session's outputs, in the file's order."""
    return [output.name for output in session.get_outputs()]


def feature_outputs(session: Any) -> list[str]:
    """Those that are features."""
    return [name for name in output_names(session) if name.endswith("features")]
