"""A track on the disk: written as it comes, read as it is wanted, whatever its length.

Format 2 of a saved track is a plain .npz (`numpy.load` opens it): one array per field of `HeadTrack` with a
row per frame, the person's own frames only, and one JSON text "document" with what is constant. Motion is in
float32. Landmarks are whole steps of `points_unit_px`, a 32768th of the picture's longer side, about their
mean; to pack well, each row holds the change since the one before (int16, which wraps around):

    offsets = numpy.cumsum(points_change, axis=0, dtype="int16")
    points_px = points_center_px[:, None] + points_unit_px * offsets

`sigma_px` is float16 with six digits of its binary fraction (1 %). Rows of lost frames repeat the last good
one, change nothing, and their centre and σ are NaN; so is the σ of a landmark that is not known.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.files import RowStore, atomic_path
from mien.fitting.results import HeadTrack, TrackedFrame
from mien.fitting.saved_checks import (
    MAX_COUNT,
    MAX_PX,
    TIMES,
    check_set,
    checked_constants,
    checked_motion,
)
from mien.reading.array_members import bytes_of
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.npy import Readable, read_npy_header
from mien.reading.npz import ArrayArchive, check_zip
from mien.reading.regular_files import check_regular

FORMAT_VERSION = 2
MOST_ROWS = 20_000_000
"""Rows that a file may claim: a week at 30 frames a second."""
_STEPS = 1 << 15
_LONGEST_DOCUMENT = 1_000_000
_PARTS_MEMBER = "points_change.npy"
_CONSTANT = ("identity", "camera_intrinsics", "camera_from_world")
_PART = 256
MOTION = ("expression", "joint_rotations", "root_rotation", "root_translation_m")
_NOT_OURS = "is not a track saved by mien, or a damaged one; copy it again"


def _row_types(expressions: int, landmarks: int) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of a row of every array."""
    return {
        "times_s": ((), "<f8"),
        "tracked": ((), "|b1"),
        "expression": ((expressions,), "<f4"),
        "joint_rotations": ((4, 3), "<f4"),
        "root_rotation": ((3,), "<f4"),
        "root_translation_m": ((3,), "<f4"),
        "points_center_px": ((2,), "<f4"),
        "points_change": ((landmarks, 2), "<i2"),
        "sigma_px": ((landmarks,), "<f2"),
    }


class TrackWriter:
    """Collects a track's parts on the disk and writes them as one file."""

    def __init__(self, expression_names: tuple[str, ...], *, folder: Path | None = None) -> None:
        """
        Args:
            expression_names: of the track's head.
            folder: for temporary files; the system's place when None.
        """
        self._names, self._folder = expression_names, folder
        self._stores: dict[str, RowStore] = {}
        self._first: HeadTrack | None = None
        self._unit_px = 1.0

    def add(self, part: HeadTrack) -> None:
        """The next part of the track."""
        if self._first is None:
            self._first = part.part(0, 1)
            types = _row_types(part.expression.shape[1], part.points_px.shape[1])
            self._stores = {name: RowStore(*kind, folder=self._folder) for name, kind in types.items()}
            self._unit_px = max(part.camera.width_px, part.camera.height_px) / _STEPS
            self._offsets = np.zeros(part.points_px.shape[1:], np.int16)
        for name in ("times_s", "tracked", *MOTION):
            self._stores[name].extend(getattr(part, name))
        for points_px, sigma_px in zip(part.points_px, part.sigma_px, strict=True):
            self._add_landmarks(points_px, sigma_px)

    def _add_landmarks(self, points_px: np.ndarray, sigma_px: np.ndarray) -> None:
        center_px, offsets = np.full(2, np.nan, np.float32), self._offsets
        known = np.isfinite(points_px).all(axis=-1)
        if known.any():
            center_px = points_px[known].mean(axis=0).astype(np.float32)
            steps = np.rint((points_px[known] - center_px) / self._unit_px)
            offsets = offsets.copy()
            offsets[known] = np.clip(steps, -_STEPS, _STEPS - 1).astype(np.int16)
        self._stores["points_center_px"].append(center_px)
        self._stores["points_change"].append(offsets - self._offsets)
        self._stores["sigma_px"].append(_rounded(np.where(known, sigma_px, np.nan)))
        self._offsets = offsets

    def save(self, path: str | Path) -> None:
        """Write the file; it appears when it is complete.

        Raises:
            InputError, OutputError: see `mien.files.atomic_path`.
        """
        with atomic_path(path) as temporary, open(temporary, "wb") as stream:
            self.write(stream)

    def write(self, stream: Any) -> None:
        """Write the file's content to a binary stream."""
        from mien import __version__

        first = self._first
        assert first is not None, "a track has at least one row"
        document = {
            "format_version": FORMAT_VERSION,
            "mien_version": __version__,
            "kind": "track",
            "head_name": first.head_name,
            "head_version": first.head_version,
            "units": "metres, radians, seconds, pixels; pixel (0, 0) is the centre of the top-left pixel",
            "expression_names": list(self._names),
            "width_px": first.camera.width_px,
            "height_px": first.camera.height_px,
            "set_name": first.set_name,
            "frames_per_second": first.frames_per_second,
            "first_frame": first.first_frame,
            "points_unit_px": self._unit_px,
        }
        constant = {
            "document": np.array(json.dumps(document)),
            "identity": first.identity,
            "camera_intrinsics": first.camera.intrinsics,
            "camera_from_world": first.camera.camera_from_world,
        }
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for name, value in constant.items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)
            for name, store in self._stores.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    header = {"descr": store.dtype.str, "fortran_order": False}
                    np.lib.format.write_array_header_1_0(
                        member, {**header, "shape": (len(store), *store.shape)}
                    )
                    for block in store.blocks():
                        member.write(block.tobytes())


def write_track(
    parts: Iterable[HeadTrack],
    path: str | Path,
    *,
    expression_names: tuple[str, ...],
    folder: Path | None = None,
) -> None:
    """Write a track's consecutive parts as one file.

    Args:
        folder: for temporary files; the system's place when None.

    Raises:
        InputError, OutputError: see `mien.files.atomic_path`.
    """
    writer = TrackWriter(expression_names, folder=folder)
    for part in parts:
        writer.add(part)
    writer.save(path)


def track_bytes(track: HeadTrack | SavedTrack, *, expression_names: tuple[str, ...]) -> Iterator[bytes]:
    """The file of a track, piece by piece; one that is in a file already is copied."""
    with tempfile.TemporaryFile() as stream:
        if isinstance(track, SavedTrack):
            with open(track.path, "rb") as source:
                shutil.copyfileobj(source, stream)
        else:
            writer = TrackWriter(expression_names)
            for part in track.parts():
                writer.add(part)
            writer.write(stream)
        stream.seek(0)
        while block := stream.read(1 << 20):
            yield block


def _rounded(values: np.ndarray) -> np.ndarray:
    """float16 whose last four bits are 0, so that it packs well."""
    bits = np.clip(values, None, 60_000.0).astype(np.float16).view(np.uint16).astype(np.uint32)
    rounded = ((bits + 8) & 0xFFF0).astype(np.uint16).view(np.float16)
    return np.where(np.isnan(values), np.float16(np.nan), rounded)


@dataclass(frozen=True, eq=False)
class SavedTrack:
    """A track in a file: what is constant, times and losses lie in memory, the rest is read when it is asked
    for. `mien.export` takes it as it does a `HeadTrack`, whose attributes these are.

    Attributes:
        path: the file.
        expression_names: of the head.
    """

    path: Path
    times_s: Float[np.ndarray, " frames"]
    tracked: Bool[np.ndarray, " frames"]
    identity: Float[np.ndarray, " identity"]
    camera: Camera
    set_name: str
    head_name: str
    head_version: str
    frames_per_second: float
    first_frame: int
    expression_names: tuple[str, ...]
    points_unit_px: float
    landmark_count: int

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def start_time_s(self) -> float:
        """When the first frame is shown, on the video's own clock."""
        return float(self.times_s[0])

    def load(self) -> HeadTrack:
        """The whole track in memory.

        Raises:
            InputError: the file is damaged, or longer than any track that is held in memory at once.
        """
        bytes_of((len(self), self.landmark_count, 2), np.dtype(float), source=self.path)
        return HeadTrack.joined(self.parts())

    def frame(self, index: int) -> TrackedFrame:
        """One frame; the file is read up to it.

        Raises:
            InputError: the file is damaged.
        """
        return self.frames([index])[0]

    def frames(self, rows: Iterable[int]) -> list[TrackedFrame]:
        """Some frames, in the order asked for; the file is read once, up to the last of them.

        Raises:
            InputError: the file is damaged.
        """
        wanted = [range(len(self))[row] for row in rows]
        found: dict[int, TrackedFrame] = {}
        start = 0
        for part in self.parts():
            found |= {row: part.frame(row - start) for row in wanted if start <= row < start + len(part)}
            start += len(part)
            if len(found) == len(set(wanted)):
                break
        return [found[row] for row in wanted]

    def parts(self, rows: int = _PART) -> Iterator[HeadTrack]:
        """The track in consecutive pieces of so many rows.

        Raises:
            InputError: the file is damaged.
        """
        types = _row_types(len(self.expression_names), self.landmark_count)
        with damage_named(self.path, _NOT_OURS), ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(self.path))
            members = {name: stack.enter_context(archive.open(f"{name}.npy")) for name in types}
            for name, (shape, dtype) in types.items():
                _check_header(members[name], (len(self), *shape), dtype, f"{self.path}: {name}")
            offsets = np.zeros((self.landmark_count, 2), np.int16)
            for start in range(0, len(self), rows):
                count = min(rows, len(self) - start)
                values = {name: _rows(members[name], count, *kind) for name, kind in types.items()}
                steps = np.cumsum(np.vstack([offsets[None], values["points_change"]]), axis=0, dtype=np.int16)
                offsets = steps[-1]
                yield self._part(values, steps[1:], self.first_frame + start)

    def _part(self, values: dict[str, np.ndarray], offsets: np.ndarray, first_frame: int) -> HeadTrack:
        rows = FileValues(
            values,
            source=self.path,
            sizes={"frames": len(offsets), "expression": len(self.expression_names)},
            remedy="copy it again",
        )
        with np.errstate(invalid="ignore"):  # signalling NaNs of damaged files
            motion = checked_motion(rows, rows="frames")
            centers_px = rows.array("points_center_px", "frames 2", low=-MAX_PX, high=MAX_PX, nan=True)
            sigma_px = rows.array("sigma_px", "frames landmarks", low=0.0, nan=True)
        tracked = rows.array("tracked", "frames", kind="flag")
        points_px = centers_px[:, None] + self.points_unit_px * offsets
        points_px[np.isnan(sigma_px)] = np.nan
        unknown = np.asarray(np.isnan(points_px).any(axis=-1))
        if self.landmark_count and (np.count_nonzero(~unknown[tracked], axis=-1) == 0).any():
            raise rows.damaged("it has no landmarks on frames that were tracked")
        if (unknown & ~np.isnan(sigma_px)).any():
            raise rows.damaged("points_center_px holds NaN where sigma_px says that there are landmarks")
        return HeadTrack(
            times_s=rows.array("times_s", "frames", **TIMES),
            identity=self.identity,
            tracked=tracked,
            camera=self.camera,
            points_px=points_px,
            sigma_px=sigma_px,
            set_name=self.set_name,
            head_name=self.head_name,
            head_version=self.head_version,
            frames_per_second=self.frames_per_second,
            first_frame=first_frame,
            **motion,
        )


@checked_call
def open_track(path: str | Path) -> SavedTrack:
    """Open a track saved as .npz, of which only so much is read as is asked for.

    >>> track = mien.open_track("hour.npz")
    >>> for part in track.parts():                 # HeadTrack of 256 frames each
    ...     print(part.times_s[0], part.expression.max(axis=0))

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, damaged, or of a mien before version 0.3, which
            `read_track` reads.
    """
    path = Path(path)
    size = check_regular(path, missing="there is no such file")
    with damage_named(path, _NOT_OURS), zipfile.ZipFile(path) as archive:
        if _PARTS_MEMBER not in archive.namelist():
            raise InputError(
                "is no track that can be read in parts; read it as a whole with mien.read_track", source=path
            )
        check_zip(archive, size_bytes=size, source=path, in_parts=True)
        members = ArrayArchive(archive, path)
        text = FileValues(members, source=path).text("document", longest=_LONGEST_DOCUMENT)
        document = parse_json(text, source=path, what=_NOT_OURS)
        if not isinstance(document, dict) or document.get("kind") != "track":
            raise InputError(_NOT_OURS, source=path)
        if document.get("format_version") != FORMAT_VERSION:
            raise InputError(
                f"has format version {document.get('format_version')}, and this mien reads {FORMAT_VERSION}; "
                "update mien to read it",
                source=path,
            )
        constant = {name: members[name] for name in _CONSTANT if name in members}
        values = FileValues(document | constant, source=path, remedy="copy it again")
        found = checked_constants(values)
        shape = members["points_change"].shape
        if len(shape) != 3 or not 1 <= shape[0] <= MOST_ROWS or shape[1] > MAX_COUNT:
            raise values.damaged(f"points_change has the shape {shape}")
        values.sizes.update(frames=shape[0], landmarks=shape[1])
        check_set(values, found)
        for name, (row, dtype) in _row_types(len(found["expression_names"]), shape[1]).items():
            with archive.open(f"{name}.npy") as member:
                start = _check_header(member, (shape[0], *row), dtype, f"{path}: {name}")
            expected = shape[0] * math.prod(row) * np.dtype(dtype).itemsize
            if archive.getinfo(f"{name}.npy").file_size - start != expected:
                raise values.damaged(f"{name} has another size than it says")
        rows = FileValues(members, source=path, sizes={"frames": shape[0]}, remedy="copy it again")
        return SavedTrack(
            path=path,
            times_s=rows.array("times_s", "frames", **TIMES),
            tracked=rows.array("tracked", "frames", kind="flag"),
            frames_per_second=values.number("frames_per_second", low=1e-6, high=1e6),
            first_frame=values.integer("first_frame"),
            points_unit_px=values.number("points_unit_px", low=1e-9, high=1e3),
            landmark_count=shape[1],
            **found,
        )


def has_parts(path: str | Path) -> bool:
    """Whether a file is an archive that `open_track` may read."""
    try:
        check_regular(path, missing="there is no such file")
        with zipfile.ZipFile(path) as archive:
            return _PARTS_MEMBER in archive.namelist()
    except Exception:  # whatever it is: who reads the file says so
        return False


def _check_header(member: Readable, shape: tuple[int, ...], dtype: str, source: str) -> int:
    """See that an array is what it must be; returns where its numbers begin."""
    found_shape, found_type, first_fastest, start = read_npy_header(member, source=source)
    if (found_shape, found_type) != (shape, np.dtype(dtype)) or (first_fastest and len(shape) > 1):
        raise InputError(
            f"is damaged: an array of {found_type} {found_shape} instead of {dtype} {shape}", source=source
        )
    return start


def _rows(member: Any, count: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    size = count * int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize
    content = member.read(size)
    if len(content) != size:
        raise EOFError("it ends early")
    return np.frombuffer(content, dtype).reshape(count, *shape).copy()
