"""The two files of a COLMAP model that say where the cameras are: cameras and images, text or binary."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from mien.errors import InputError
from mien.reading.regular_files import exists, read_bytes, read_text

MAX_SIDE_PX = 1_000_000
_MODEL_NUMBERS = {
    0: ("SIMPLE_PINHOLE", 3), 1: ("PINHOLE", 4), 2: ("SIMPLE_RADIAL", 4), 3: ("RADIAL", 5), 4: ("OPENCV", 8),
    5: ("OPENCV_FISHEYE", 8), 6: ("FULL_OPENCV", 12), 7: ("FOV", 5), 8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5), 10: ("THIN_PRISM_FISHEYE", 12), 11: ("RAD_TAN_THIN_PRISM_FISHEYE", 16),
}  # fmt: skip
"""Camera models of binary files: name and how many numbers."""


@dataclass(frozen=True)
class ColmapLens:
    """A camera of the model: its kind, the pictures' size, and its numbers in COLMAP's order."""

    model: str
    width_px: int
    height_px: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class ColmapImage:
    """A picture: rotation (a quaternion w, x, y, z) and translation, world to camera; its camera's number."""

    name: str
    quaternion: tuple[float, ...]
    shift: tuple[float, ...]
    lens: int


def read_model(folder: Path) -> tuple[dict[int, ColmapLens], list[ColmapImage], Path]:
    """Cameras by number, pictures, and the file of the pictures, for messages. Text goes before binary.

    Raises:
        InputError: a file is missing or broken, or a picture has no camera.
    """
    if exists(folder / "images.txt") and exists(folder / "cameras.txt"):
        path = folder / "images.txt"
        lenses = _text_lenses(folder / "cameras.txt")
        images = _text_images(path, lenses)
    else:
        path = folder / "images.bin"
        lenses, images = _binary_lenses(folder / "cameras.bin"), _binary_images(path)
    for number, lens in lenses.items():
        if not all(map(math.isfinite, lens.values)):
            raise InputError(f"has the camera {number} with numbers that are not finite", source=folder)
    for image in images:
        if image.lens not in lenses:
            raise InputError(f"gives {image.name!r} the camera {image.lens}, which is missing", source=path)
    if not images:
        raise InputError("has no pictures", source=path)
    return lenses, images, path


def _text_lenses(path: Path) -> dict[int, ColmapLens]:
    lenses = {}
    for line in read_text(path).splitlines():
        fields = line.split()
        if not fields or line.lstrip().startswith("#"):
            continue
        try:
            values = tuple(float(field) for field in fields[4:])
            lenses[int(fields[0])] = ColmapLens(fields[1], int(fields[2]), int(fields[3]), values)
        except (ValueError, IndexError) as error:
            raise InputError(f"cannot be read at the camera {line[:60]!r}", source=path) from error
    return lenses


def _text_images(path: Path, lenses: dict[int, ColmapLens]) -> list[ColmapImage]:
    """A picture has two lines; the second holds its points, is often empty, and sometimes left out."""
    lines = [line for line in read_text(path).splitlines() if not line.lstrip().startswith("#")]
    images: list[ColmapImage] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        if not line.strip():
            continue
        image = _text_image(line)
        if image is None or image.lens not in lenses:
            raise InputError(f"cannot be read at the picture {line[:80]!r}", source=path)
        images.append(image)
        if place < len(lines) and (_is_points(lines[place]) or _text_image(lines[place]) is None):
            if not _is_points(lines[place]):
                raise InputError(f"cannot be read at the points {lines[place][:80]!r}", source=path)
            place += 1
    return images


def _text_image(line: str) -> ColmapImage | None:
    fields = line.split(maxsplit=9)
    if len(fields) < 10:
        return None
    try:
        int(fields[0])
        numbers = tuple(float(field) for field in fields[1:8])
        return ColmapImage(fields[9].strip(), numbers[:4], numbers[4:], int(fields[8]))
    except ValueError:
        return None


def _is_points(line: str) -> bool:
    """Whether a line is empty or lists points: x, y and the number of a point of the scene, or -1."""
    fields = line.split()
    if len(fields) % 3:
        return False
    try:
        for field in fields[:30]:
            float(field)
        return all(int(field) >= -1 for field in fields[2:30:3])
    except ValueError:
        return False


class _Binary:
    """A file of numbers whose claims are held against what is left of it."""

    def __init__(self, path: Path) -> None:
        self.path, self.content, self.place = path, read_bytes(path), 0

    def take(self, layout: str) -> tuple:
        size = struct.calcsize(layout)
        if self.place + size > len(self.content):
            raise InputError("ends too early; copy it again", source=self.path)
        found = struct.unpack_from(layout, self.content, self.place)
        self.place += size
        return found

    def count(self, smallest_bytes: int) -> int:
        (count,) = self.take("<Q")
        if count * smallest_bytes > len(self.content) - self.place:
            raise InputError(f"claims {count} entries, more than it can hold", source=self.path)
        return count

    def name(self) -> str:
        end = self.content.find(b"\0", self.place, self.place + 4096)
        if end < 0:
            raise InputError("has a name without an end", source=self.path)
        name = self.content[self.place : end].decode("utf-8", "surrogateescape")
        self.place = end + 1
        return name


def _binary_lenses(path: Path) -> dict[int, ColmapLens]:
    file = _Binary(path)
    lenses = {}
    for _ in range(file.count(48)):
        number, model, width_px, height_px = file.take("<iiQQ")
        if model not in _MODEL_NUMBERS:
            raise InputError(f"has a camera of the unknown model {model}", source=path)
        name, count = _MODEL_NUMBERS[model]
        sides = min(width_px, MAX_SIDE_PX), min(height_px, MAX_SIDE_PX)  # refused with the camera
        lenses[number] = ColmapLens(name, *sides, file.take(f"<{count}d"))
    return lenses


def _binary_images(path: Path) -> list[ColmapImage]:
    file = _Binary(path)
    images = []
    for _ in range(file.count(73)):
        _, *numbers, lens = file.take("<I7di")
        name = file.name()
        points = file.count(24)
        file.place += 24 * points
        images.append(ColmapImage(name, tuple(numbers[:4]), tuple(numbers[4:]), lens))
    if file.place != len(file.content):
        raise InputError("goes on after its last picture; copy it again", source=path)
    return images
