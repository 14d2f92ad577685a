"""A track on the disk: written as it comes, read as it is wanted, whatever its length.

Format 2 of a saved track is a plain .npz (`numpy.load` opens it): one array per field of `HeadTrack` with a
row per frame, the person's own frames only, and one JSON text "document" with what is constant. Motion is in
float32. Landmarks are whole steps of `points_unit_px`, a 32768th of the picture's longer side, about their
mean; to pack well, each row holds the change since the one before (int16, which wraps around):

    offsets = numpy.cumsum(points_change, axis=0, dtype="int16")
    points_px = points_center_px[:, None] + points_unit_px * offsets

`sigma_px` is float16 with six digits of its binary fraction (1 %). Rows of lost frames repeat the last good
one, change nothing, and their centre and σ are NaN.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.errors import InputError
from mien.files import RowStore, atomic_path
from mien.fitting.results import HeadTrack, TrackedFrame

FORMAT_VERSION = 2
MOST_ROWS = 20_000_000
"""Rows that a file may claim: a week at 30 frames a second."""
_STEPS = 1 << 15
_PART = 256
_MOTION = ("expression", "joint_rotations", "root_rotation", "root_translation_m")
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError, TypeError, RuntimeError,
    OSError, SyntaxError,
)  # fmt: skip


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
        for name in ("times_s", "tracked", *_MOTION):
            self._stores[name].extend(getattr(part, name))
        for points_px, sigma_px in zip(part.points_px, part.sigma_px, strict=True):
            self._add_landmarks(points_px, sigma_px)

    def _add_landmarks(self, points_px: np.ndarray, sigma_px: np.ndarray) -> None:
        center_px, offsets = np.full(2, np.nan, np.float32), self._offsets
        if len(points_px) and np.isfinite(points_px).all():
            center_px = points_px.mean(axis=0).astype(np.float32)
            steps = np.rint((points_px - center_px) / self._unit_px)
            offsets = np.clip(steps, -_STEPS, _STEPS - 1).astype(np.int16)
        self._stores["points_center_px"].append(center_px)
        self._stores["points_change"].append(offsets - self._offsets)
        self._stores["sigma_px"].append(_rounded(sigma_px))
        self._offsets = offsets

    def save(self, path: str | Path) -> None:
        """Write the file; it appears when it is complete.

        Raises:
            InputError, OutputError: see `mien.files.atomic_path`.
        """
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
        with (
            atomic_path(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive,
        ):
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


def _rounded(values: np.ndarray) -> np.ndarray:
    """float16 whose last four bits are 0, so that it packs well."""
    bits = np.clip(values, None, 60_000.0).astype(np.float16).view(np.uint16).astype(np.uint32)
    rounded = ((bits + 8) & 0xFFF0).astype(np.uint16).view(np.float16)
    return np.where(np.isfinite(values), rounded, np.float16(np.nan))


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
            InputError: the file is damaged.
        """
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
        with _damage(self.path), ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(self.path))
            members = {name: stack.enter_context(archive.open(f"{name}.npy")) for name in types}
            for name, (shape, dtype) in types.items():
                _check_header(members[name], (len(self), *shape), dtype)
            offsets = np.zeros((self.landmark_count, 2), np.int16)
            for start in range(0, len(self), rows):
                count = min(rows, len(self) - start)
                values = {name: _rows(members[name], count, *kind) for name, kind in types.items()}
                steps = np.cumsum(np.vstack([offsets[None], values["points_change"]]), axis=0, dtype=np.int16)
                offsets = steps[-1]
                yield self._part(values, steps[1:], self.first_frame + start)

    def _part(self, values: dict[str, np.ndarray], offsets: np.ndarray, first_frame: int) -> HeadTrack:
        with np.errstate(invalid="ignore"):  # signalling NaNs of damaged files
            motion = {name: values[name].astype(float) for name in _MOTION}
        if not all(np.isfinite(motion[name]).all() for name in _MOTION):
            raise ValueError("motion that is not finite")
            centers_px, sigma_px = (values[name].astype(float) for name in ("points_center_px", "sigma_px"))
        points_px = centers_px[:, None] + self.points_unit_px * offsets
        seen = values["tracked"]
        if not (np.isfinite(points_px[seen]).all() and np.isfinite(sigma_px[seen]).all()):
            raise ValueError("landmarks that are not finite")
        return HeadTrack(
            times_s=values["times_s"].astype(float),
            identity=self.identity,
            tracked=seen,
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
    with _damage(path), zipfile.ZipFile(path) as archive:
        if "points_change.npy" not in archive.namelist():
            raise InputError(
                "is no track that can be read in parts; read it as a whole with mien.read_track", source=path
            )
        document = json.loads(str(_array(archive, "document", most=1_000_000)))
        if document["format_version"] != FORMAT_VERSION:
            raise InputError(
                f"has format version {document['format_version']}, and this mien reads {FORMAT_VERSION}; "
                "update mien to read it",
                source=path,
            )
        times_s = _array(archive, "times_s", most=MOST_ROWS).astype(float)
        tracked = _array(archive, "tracked", most=MOST_ROWS)
        with archive.open("points_change.npy") as member:
            shape, _ = _header(member)
        names = tuple(map(str, document["expression_names"]))
        types = _row_types(len(names), shape[1])
        for name, (row, dtype) in types.items():
            size = archive.getinfo(f"{name}.npy").file_size
            with archive.open(f"{name}.npy") as member:
                start = _check_header(member, (len(times_s), *row), dtype)
            if size - start != len(times_s) * int(np.prod(row, dtype=int)) * np.dtype(dtype).itemsize:
                raise ValueError(f"{name} has another size than it says")
        track = SavedTrack(
            path=path,
            times_s=times_s,
            tracked=tracked,
            identity=_array(archive, "identity", most=10_000).astype(float),
            camera=Camera(
                intrinsics=_array(archive, "camera_intrinsics", most=9).astype(float).reshape(3, 3),
                camera_from_world=_array(archive, "camera_from_world", most=16).astype(float).reshape(4, 4),
                width_px=int(document["width_px"]),
                height_px=int(document["height_px"]),
            ),
            set_name=str(document["set_name"]),
            head_name=str(document["head_name"]),
            head_version=str(document["head_version"]),
            frames_per_second=float(document["frames_per_second"]),
            first_frame=int(document["first_frame"]),
            expression_names=names,
            points_unit_px=float(document["points_unit_px"]),
            landmark_count=shape[1],
        )
        finite = (times_s, track.identity, track.camera.intrinsics, track.camera.camera_from_world,
                  track.frames_per_second, track.points_unit_px)  # fmt: skip
        if not len(times_s) or not all(np.isfinite(value).all() for value in finite):
            raise ValueError("numbers that are not finite, or no frames")
        if not (track.frames_per_second > 0 and track.first_frame >= 0 and track.points_unit_px > 0):
            raise ValueError("numbers that make no sense")
        return track


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("there is no such file", source=path) from error
    except _DAMAGE as error:
        raise InputError(
            f"is not a track saved by mien, or a damaged one ({error}); copy it again", source=path
        ) from error


def _header(member: Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError("another version of .npy")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(member, max_header_size=10_000)
    if fortran or dtype.hasobject or not all(0 <= side <= MOST_ROWS for side in shape):
        raise ValueError(f"an array of {dtype} {shape}")
    return shape, dtype


def _check_header(member: Any, shape: tuple[int, ...], dtype: str) -> int:
    """See that an array is what it must be; returns where its numbers begin."""
    found = _header(member)
    if found != (shape, np.dtype(dtype)):
        raise ValueError(f"an array of {found[1]} {found[0]} instead of {dtype} {shape}")
    return member.tell()


def _array(archive: zipfile.ZipFile, name: str, *, most: int) -> Any:
    with archive.open(f"{name}.npy") as member:
        shape, dtype = _header(member)
        count = int(np.prod(shape, dtype=int))
        if count > most or dtype.kind not in "fbU" or dtype.itemsize > 4_000_000:
            raise ValueError(f"{name} is an array of {dtype} {shape}")
        return _rows(member, 1, shape, dtype.str)[0]


def _rows(member: Any, count: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    size = count * int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize
    content = member.read(size)
    if len(content) != size:
        raise EOFError("it ends early")
    return np.frombuffer(content, dtype).reshape(count, *shape).copy()
