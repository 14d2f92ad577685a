"""Photographs of every kind become upright RGB; anything else becomes a message."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

import mien
from mien.errors import InputError
from mien.images.photo import is_transparent, read_image, read_photo
from mien.images.video import open_video

ASTRONAUT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


def ramp(height: int = 6, width: int = 8) -> np.ndarray:
    """A small RGB picture in which every pixel differs."""
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)


def save(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def test_example_photo_is_read():
    image = mien.read_image(ASTRONAUT)
    assert image.shape == (512, 512, 3)
    assert image.dtype == np.uint8


def test_png_comes_back_unchanged_and_writable(tmp_path: Path):
    image = read_image(save(tmp_path / "a.png", ramp()))
    assert np.array_equal(image, ramp())
    image[0, 0] = 0


def test_path_may_be_a_string(tmp_path: Path):
    assert read_image(str(save(tmp_path / "a.png", ramp()))).shape == (6, 8, 3)


def test_one_pixel(tmp_path: Path):
    image = read_image(save(tmp_path / "a.png", np.full((1, 1, 3), 7, np.uint8)))
    assert image.tolist() == [[[7, 7, 7]]]


def test_twenty_megapixels(tmp_path: Path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (5472, 3648), (10, 200, 30)).save(path)
    assert read_image(path).shape == (3648, 5472, 3)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_becomes_three_equal_channels(tmp_path: Path, mode: str):
    image = read_image(save(tmp_path / "a.png", ramp(), mode))
    assert image.shape == (6, 8, 3)
    assert np.array_equal(image[..., 0], image[..., 1])
    assert np.array_equal(image[..., 0], image[..., 2])


def test_palette_keeps_its_colors(tmp_path: Path):
    flat = np.full((4, 4, 3), (255, 0, 0), np.uint8)
    assert np.array_equal(read_image(save(tmp_path / "a.png", flat, "P")), flat)


def test_cmyk_is_converted(tmp_path: Path):
    flat = np.full((16, 16, 3), (250, 10, 10), np.uint8)
    image = read_image(save(tmp_path / "a.jpg", flat, "CMYK", quality=95))
    assert image.shape == (16, 16, 3)
    assert np.abs(image.astype(int) - flat).max() < 12


def test_transparency_is_laid_over_white(tmp_path: Path):
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (200, 0, 0, 255)
    rgba[0, 1] = (200, 0, 0, 51)  # a fifth
    image = read_image(save(tmp_path / "a.png", rgba))
    assert image[0, 0].tolist() == [200, 0, 0]
    assert image[1, 1].tolist() == [255, 255, 255]
    assert np.abs(image[0, 1].astype(int) - [244, 204, 204]).max() <= 1


def test_grey_with_transparency(tmp_path: Path):
    assert read_image(save(tmp_path / "a.png", ramp(), "LA")).shape == (6, 8, 3)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path):
    deep = np.array([[0, 257, 32896, 65535]], np.uint16)
    image = read_image(save(tmp_path / "a.png", deep))
    assert image[0, :, 0].tolist() == [0, 1, 128, 255]


def test_sixteen_bit_color_png_is_scaled(tmp_path: Path):
    import cv2

    deep = np.zeros((2, 2, 3), np.uint16)
    deep[..., 2] = 65535  # OpenCV writes blue first: this is red
    deep[..., 1] = 32896
    cv2.imwrite(str(tmp_path / "a.png"), deep)
    assert read_image(tmp_path / "a.png")[0, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, 1)),
        (7, lambda a: a[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda a: np.rot90(a, -1)),
    ],
)
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, undo):
    """A picture stored turned by the camera comes out upright, for every one of the eight orientations."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", np.ascontiguousarray(undo(ramp())), exif=exif)
    assert np.array_equal(read_image(path), ramp())


def with_exif(path: Path, tags: dict[int, object], *, width: int = 400, height: int = 300) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 1  # Pillow writes no EXIF data into a PNG whose first directory is empty
    exif.get_ifd(0x8769).update(tags)
    Image.new("RGB", (width, height)).save(path, exif=exif.tobytes())
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_focal_length_from_the_35_mm_equivalent(tmp_path: Path, suffix: str):
    """43.27 mm on full frame has a focal length of the picture's diagonal, in every kind of file."""
    path = with_exif(tmp_path / f"a.{suffix}", {0xA405: 50})
    assert read_photo(path).focal_px == pytest.approx(50 / math.hypot(36, 24) * 500)


def test_focal_length_from_the_sensor(tmp_path: Path):
    """10 mm at 100 pixels per millimetre (1000 per centimetre) are 1000 pixels."""
    path = with_exif(tmp_path / "a.jpg", {0x920A: 10.0, 0xA20E: 1000.0, 0xA210: 3})
    assert read_photo(path).focal_px == pytest.approx(1000.0)


@pytest.mark.parametrize("tags", [{}, {0xA405: 0}, {0x920A: 4.2}, {0x920A: 1e6, 0xA20E: 1e6, 0xA210: 2}])
def test_unknown_or_absurd_focal_length_is_none(tmp_path: Path, tags: dict[int, object]):
    assert read_photo(with_exif(tmp_path / "a.jpg", tags)).focal_px is None


def expect(path: Path, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_image(path)
    message = str(caught.value)
    assert path.name in message
    assert caught.value.source == path
    for word in words:
        assert word in message


def test_missing_file(tmp_path: Path):
    expect(tmp_path / "nobody.jpg", "does not exist")


def test_folder(tmp_path: Path):
    expect(tmp_path, "folder")


def test_empty_file(tmp_path: Path):
    path = tmp_path / "a.jpg"
    path.touch()
    expect(path, "empty")


def test_text_named_as_a_picture(tmp_path: Path):
    path = tmp_path / "a.jpg"
    path.write_text("this is not a picture " * 50)
    expect(path, "not a picture", "JPEG")
    clip = path.with_suffix(".MP4")
    clip.write_bytes(path.read_bytes())
    expect(clip, "is a video", "mien track")


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_truncated_picture(tmp_path: Path, suffix: str, keep: float):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = save(tmp_path / f"a{suffix}", noise)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    expect(path, "damaged or incomplete", "again")


def test_absurdly_large_picture_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("mien.images.limits.MAX_PIXELS", 20)
    expect(save(tmp_path / "a.png", ramp()), "scale it down")


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_grey_of_more_than_eight_bits_uses_all_of_them(tmp_path, bits):
    values = np.linspace(0, 2**bits - 1, 64 * 48).reshape(48, 64).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    image = read_image(tmp_path / "deep.png")
    assert (image.min(), image.max()) == (0, 255)
    np.testing.assert_allclose(image[..., 0], values * (255 / (2**bits - 1)), atol=0.51)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_colours_of_more_than_eight_bits_use_all_of_them(tmp_path, bits, suffix):
    import cv2

    colors = np.random.default_rng(0).integers(0, 256, (24, 32, 3))
    colors[0, 0] = 255
    deep = np.rint(colors * ((2**bits - 1) / 255)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / f"deep{suffix}"), deep[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / f"deep{suffix}"), colors)


def test_colours_that_are_all_transparent_are_taken(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    pixels[..., 3] = 0
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    np.testing.assert_array_equal(read_image(tmp_path / "clear.png"), pixels[..., :3])
    assert is_transparent(tmp_path / "clear.png")
    pixels[3, 4, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    assert not is_transparent(tmp_path / "clear.png")


@pytest.mark.parametrize(
    ("brands", "words"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIC.*pillow-heif"),
        (b"mif1\0\0\0\0mif1heic", "HEIC.*pillow-heif"),
        (b"hevc\0\0\0\0msf1hevc", "HEIC.*pillow-heif"),
        (b"mif1\0\0\0\0avifmiaf", "AVIF"),
        (b"avis\0\0\0\0avismsf1", "AVIF"),
    ],
)
def test_phone_pictures_that_cannot_be_read_are_named(tmp_path, brands, words):
    path = tmp_path / "photo.heic"
    path.write_bytes((8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + bytes(100))
    with pytest.raises(InputError, match=f"{words}|damaged"):
        read_image(path)
    with pytest.raises(InputError, match=f"{words}|damaged"):
        open_video(path)


@pytest.mark.skipif(not features.check("avif"), reason="this build of Pillow reads no AVIF")
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_avif(tmp_path, orientation):
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:24, :32, 0] = 200
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(pixels).save(tmp_path / "a.avif", exif=exif)  # takes the orientation out of `exif`
    difference = read_image(tmp_path / "a.avif").astype(int) - read_image(tmp_path / "a.png")
    assert np.abs(difference).mean() < 5  # the colours run a little at edges
