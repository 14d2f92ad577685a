"""HEIC and AVIF as phones write them: turned once, whoever turns them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from mien.images.photo import read_photo

CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
"""Top left, top right, bottom left, bottom right, as the picture is stored."""
AS_SEEN = {
    1: "red green blue yellow",
    3: "yellow blue green red",
    6: "blue red yellow green",
    8: "green yellow red blue",
}
"""The same corners by EXIF orientation, as the picture is to be seen."""


def stored() -> np.ndarray:
    picture = np.zeros((96, 128, 3), np.uint8)
    red, green, blue, yellow = CORNERS.values()
    picture[:40, :40], picture[:40, -40:], picture[-40:, :40], picture[-40:, -40:] = red, green, blue, yellow
    return picture


def seen(path: Path) -> tuple[str, tuple[int, ...]]:
    image = read_photo(path).image
    names = []
    for row, column in ((10, 10), (10, -10), (-10, 10), (-10, -10)):
        pixel = image[row, column].astype(int)
        names.append(min(CORNERS, key=lambda name: int(np.abs(pixel - CORNERS[name]).sum())))
    return " ".join(names), image.shape


def save(path: Path, orientation: int) -> None:
    """The writers put EXIF's orientation into the file's own turn (irot, imir)."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0xA405] = 26  # the focal length of 35 mm film
    kind = "HEIF" if path.suffix == ".heic" else "AVIF"
    Image.fromarray(stored()).save(path, format=kind, exif=exif.tobytes(), quality=95)


def say_in_exif(path: Path, orientation: int) -> None:
    """Phones write the orientation both ways; the writers of these tests leave 1 in EXIF."""
    content = bytearray(path.read_bytes())
    for order, tag in (
        ("<", b"\x12\x01\x03\x00\x01\x00\x00\x00"),
        (">", b"\x01\x12\x00\x03\x00\x00\x00\x01"),
    ):
        place = content.find(tag)
        if place >= 0:
            content[place + 8 : place + 10] = struct.pack(f"{order}H", orientation)
            path.write_bytes(content)
            return
    pytest.fail("EXIF holds no orientation")


@pytest.mark.parametrize("orientation", AS_SEEN)
def test_heic_of_a_phone_is_turned_once(tmp_path: Path, orientation: int):
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC is read with pillow-heif")
    pillow_heif.register_heif_opener()
    path = tmp_path / "a.heic"
    save(path, orientation)
    say_in_exif(path, orientation)
    names, shape = seen(path)
    assert names == AS_SEEN[orientation]
    assert shape[:2] == ((128, 96) if orientation in (6, 8) else (96, 128))
    focal_px = read_photo(path).focal_px
    assert focal_px == pytest.approx(26 / 43.2666 * 160, rel=1e-3)


def test_heic_obeys_its_own_turn_and_not_exif(tmp_path: Path):
    """So does every viewer: EXIF is a remark there (ISO/IEC 23008-12)."""
    pytest.importorskip("pillow_heif", reason="HEIC is read with pillow-heif").register_heif_opener()
    path = tmp_path / "a.heic"
    save(path, 1)
    say_in_exif(path, 6)
    assert seen(path)[0] == AS_SEEN[1]


@pytest.mark.parametrize("orientation", AS_SEEN)
def test_avif_is_turned_once(tmp_path: Path, orientation: int):
    from PIL import features

    if not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    path = tmp_path / "a.avif"
    save(path, orientation)
    assert seen(path)[0] == AS_SEEN[orientation]
