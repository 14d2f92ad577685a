"""Pictures that would take gigabytes are refused by their header, with their size and the limit."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError
from mien.images.limits import MAX_FRAME_PIXELS, check_frame_size, check_pixel_count, decoded_picture
from mien.images.photo import read_image
from mien.images.stored import picture_size_px, read_rgba
from mien.images.video import VideoWriter, open_video


def png(width: int, height: int, *, depth: int = 8, color: int = 0, rows: int | None = None) -> bytes:
    """A picture of one colour, whose lines are all there or only the first ones."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    pack = zlib.compressobj()
    line = bytes(1 + -(-width * depth // 8))
    data = b"".join(pack.compress(line) for _ in range(height if rows is None else rows)) + pack.flush()
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))]
    parts += [chunk(b"PLTE", bytes(6))] if color == 3 else []
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IDAT", data), chunk(b"IEND", b"")])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png(13_000, 13_000, depth=1, color=3), r"169 million.*120 million"),
        (png(30_000, 30_000, rows=3), r"900 million.*120 million"),
        (png(170_000_000, 1, depth=1), r"170 million.*120 million"),
        (png(1, 1_000_000, depth=1), r"1000000.*65535"),
        (png(6000, 6000, depth=1), r"6000 × 6000 pixels in \d+ bytes.*100 a byte"),
        (png(0, 5, rows=0), "."),
    ],
    ids=["13000", "30000", "wide", "high", "empty", "none"],
)
def test_bombs(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for read in (read_image, read_rgba, picture_size_px):
        with pytest.raises(InputError, match=words):
            read(path)
    with pytest.raises(InputError):
        decoded_picture(content, source="x")


@pytest.mark.parametrize(("width", "height"), [(12_000, 9000), (11_648, 8736), (8064, 6048)])
def test_pictures_of_real_sensors_pass(width: int, height: int):
    check_pixel_count(width, height, file_bytes=width * height // 20, source="x")


@pytest.mark.parametrize("name", ["a.png", "a.eps"])
def test_what_pillow_hands_to_other_programs_is_no_picture(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(InputError, match="not a picture"):
        read_image(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile clip.mp4\n",
    ],
)
def test_lists_of_other_files_are_no_videos(tmp_path: Path, text: str):
    with VideoWriter(tmp_path / "clip.mp4", frames_per_second=25) as video:
        for _ in range(3):
            video.write(np.zeros((16, 16, 3), np.uint8))
    with open_video(tmp_path / "clip.mp4") as video:
        assert len(list(video)) == 3
    (tmp_path / "list.mp4").write_text(text.format(tmp_path / "clip.mp4"))
    with pytest.raises(InputError, match="not a video"):
        open_video(tmp_path / "list.mp4")


def test_frames():
    check_frame_size(7680, 4320, source="x")
    with pytest.raises(InputError, match=f"{MAX_FRAME_PIXELS // 1_000_000} million"):
        check_frame_size(30_000, 30_000, source="x")


@pytest.mark.parametrize("suffix", ["PNG", "JPEG"])
def test_pictures_in_memory(suffix: str):
    rows, columns = np.mgrid[:30, :40]
    colors = np.dstack([8 * rows, 6 * columns, rows + columns]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colors).save(file, suffix, quality=100)
    assert np.abs(decoded_picture(file.getvalue(), source="x").astype(int) - colors).max() < 12
    assert decoded_picture(file.getvalue(), source="x", grey=True).shape == (30, 40)
    with pytest.raises(InputError):
        decoded_picture(file.getvalue()[:60], source="x")
    with pytest.raises(InputError, match="no picture"):
        decoded_picture(b"GIF89a", source="x")


def test_strips_give_what_the_whole_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(0).integers(0, 255, (37, 23, 4), np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    monkeypatch.setattr("mien.images.stored._STRIP_PIXELS", 100)
    np.testing.assert_array_equal(read_rgba(tmp_path / "a.png"), values)
