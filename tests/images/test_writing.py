"""Pictures that are written are read back as they are stored."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError, ShapeError
from mien.images.stored import picture_size_px, read_grey, read_rgba, read_values
from mien.images.writing import jpeg_bytes, png_bytes, write_gif, write_image


def random(shape: tuple[int, ...], kind: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)


def test_alpha_is_kept(tmp_path: Path):
    rgba = random((5, 7, 4))
    np.testing.assert_array_equal(read_rgba(write_image(tmp_path / "a.png", rgba)), rgba)


def test_without_alpha_all_is_opaque(tmp_path: Path):
    rgb = random((5, 7, 3))
    rgba = read_rgba(write_image(tmp_path / "a.png", rgb))
    np.testing.assert_array_equal(rgba[..., :3], rgb)
    assert rgba[..., 3].min() == 255


def test_grey_is_one_channel(tmp_path: Path):
    grey = random((5, 7))
    path = write_image(tmp_path / "a.png", grey)
    np.testing.assert_array_equal(read_grey(path), grey)
    np.testing.assert_array_equal(read_values(path), grey)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_kept(tmp_path: Path, suffix: str):
    deep = random((5, 7), np.uint16)
    values = read_values(write_image(tmp_path / f"deep{suffix}", deep))
    assert values.dtype == np.uint16
    np.testing.assert_array_equal(values, deep)


def test_masks_may_have_colours(tmp_path: Path):
    white = write_image(tmp_path / "mask.png", np.full((4, 6, 3), 255, np.uint8))
    assert read_grey(white).tolist() == [[255] * 6] * 4


def test_size_comes_from_the_header(tmp_path: Path):
    path = write_image(tmp_path / "a.bmp", random((50, 70, 3)))
    path.write_bytes(path.read_bytes()[:200])
    assert picture_size_px(path) == (70, 50)


def test_stored_pixels_are_not_turned(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(random((5, 7, 3))).save(tmp_path / "a.png", exif=exif)
    assert read_rgba(tmp_path / "a.png").shape == (5, 7, 4)


def test_colours_are_no_depths(tmp_path: Path):
    path = write_image(tmp_path / "a.png", random((5, 7, 3)))
    with pytest.raises(InputError, match="one channel"):
        read_values(path)


@pytest.mark.parametrize("read", [picture_size_px, read_rgba, read_grey, read_values])
def test_files_that_are_no_pictures_are_named(tmp_path: Path, read):
    with pytest.raises(InputError, match=r"none\.png.*does not exist"):
        read(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(InputError, match=r"text\.png.*not a picture"):
        read(tmp_path / "text.png")


@pytest.mark.parametrize(
    ("image", "name", "said"),
    [
        (random((5, 7), np.uint16), "a.jpg", "16 bits"),
        (random((5, 7, 4)), "a.jpg", "alpha"),
        (random((5, 7, 3)), "a.nope", "picture format"),
    ],
)
def test_formats_that_cannot_hold_it(tmp_path: Path, image, name: str, said: str):
    with pytest.raises(InputError, match=said):
        write_image(tmp_path / name, image)
    assert not list(tmp_path.iterdir())


def test_what_is_no_picture(tmp_path: Path):
    with pytest.raises(ShapeError, match="height"):
        write_image(tmp_path / "a.png", random((5, 7, 2)))


def test_gif_has_all_frames(tmp_path: Path):
    frames = [np.full((6, 8, 3), shade, np.uint8) for shade in (0, 120, 240)]
    path = write_gif(tmp_path / "a.gif", frames, frames_per_second=10)
    with Image.open(path) as animation:
        assert animation.n_frames == 3
        assert animation.info["duration"] == 100


def test_pictures_for_other_files_come_back():
    random = np.random.default_rng(0)
    rgba = random.integers(0, 256, (12, 20, 4), np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(rgba)))), rgba)
    smooth = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    opened = Image.open(io.BytesIO(jpeg_bytes(smooth, quality=92)))
    assert opened.layer == [(1, 1, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1)]  # colour is not halved
    assert np.abs(np.asarray(opened).astype(int) - smooth).max() < 12
